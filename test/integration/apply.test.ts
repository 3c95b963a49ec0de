/** `ser2net apply`: a configuration on trial, with a real daemon. */

import { spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import t from "tap";
import { Client, type Teardown } from "../support/client.js";
import { consoleStage } from "../support/console-stage.js";
import { BUNDLE, runProgram, temporaryFolder } from "../support/daemon.js";
import { until } from "../support/wait.js";

const RAW = "raw:0:DEVICE:9600 NONE";

t.test("a pushed configuration: checked, served, watched, kept or taken back", async t => {
  const stage = await consoleStage(t, [RAW]);
  const { configFile } = stage.daemon;
  const previous = readFileSync(configFile, "utf8");
  const [folder, [device]] = [temporaryFolder(t), stage.devices];
  const [port = 0] = stage.ports;
  chmodSync(configFile, 0o640);
  const pushed = (lines: string): string => {
    const file = join(folder, "pushed.conf");
    writeFileSync(file, lines);
    return file;
  };
  const isAsBefore = (what: string): void => {
    t.equal(readFileSync(configFile, "utf8"), previous, what);
    t.notOk(existsSync(`${configFile}.rollback`), what);
    t.notOk(existsSync(`${configFile}.new`), what);
  };

  t.match(await stage.ask("status"), { code: 0, output: `1 port: 1 idle\nconfiguration: ${configFile}\n` });
  const client = await Client.connect(t, port);

  const faulty = pushed(`${previous}\n3001:raw:0:/dev/x:9600 NOSUCH\n`);
  t.match(await stage.ask("apply", faulty), {
    code: 1,
    errors: /pushed\.conf:3:\d+: .*NOSUCH.*\nser2net: .* has errors, nothing was changed/s,
  });
  isAsBefore("a file with errors");

  const good = pushed(`# new\n${previous}`);
  t.match(await stage.ask("apply", "--confirm", "1", good), {
    code: 0,
    output: `on trial: ${configFile}\n1 port: 1 connected\nkept: ${configFile}\n`,
  });
  t.match(readFileSync(configFile, "utf8"), /^# new\n/);
  t.equal(statSync(configFile).mode & 0o777, 0o640, "with the mode that it had");
  t.notOk(existsSync(`${configFile}.rollback`));
  client.send("x");
  t.equal(await device?.expect("x"), "x", "its connection stays");
  writeFileSync(configFile, previous);

  const taken = await takenPort(t);
  const clash = pushed(`${previous}\n127.0.0.1,${taken}:raw:0:/dev/ser2net-none:9600\n`);
  t.match(await stage.ask("apply", "--confirm", "2", clash), {
    code: 1,
    output: "on trial",
    errors: `ser2net: taken back: port 127.0.0.1,${taken} not served: address already in use\n`,
  });
  isAsBefore("a port that cannot be served");
  t.match(await stage.ask("status"), { code: 0, output: /^1 port: 1 connected\n/ });
  client.send("y");
  t.equal(await device?.expect("y"), "y", "its connection stays");

  linkSync(configFile, `${configFile}.rollback`);
  t.match(await stage.ask("apply", good), { code: 1, errors: /another trial goes on, or was cut off: .*\.rollback/ });
  t.equal(readFileSync(configFile, "utf8"), previous);
  t.match(await stage.ask("apply"), { code: 2, errors: /^ser2net: apply: which file\?\n/ });
  t.match(await stage.ask("apply", "--confirm", "0", good), { code: 2, errors: /seconds from 1 to 86400/ });
  t.match(await stage.ask("apply", folder), { code: 1, errors: /it is a directory, not a regular file/ });
});

t.test("only faults that were not there before count, each by itself", async t => {
  const stage = await consoleStage(t, [RAW]);
  const { configFile } = stage.daemon;
  const previous = readFileSync(configFile, "utf8");
  const pushed = join(temporaryFolder(t), "pushed.conf");
  const [one, two, three] = [await takenPort(t), await takenPort(t), await takenPort(t)];
  const withPorts = (...ports: readonly number[]): string =>
    [previous, ...ports.map(port => `127.0.0.1,${port}:raw:0:/dev/ser2net-none:9600\n`)].join("");
  const tryIt = (...ports: readonly number[]): ReturnType<typeof stage.ask> => {
    writeFileSync(pushed, withPorts(...ports));
    return stage.ask("apply", "--confirm", "1", pushed);
  };
  writeFileSync(configFile, withPorts(one, two));
  t.match(await stage.ask("reload"), { code: 0, output: /2 not served/ });

  t.match(await tryIt(one), { code: 0, output: `kept: ${configFile}\n`, errors: /^$/ }, "one of two is repaired");
  t.match(
    await tryIt(two),
    { code: 1, errors: `ser2net: taken back: port 127.0.0.1,${two} not served: address already in use\n` },
    "one is repaired and another one broken",
  );
  t.match(
    await tryIt(one, two, three),
    { code: 1, errors: new RegExp(`port 127\\.0\\.0\\.1,${two} .*; port 127\\.0\\.0\\.1,${three} not served`) },
    "each new one is named",
  );
  t.equal(readFileSync(configFile, "utf8"), withPorts(one));
});

/** A network port that another program has. */
async function takenPort(t: Teardown): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  t.teardown(() => void server.close());
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return address.port;
}

t.test("a trial that is interrupted, or whose daemon ends, is taken back", async t => {
  const stage = await consoleStage(t, [RAW]);
  const { configFile } = stage.daemon;
  const previous = readFileSync(configFile, "utf8");
  const link = join(temporaryFolder(t), "link");
  symlinkSync(configFile, link);
  const pushed = join(temporaryFolder(t), "pushed.conf");
  writeFileSync(pushed, `# new\n${previous}`);
  const begin = async (seconds: number): Promise<ReturnType<typeof runProgram>> => {
    const words = [BUNDLE, "apply", "--socket", stage.socket, "--confirm", `${seconds}`, "--to", link, pushed];
    const running = runProgram(t, process.execPath, words);
    await running.output.expect("1 port: 1 idle\n");
    t.match(readFileSync(configFile, "utf8"), /^# new\n/);
    return running;
  };
  const interrupted = await begin(600);
  interrupted.process.kill("SIGHUP");
  t.same(await interrupted.exit(), { code: 129, signal: null });
  t.equal(readFileSync(configFile, "utf8"), previous);
  t.match(interrupted.errors.text, /^ser2net: taken back: SIGHUP\n$/);

  const unwatched = await begin(2);
  await stage.daemon.stop();
  t.same(await unwatched.exit(), { code: 1, signal: null });
  t.match(unwatched.errors.text, /^ser2net: taken back: .*no daemon runs there\n/);
  await until("the file is as before", () => readFileSync(configFile, "utf8") === previous);
});

t.test("a trial whose reader is gone comes to its end all the same", async t => {
  const stage = await consoleStage(t, [RAW]);
  const { configFile } = stage.daemon;
  const previous = readFileSync(configFile, "utf8");
  const pushed = join(temporaryFolder(t), "pushed.conf");
  writeFileSync(pushed, `# new\n${previous}`);
  const begin = (seconds: number): ReturnType<typeof runProgram> => {
    const words = [BUNDLE, "apply", "--socket", stage.socket, "--confirm", `${seconds}`, pushed];
    const running = runProgram(t, process.execPath, words);
    running.process.stdout?.destroy();
    running.process.stderr?.destroy();
    return running;
  };
  const interrupted = begin(600);
  await until("the trial has begun", () => readFileSync(configFile, "utf8") !== previous);
  interrupted.process.kill("SIGHUP");
  t.same(await interrupted.exit(), { code: 129, signal: null });
  t.equal(readFileSync(configFile, "utf8"), previous);
  t.notOk(existsSync(`${configFile}.rollback`));

  t.same(await begin(1).exit(), { code: 0, signal: null });
  t.match(readFileSync(configFile, "utf8"), /^# new\n/);
  t.notOk(existsSync(`${configFile}.rollback`));
});

t.test("a trial that was cut off is taken back at boot", async t => {
  const root = temporaryFolder(t);
  mkdirSync(join(root, "etc/ser2net/boards"), { recursive: true });
  const path = (name: string): string => join(root, "etc", name);
  const files: Readonly<Record<string, string>> = {
    ...{
      "ser2net.conf": "new",
      "ser2net.conf.rollback": "old",
      "ser2net/b.conf": "new",
      "ser2net/b.conf.rollback": "",
    },
    "ser2net/c.conf": "stays",
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(path(name), text);
  const { stdout, stderr } = spawnSync("units/ser2net-rollback", [root], { encoding: "utf8" });
  t.equal(stderr, "");
  t.equal(stdout.split("\n").length, 3);
  t.equal(readFileSync(path("ser2net.conf"), "utf8"), "old");
  t.equal(readFileSync(path("ser2net/c.conf"), "utf8"), "stays");
  for (const gone of ["ser2net.conf.rollback", "ser2net/b.conf", "ser2net/b.conf.rollback"])
    t.notOk(existsSync(path(gone)), gone);
});
