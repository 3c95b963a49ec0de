/** SIGHUP: what a changed configuration file does to ports idle and in use. */
import { rmSync, writeFileSync } from "node:fs";
import t, { type Test } from "tap";
import { Client, isRefused } from "../support/client.js";
import { Daemon } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { until } from "../support/wait.js";

async function prepare(t: Test) {
  const next = await portNumbers(t);
  const [controlPort, a, b] = [await next(), await next(), await next()];
  const [one, two] = [PtyDevice.open(t), PtyDevice.open(t)];
  const line = (port: number, device: PtyDevice, options = "9600", state = "raw") =>
    `127.0.0.1,${port}:${state}:0:${device.path}:${options}`;
  return { controlPort, a, b, one, two, line };
}

async function talking(t: Test, port: number, device: PtyDevice, text: string): Promise<Client> {
  const client = await Client.connect(t, port);
  client.send(text);
  await device.expect(text);
  return client;
}

t.test("a new port appears, a removed idle one is gone, a changed idle one has its new settings", async t => {
  const { controlPort, a, b, one, two, line } = await prepare(t);
  const daemon = await Daemon.start(t, { controlPort, config: [line(a, one)] });
  daemon.hup([line(b, two), line(a, one, "19200 EVEN")]);
  await until("the new port listens", async () => !(await isRefused(b)));
  t.match(await daemon.ask(`showport 127.0.0.1,${a}`), "device config: 19200 1STOPBIT 8DATABITS EVEN\r\n");
  daemon.hup([line(b, two)]);
  await until("the removed port refuses", () => isRefused(a));
  t.equal(await daemon.ask(`showport 127.0.0.1,${a}`), `Invalid port number: 127.0.0.1,${a}\r\n`);
});

t.test("a change of state counts", async t => {
  const { controlPort, a, one, line } = await prepare(t);
  const daemon = await Daemon.start(t, { controlPort, config: [line(a, one)] });
  daemon.hup([line(a, one, "9600", "telnet")]);
  const shows = (text: string) => async () => (await daemon.ask("showport")).includes(text);
  await until("it is a telnet port", shows("enable state: telnet\r\n"));
  const client = await Client.connect(t, a);
  await client.expect("\xff\xfb\x01");
  await client.close();
  await until("its peer is gone", shows("  unconnected\r\n"));
  daemon.hup([line(a, one, "9600", "off")]);
  await until("it refuses", () => isRefused(a));
  daemon.hup([line(a, one)]);
  await until("it listens again", async () => !(await isRefused(a)));
});

t.test("a port in use keeps its old definition until its session is over", async t => {
  const { controlPort, a, one, line } = await prepare(t);
  const daemon = await Daemon.start(t, { controlPort, config: [line(a, one)] });
  const client = await talking(t, a, one, "first");
  daemon.hup(["BANNER:b:new\\r\\n", line(a, one, "19200 b")]);
  await until("the change is waiting", async () =>
    (await daemon.ask("showport")).includes("  Port will be reconfigured when current session closes.\r\n"),
  );
  t.match(await daemon.ask("showport"), "device config: 9600 1STOPBIT");
  client.send("still");
  await one.expect("still");
  one.send("the same session");
  await client.expect("the same session");
  await client.close();
  await until("the new definition is in force", async () =>
    (await daemon.ask("showport")).includes("device config: 19200 1STOPBIT"),
  );
  await (await Client.connect(t, a)).expect("new\r\n");
});

t.test("a removed port in use admits no peer, serves its connection to the end and goes", async t => {
  const { controlPort, a, b, one, two, line } = await prepare(t);
  const daemon = await Daemon.start(t, { controlPort, config: [line(b, two), line(a, one)] });
  const client = await talking(t, a, one, "first");
  daemon.hup([line(b, two)]);
  await until("new peers are refused", () => isRefused(a));
  t.match(await daemon.ask(`showport 127.0.0.1,${a}`), "  Port will be deleted when current session closes.\r\n");
  t.match((await daemon.ask("showshortport")).split("\r\n")[2] ?? "", new RegExp(`^127.0.0.1,${a} +DEL `));
  one.send("until the end");
  await client.expect("until the end");
  await client.close();
  await until("it is gone", async () =>
    (await daemon.ask(`showport 127.0.0.1,${a}`)).startsWith("Invalid port number"),
  );
});

t.test("a file that cannot be read changes nothing", async t => {
  const { controlPort, a, one, line } = await prepare(t);
  const daemon = await Daemon.start(t, { controlPort, config: [line(a, one)], foreground: "-d" });
  const client = await talking(t, a, one, "first");
  rmSync(daemon.configFile);
  daemon.running.process.kill("SIGHUP");
  await daemon.running.errors.expect(`Unable to open config file '${daemon.configFile}': No such file or directory`);
  client.send("second");
  await one.expect("second");
  t.notMatch(await daemon.ask("showport"), "Port will be");
});

t.test("lines with mistakes are reported with their number, the good ones count", async t => {
  const { controlPort, a, b, one, two, line } = await prepare(t);
  const daemon = await Daemon.start(t, { controlPort, config: [line(a, one)], foreground: "-d" });
  daemon.hup([line(a, one), "# next: nonsense", "nonsense", line(b, two)]);
  await daemon.running.errors.expect("Got SIGHUP, re-reading configuration");
  await daemon.running.errors.expect("No state given on line 3");
  await until("the good line counts", async () => !(await isRefused(b)));
});

t.test("-C lines stay when the file is read again", async t => {
  const { controlPort, a, b, one, two, line } = await prepare(t);
  const daemon = await Daemon.start(t, { controlPort, config: [], args: ["-C", line(a, one)] });
  // -C cancels the -c before it: without a file SIGHUP does nothing at all.
  daemon.hup([line(b, two)]);
  t.match(await daemon.ask("showport"), `TCP Port 127.0.0.1,${a}\r\n`);
  t.equal(await isRefused(b), true);

  await daemon.stop();
  const both = await Daemon.start(t, { controlPort, config: [], args: ["-C", line(a, one), "-c", daemon.configFile] });
  writeFileSync(daemon.configFile, `${line(b, two)}\n`);
  both.running.process.kill("SIGHUP");
  await until("the file's port listens", async () => !(await isRefused(b)));
  await talking(t, a, one, "the -C port is still there");
});

t.test("a CONTROLPORT that is none is told, and leaves the old one in force", async t => {
  const { controlPort, a, one, line } = await prepare(t);
  const config = [`CONTROLPORT:127.0.0.1,${controlPort}`, line(a, one)];
  const daemon = await Daemon.start(t, { controlPort, control: "file", config, foreground: "-d" });
  daemon.hup(["CONTROLPORT:udp,2000", line(a, one)]);
  const log = await daemon.running.errors.expect("Invalid control port specified: udp,2000");
  t.match(log, `${daemon.configFile}:1:13: Invalid control port specified: udp,2000`);
  t.match(await daemon.ask("showshortport"), `127.0.0.1,${a}`);
  daemon.hup([line(a, one)]);
  await until("it is closed", () => isRefused(controlPort));
  daemon.hup(["CONTROLPORT:0", line(a, one)]);
  await daemon.running.errors.expect("Invalid control port specified: 0 (expected a port number above 0)\n");
  await daemon.running.errors.expect("Control port is disabled\n");
});

t.test("a changed CONTROLPORT moves, sessions of the old one go on", async t => {
  const { controlPort, a, b, one, line } = await prepare(t);
  const config = [`CONTROLPORT:127.0.0.1,${controlPort}`, line(a, one)];
  const daemon = await Daemon.start(t, { controlPort, control: "file", config });
  const session = await daemon.control();
  daemon.hup([`CONTROLPORT:127.0.0.1,${b}`, line(a, one)]);
  await until("the old one refuses", () => isRefused(controlPort));
  await (await Client.connect(t, b)).expect("-> ");
  t.match(await session.ask("version"), /^ser2net version /);
  daemon.hup([line(a, one)]);
  await until("the control port is gone", () => isRefused(b));
  t.match(await session.ask("version"), /^ser2net version /);
  daemon.hup([`CONTROLPORT:127.0.0.1,${controlPort}`, line(a, one)]);
  await until("it is back", async () => !(await isRefused(controlPort)));
});
