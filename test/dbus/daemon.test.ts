/** The built daemon on a bus: what busctl sees and does is what the ports are and do. */
import { copyFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t, { type Test } from "tap";
import { WELL_KNOWN_NAME } from "../../service/dbus/entry.js";
import { portPath } from "../../service/dbus/names.js";
import { PORT as PORT_TABLE } from "../../service/dbus/port-interface.js";
import { getTermios } from "../../service/native/serial.js";
import { Client, isRefused } from "../support/client.js";
import { ComPort } from "../support/com-port.js";
import { BUNDLE, Daemon, runProgram, temporaryFolder } from "../support/daemon.js";
import { type PortLine, serveOnePort } from "../support/one-port.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";
import { PrivateBus } from "./private-bus.js";
import { CONNECTION, DAEMON, nextSignal, PORT, ROOT, UP } from "./stage.js";

const tools = needs("dbus-daemon", "busctl");
const MANAGER = "org.freedesktop.DBus.ObjectManager";

t.test("show commands and properties tell the same, of an idle port and of a busy one", tools, async t => {
  const { daemon, name, port, get, all } = await onBus(t, { options: "19200 7DATABITS EVEN", timeoutSeconds: 90 });
  t.match(await daemon.ask("showport"), `device config: 19200 1STOPBIT 7DATABITS EVEN`);
  const idle = await all();
  t.match(idle, { Name: name, State: "raw", Phase: "idle", TimeoutSeconds: 90, Line: {}, ModemControl: {}, Peers: [] });
  t.match(idle.ConfiguredLine, { Speed: { data: 19_200 }, DataBits: { data: 7 }, Parity: { data: "even" } });

  const client = await Client.connect(t, port);
  client.send("12345");
  const block = await until("5 bytes are written", async () => {
    const shown = await daemon.ask("showport");
    return shown.includes("bytes written to device: 5") && shown;
  });
  const busy = await all();
  const [, address, number] = /connected to: (.*),(\d+)/.exec(block) ?? [];
  t.match(busy, { Phase: "open", Peers: [[address, Number(number)]], ConnectionCount: 1, BytesToDevice: 5 });
  t.match(busy.Line, { Speed: { data: 19_200 } });
  t.match(
    block,
    `device controls: RTS${busy.ModemControl.RTS ? "HI" : "LO"} DTR${busy.ModemControl.DTR ? "HI" : "LO"}`,
  );
  const [connection] = busy.Connections;
  t.match(await get(connection, CONNECTION), { Address: address, PortNumber: Number(number), BytesFromNet: 5 });
});

t.test("what is called is done", tools, async t => {
  const { daemon, device, port, call, all } = await onBus(t, { timeoutSeconds: 0 });
  t.same(await call("SendBreak"), "Call failed: the device is not open, or is not a serial line");
  t.same(await call("Disconnect"), "Call failed: there is no connection");
  const client = await Client.connect(t, port);
  client.send("x");
  await device.expect("x");

  t.same(await call("SetLine", "s", "115200 7DATABITS ODD 2STOPBITS"), "");
  t.equal(getTermios(device.slave).inputSpeed, 115_200, "the line is changed at once");
  t.match((await all()).Line, { Speed: { data: 115_200 }, Parity: { data: "odd" }, StopBits: { data: 2 } });
  t.match(await daemon.ask("showport"), "device config: 115200 2STOPBITS 7DATABITS ODD", "and from now on");
  t.same(await call("SetLine", "s", "300 nosuch"), "Call failed: Unknown config item: nosuch");
  t.equal(getTermios(device.slave).inputSpeed, 115_200, "words that are not all good change nothing");
  t.same(await call("SetLine", "s", "+300 nosuch"), "Call failed: Unknown config item: nosuch");
  t.equal(getTermios(device.slave).inputSpeed, 115_200, "nor do they with a +");
  t.same(await call("SetLine", "s", "+19200 LOCAL"), "");
  t.match((await all()).Line, { Speed: { data: 19_200 }, Parity: { data: "odd" }, StopBits: { data: 2 } });
  t.match(
    await daemon.ask("showport"),
    "device config: 19200 LOCAL 2STOPBITS 7DATABITS ODD",
    "what is not named stays",
  );
  t.same(await call("SetLine", "s", "+38400"), "");
  t.match(await daemon.ask("showport"), "device config: 38400 LOCAL 2STOPBITS 7DATABITS ODD");

  t.same(await call("SetControl", "a{sb}", "2", "DTR", "false", "RTS", "true"), "");
  t.match((await all()).ModemControl, { DTR: false, RTS: true });
  t.match(await daemon.ask("showport"), "device controls: RTSHI DTRLO");
  t.same(await call("SendBreak"), "");
  t.same(await call("SetTimeout", "u", "77"), "");
  t.match(await daemon.ask("showport"), "timeout: 77");
  t.match(await call("Identify", "u", "1"), "Call failed: the port has no LED");
  t.same(await call("Disconnect"), "");
  t.equal(await client.untilEnd(), "");

  await until("it is idle", async () => (await all()).Phase === "idle");
  t.same(await call("SetEnabled", "s", "off"), "");
  t.match(await all(), { State: "off", Phase: "disabled" });
  t.equal(await isRefused(port), true);
  t.same(await call("SetEnabled", "s", "telnet"), "");
  t.match(await all(), { State: "telnet", Phase: "idle" });
  t.equal(await isRefused(port), false);
});

t.test("a reload makes objects come and go; Check tells before what would be wrong", tools, async t => {
  const { bus, daemon, device, name, port } = await onBus(t);
  const other = `127.0.0.1,${port + 1}`;
  const monitor = await bus.signalMonitor(WELL_KNOWN_NAME);
  await bus.busctl("call", WELL_KNOWN_NAME, ROOT, MANAGER, "GetManagedObjects");
  writeFileSync(daemon.configFile, `${other}:raw:0:${device.path}:9600 nosuchword\n`);
  const root = (...args: string[]) => bus.busctl("call", WELL_KNOWN_NAME, ROOT, DAEMON, ...args);
  const complaint = new RegExp(
    `^a\\(suuss\\) 1 "${daemon.configFile}" 1 \\d+ "Unknown config item: nosuchword on line 1"`,
  );
  t.match((await root("Check", "s", "")).output, complaint);
  t.match((await root("GetPort", "s", name)).output, portPath(name), "checking changes nothing");
  t.match((await root("Reload")).output, complaint);
  t.match(await nextSignal(monitor), { member: "InterfacesRemoved", data: [portPath(name), [PORT]] });
  t.match(await nextSignal(monitor), { member: "InterfacesAdded", data: [portPath(other), { [PORT]: {} }] });
  t.equal((await root("GetPort", "s", name)).errors, `Call failed: no port ${name}`);
  t.match(
    (await root("Check", "s", "# fine\n\nx:y")).output,
    /^a\(suuss\) 1 "" 3 3 "No state given on line 3"/,
    "with the line",
  );
});

t.test("signals alone, added up, are what can be read: none is missing", tools, async t => {
  const { bus, daemon, port, call, all } = await onBus(t, { state: "telnet", options: "9600 remctl" });
  const monitor = await bus.signalMonitor(WELL_KNOWN_NAME);
  const added: Record<string, unknown> = await all();
  const { com } = await ComPort.agree(t, port);
  await com.ask("01 00004b00"); // SET-BAUDRATE 19200
  await call("SetTimeout", "u", "5000");
  await daemon.ask(`setportconfig 127.0.0.1,${port} 300`);
  await com.client.close();
  await until("it is idle", async () => (await all()).Phase === "idle");
  await call("SetEnabled", "s", "off");
  await call("SetEnabled", "s", "raw");
  const reader = await Client.connect(t, port);
  await until("it is open", async () => (await all()).Phase === "open");
  const last = await all();
  const announcing = PORT_TABLE.properties.filter(({ emits }) => emits === "true").map(({ name }) => name);
  const differ = () => announcing.filter(name => JSON.stringify(added[name]) !== JSON.stringify(last[name]));
  while (differ().length > 0) {
    const { member, data } = await nextSignal(monitor); // ends the test when nothing comes
    if (member === "PropertiesChanged") Object.assign(added, plain(data[1] as Values));
  }
  t.same(differ(), []);
  await reader.close();
});

t.test("the bus is killed and started again and again under load: no port loses a byte", tools, async t => {
  const bus = await PrivateBus.start(t);
  const next = await portNumbers(t);
  const [controlPort, ports] = [await next(), [await next(), await next(), await next(), await next()]];
  const config = ports.map(port => `127.0.0.1,${port}:raw:0:${PtyDevice.echo(t).path}:115200`);
  const daemon = await Daemon.start(t, { controlPort, config, foreground: "-d", args: ["--dbus", bus.address] });
  await daemon.running.errors.expect(UP);
  let killing = true;
  const streams = ports.map(port => echoWhile(t, port, () => killing));
  for (let times = 0; times < 3; times++) {
    const asking = Promise.all(Array.from({ length: 4 }, () => askOn(bus)));
    await bus.kill();
    await daemon.running.errors.expect("the ports are served without it");
    await asking;
    await bus.start();
    await daemon.running.errors.expect(UP);
  }
  killing = false;
  for (const { sent, lost } of await Promise.all(streams)) {
    t.equal(lost, false, `${sent} bytes came back as they were sent`);
    t.ok(sent > 0);
  }
  t.same(await daemon.stop(), { code: 0, signal: null });
});

t.test("TakeOver makes a watcher the writer, and Say tells the users", tools, async t => {
  const { device, port, get, all, call } = await onBus(t, {
    ...{ state: "telnet", options: "9600 max-connections=3 writer=first", timeoutSeconds: 0 },
  });
  const clients: Client[] = [];
  for (const count of [1, 2]) {
    clients.push(await Client.connect(t, port));
    await until("it is there", async () => (await all()).ConnectionCount === count);
  }
  const [first, second] = clients as [Client, Client];
  const paths: string[] = (await all()).Connections;
  const ids = paths.map(path => path.slice(path.lastIndexOf("/") + 1).replace(/^_3/, ""));
  second.send("dropped");
  await second.expect("dropped]\r\n");
  t.same(await call("TakeOver", "t", ids[1] ?? ""), "");
  await first.expect("has taken over: what you type is dropped]");
  first.send("dropped too");
  second.send("written");
  t.equal(await device.expect("written"), "written");
  t.same(await call("TakeOver", "t", "999999"), "Call failed: there is no such connection, or its user may only look");
  t.same(await call("Say", "s", "back in a minute"), "");
  for (const client of clients) await client.expect("back in a minute");
  t.match(await get(paths[1] ?? "", CONNECTION), { Address: "127.0.0.1" });
});

t.test("without its file the daemon says so and serves; without the option it needs none", tools, async t => {
  const folder = temporaryFolder(t);
  const built = readdirSync(dirname(BUNDLE)).filter(file => /\.(cjs|node)$/.test(file) && file !== "dbus.cjs");
  for (const file of built) copyFileSync(join(dirname(BUNDLE), file), join(folder, file));
  const next = await portNumbers(t);
  const [controlPort, other] = [await next(), await next()];
  const start = (port: number, ...args: string[]) =>
    runProgram(t, process.execPath, [join(folder, "ser2net.cjs"), "-d", "-C", "#", "-p", `127.0.0.1,${port}`, ...args]);
  const wanting = start(controlPort, "--dbus", "unix:path=/nonexistent");
  await wanting.errors.expect("D-Bus cannot be loaded");
  const client = await until("it serves", () => Client.connect(t, controlPort).catch(() => null));
  await client.expect("-> ");
  const content = start(other);
  const second = await until("it serves", () => Client.connect(t, other).catch(() => null));
  await second.expect("-> ");
  t.notMatch(content.errors.text, "D-Bus");
});

type Values = Readonly<Record<string, { readonly data: unknown }>>;

/** The daemon with one port on a pseudo-terminal, on a bus of its own. */
async function onBus(t: Test, line: PortLine = {}) {
  const bus = await PrivateBus.start(t);
  const served = await serveOnePort(t, line, { foreground: "-d", args: ["--dbus", bus.address] });
  await served.daemon.running.errors.expect(UP);
  const path = portPath(served.name);
  const get = async (object: string, interfaceName: string) => {
    const properties = "org.freedesktop.DBus.Properties";
    const { output } = await bus.busctl(
      "--json=short",
      "call",
      WELL_KNOWN_NAME,
      object,
      properties,
      "GetAll",
      "s",
      interfaceName,
    );
    return plain(JSON.parse(output).data[0]);
  };
  return {
    ...served,
    bus,
    get,
    all: () => get(path, PORT),
    /** The errors of busctl. */
    call: async (method: string, ...args: string[]) =>
      (await bus.busctl("call", WELL_KNOWN_NAME, path, PORT, method, ...args)).errors,
  };
}

// biome-ignore lint/suspicious/noExplicitAny: JSON
function plain(values: Values): Record<string, any> {
  return Object.fromEntries(Object.entries(values).map(([name, { data }]) => [name, data]));
}

async function askOn(bus: PrivateBus): Promise<void> {
  let code: number | null = 0;
  while (code === 0) ({ code } = await bus.busctl("call", WELL_KNOWN_NAME, ROOT, MANAGER, "GetManagedObjects"));
}

/** Sends and compares what comes back, for as long as `going`. */
async function echoWhile(t: Test, port: number, going: () => boolean) {
  const client = await Client.connect(t, port);
  let sent = 0;
  while (going()) {
    const block = Array.from({ length: 4096 }, (_, i) => String.fromCharCode((sent + i * 7) & 0xff)).join("");
    client.send(block);
    sent += block.length;
    if ((await client.expectBytes(block.length)) !== block) return { sent, lost: true };
  }
  return { sent, lost: false };
}
