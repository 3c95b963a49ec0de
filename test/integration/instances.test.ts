/** Which configuration a daemon serves: that of an instance, one that does not exist, one that another daemon serves too. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Client } from "../support/client.js";
import { Daemon, runToEnd, temporaryFolder } from "../support/daemon.js";
import { NEEDS_NAMESPACE, withPrivateFiles } from "../support/namespace.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { ServiceManager } from "../support/service-manager.js";

const NOTIFY = { env: { NOTIFY_SOCKET: "@ser2net-test-nobody" } };

t.test("an instance without a profile serves the file of its name", NEEDS_NAMESPACE, async t => {
  const instances = temporaryFolder(t);
  const [next, device] = [await portNumbers(t), PtyDevice.open(t)];
  const port = await next();
  writeFileSync(join(instances, "bench.conf"), `127.0.0.1,${port}:raw:0:${device.path}:9600\n`);
  const under = withPrivateFiles({ instances });
  const { output, code } = await runToEnd(t, ["--board", "bench", "--print-config"], { under });
  t.equal(code, 0);
  t.match(output, `127.0.0.1,${port}:raw:0:${device.path}:`);
  const unknown = await runToEnd(t, ["--board", "bensh", "--print-config"], { under });
  t.match(unknown.errors, /^There is no board profile "bensh"; .*\. Nor is there \/etc\/ser2net\/bensh\.conf\n$/);
});

t.test("a configuration that cannot be read is no reason to start again and again", async t => {
  for (const args of [
    ["-n", "--board", "no-such-board"],
    ["-n", "-c", "/no/such/file"],
  ]) {
    t.equal((await runToEnd(t, args)).code, 1, "by hand");
    t.equal((await runToEnd(t, args, NOTIFY)).code, 78, "EX_CONFIG, which the unit names");
  }
  const units = ["ser2net.service", "ser2net@.service"].map(name => readFileSync(join("units", name), "utf8"));
  for (const unit of units) t.match(unit, /^RestartPreventExitStatus=78$/m);
});

t.test("connections outlive a configuration that cannot be read", async t => {
  const [next, device] = [await portNumbers(t), PtyDevice.open(t)];
  const port = await next();
  const line = `127.0.0.1,${port}:raw:0:${device.path}:9600`;
  const manager = await ServiceManager.start(t, { config: [line] });
  const client = await Client.connect(t, port);
  client.send("before");
  await device.expect("before");
  await manager.end();
  rmSync(manager.configFile);
  manager.tell("start");
  await manager.next("started");
  await manager.running.errors.expect(`Unable to open config file '${manager.configFile}'`);
  t.equal(await manager.end(), 1, "to be started again");
  writeFileSync(manager.configFile, `${line}\n`);
  t.match(await manager.again(), /took over 1 connections?, 1 devices?/);
  client.send("after");
  t.equal(await device.expect("after"), "after");
});

t.test("a daemon whose file another one serves says so; a reload takes over from one that has ended", async t => {
  const next = await portNumbers(t);
  const first = await Daemon.start(t, { controlPort: await next(), config: [] });
  const { configFile } = first;
  const again = async () => {
    const how = { controlPort: await next(), config: [], args: ["-c", configFile], foreground: "-d" } as const;
    return Daemon.start(t, how);
  };
  const warning = `${configFile}:1:1: warning: Another ser2net serves this file too`;
  t.equal((await runToEnd(t, ["-c", configFile, "--check"])).output, "", "a report does not serve it");
  const second = await again();
  await second.running.errors.expect(warning);
  await first.stop();
  second.running.process.kill("SIGHUP");
  await second.running.errors.expect("re-reading configuration");
  t.match(await second.ask("version"), "version", "the reload is over");
  await (await again()).running.errors.expect(warning);
});
