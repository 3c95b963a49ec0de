/** An upgrade in place, without a service manager: the peers notice nothing, and a bad version does not get there. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, readlinkSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Client } from "../support/client.js";
import { Daemon, runProgram, temporaryFolder } from "../support/daemon.js";
import { Installed } from "../support/installed.js";
import { judge, NumberedStream } from "../support/numbered-stream.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { ServiceManager } from "../support/service-manager.js";
import { NEEDS_UART, Uart } from "../support/uart.js";
import { until } from "../support/wait.js";

const DONE = { code: 0, signal: null };
const REFUSED = { code: 1, signal: null };

t.test("streams, devices, sessions and peers go on over upgrades in place", NEEDS_UART, async t => {
  const next = await portNumbers(t);
  const [controlPort, port, telnet, udp] = [await next(), await next(), await next(), await next()];
  const [device, other, third] = [PtyDevice.open(t), PtyDevice.open(t), PtyDevice.open(t)];
  const installed = new Installed(t);
  const daemon = await Daemon.start(t, {
    ...{ controlPort, program: installed.program, foreground: "-d", env: new Uart(t).env },
    config: [
      "OPENSTR:o:<open>",
      "BANNER:b:<banner>",
      `127.0.0.1,${port}:raw:0:${device.path}:115200 o b max-connections=2`,
      `127.0.0.1,${telnet}:telnet:0:${other.path}:9600`,
      `udp,127.0.0.1,${udp}:raw:0:${third.path}:9600`,
    ],
  });
  const { pid } = daemon;
  const [client, watcher] = [await Client.connect(t, port), await Client.connect(t, port)];
  for (const one of [client, watcher]) await one.expect("<banner>");
  const typist = await Client.connect(t, telnet);
  await typist.expect("\xff\xfb\0");
  const peer = createSocket("udp4");
  t.teardown(() => peer.close());
  peer.send("up", udp, "127.0.0.1");
  await third.expect("up");
  const session = await daemon.control();
  typist.send("x");
  await other.expect("x");
  client.send("begin");
  await device.expect("<open>begin");
  daemon.running.errors.text = "";
  const [up, down] = [new NumberedStream(text => client.send(text)), new NumberedStream(text => device.send(text))];
  for (const stream of [up, down]) stream.start();
  const descriptors: number[] = [];
  for (let round = 0; round < 2; round++) {
    session.send("vers");
    await session.expect("vers");
    typist.send("half\xff");
    const { output, ...exit } = await installed.upgrade(t, String(pid));
    t.match(exit, { ...DONE, errors: "" });
    t.match(
      output,
      /^process \d+ is version \S+ now; took over 3 connections, 3 devices, \d+ bytes, after \d\.\d\d s\n$/,
    );
    t.equal(daemon.pid, pid, "the process is the same");
    typist.send("\xff!");
    t.equal(await other.expect("!"), "half\xff!", "a command that is cut goes on");
    session.send("ion\r");
    t.match(await session.expect("-> "), /^ion\r\n.*version/, "and so does the line of a control session");
    third.send("down");
    t.equal(String((await once(peer, "message"))[0]), "down", "the UDP peer need not speak first");
    descriptors.push(readdirSync(`/proc/${pid}/fd`).length);
  }
  t.equal(new Set(descriptors).size, 1, `descriptors do not add up: ${descriptors}`);
  const said = daemon.running.errors.text;
  daemon.running.errors.text = "";
  t.equal(await session.ask("upgrade"), "The installed version is tried\r\n");
  await daemon.running.errors.expect("Upgrade from version");
  t.match(await session.ask("version"), "version");
  t.equal(daemon.pid, pid);
  const [lastUp, lastDown] = [up.stop(), down.stop()];
  const arrived = [await device.expect(lastUp), await client.expect(lastDown), await watcher.expect(lastDown)];
  for (const text of arrived) t.match(judge(text), { lost: 0, doubled: 0, torn: 0 });
  t.notMatch(said + daemon.running.errors.text, /^lines /m, "no modem line moves");
  t.same(await daemon.stop(), DONE);
});

const BAD: readonly (readonly [string, (text: string) => string, RegExp])[] = [
  ["it throws", () => 'throw new Error("no good");', /does not accept it: Error: no good/],
  [
    "its daemon throws",
    text => text.replace("\n//daemon\n//", '$&throw new Error("no good");'),
    /does not accept it: Error: no good/,
  ],
  ["it is not a program", () => "\0\x01", /does not accept it: SyntaxError/],
  ["it is empty", () => "", /does not accept it: it ended with exit status 0/],
  [
    "it does not know of upgrades",
    text => text.replace('"--try-upgrade"', '"--other"'),
    /Invalid argument: '--try-upg/,
  ],
  [
    "its state is another one",
    text => text.replace("class", `require("node:fs").fstatSync = () => ({ size: 3 });class`),
    /does not accept it: /,
  ],
];

t.test("a version that cannot go on leaves the old one serving", async t => {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const device = PtyDevice.open(t);
  const installed = new Installed(t);
  const config = [`127.0.0.1,${port}:raw:0:${device.path}:9600`];
  const daemon = await Daemon.start(t, { controlPort, program: installed.program, foreground: "-d", config });
  const client = await Client.connect(t, port);
  const session = await daemon.control();
  const works = async (what: string) => {
    client.send(what);
    t.equal(await device.expect(what), what);
    t.match(await session.ask("version"), "version");
  };
  const refused = async (what: string, reason: RegExp) => {
    const { output, errors, ...exit } = await installed.upgrade(t, String(daemon.pid));
    t.same({ ...exit, output }, { ...REFUSED, output: "" }, what);
    t.match(errors, reason, what);
    t.equal(errors.trimEnd().split("\n").length, 1, "one line");
    t.match(await daemon.running.errors.expect(/Upgrade refused, version \S+ goes on: .*\n/), reason);
    await works(what);
  };
  for (const [what, change, reason] of BAD) {
    installed.replace(change);
    await refused(what, reason);
  }
  installed.replace(text => text);
  renameConfig(daemon.configFile);
  await refused("the configuration is gone", /Unable to open config file/);
  renameConfig(`${daemon.configFile}.away`, daemon.configFile);
  t.match(await installed.upgrade(t, String(daemon.pid)), DONE);
  await works("a good one");
});

function renameConfig(from: string, to = `${from}.away`): void {
  renameSync(from, to);
}

t.test("below a service manager too, which keeps what it had and hands it on after a kill", async t => {
  const next = await portNumbers(t);
  const port = await next();
  const device = PtyDevice.open(t);
  const manager = await ServiceManager.start(t, { config: [`127.0.0.1,${port}:raw:0:${device.path}:9600`] });
  const client = await Client.connect(t, port);
  client.send("x");
  await device.expect("x");
  const STORED = "the listener, the journal, the connection and the device";
  await manager.storesOnly(4, STORED);
  for (const act of ["upgrade", "kill", "upgrade", "restart"]) {
    if (act === "upgrade") manager.tell("kill SIGURG");
    const status = await (act === "upgrade"
      ? manager.readyText()
      : manager.restart(act === "kill" ? "SIGKILL" : "SIGTERM"));
    t.match(status, /took over 1 connection, 1 device/, act);
    client.send(act);
    t.equal(await device.expect(act), act);
    await manager.storesOnly(4, STORED);
  }
});

t.test("in the background the pid file is kept, with paths that count from where it was started", async t => {
  const next = await portNumbers(t);
  const port = await next();
  const device = PtyDevice.open(t);
  const folder = temporaryFolder(t);
  const installed = new Installed(t);
  const [controlPort, file] = [await next(), join(folder, "pid")];
  writeFileSync(join(folder, "ser2net.conf"), `127.0.0.1,${port}:raw:0:${device.path}:9600\n`);
  const [node = "", script = ""] = installed.program;
  const args = [script, "-c", "ser2net.conf", "-P", "pid", "-u", "-p", `127.0.0.1,${controlPort}`];
  const started = runProgram(t, "sh", ["-c", 'cd "$0" && exec "$@"', folder, node, ...args]);
  t.same(await started.exit(), DONE);
  const pid = Number(readFileSync(file, "latin1"));
  t.teardown(() => kill(pid));
  const client = await Client.connect(t, port);
  const { ino } = statSync(file);
  for (const round of [1, 2]) {
    const { output, ...exit } = await installed.upgrade(t, ...(round === 1 ? ["-P", file] : [file]));
    t.match(exit, { ...DONE, errors: "" });
    t.match(output, `process ${pid} is version`);
    client.send(`round ${round}`);
    t.equal(await device.expect(`${round}`), `round ${round}`);
    t.same([Number(readFileSync(file, "latin1")), statSync(file).ino], [pid, ino], "the same pid file");
    t.equal(readlinkSync(`/proc/${pid}/cwd`), "/");
  }
  const command = readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0");
  t.equal(command.filter(word => word === "-P").length, 2, "the arguments do not add up");
  process.kill(pid, "SIGTERM");
  await until("the daemon has ended", () => !existsSync(`/proc/${pid}`));
  t.notOk(existsSync(file), "it is removed at the end");
});

t.test("who asks in a wrong way is told", async t => {
  const installed = new Installed(t);
  const FAILED = { code: 2, signal: null };
  t.match(await installed.upgrade(t), {
    ...FAILED,
    errors: /^ser2net: --upgrade: which daemon\?\nsee ser2net --upgrade --help\n$/,
  });
  t.match(await installed.upgrade(t, "/no/such/file"), { ...FAILED, errors: "No such file or directory" });
  t.match(await installed.upgrade(t, "/dev/null"), { ...FAILED, errors: "no process id" });
  t.match(await installed.upgrade(t, "999999999"), { ...FAILED, errors: "there is no such process" });
});

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}
