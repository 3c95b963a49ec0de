/** The commands of the client with a real daemon, by its local socket and its control port. */
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Client } from "../support/client.js";
import { type ConsoleStage, consoleStage } from "../support/console-stage.js";
import { BUNDLE, runProgram, runToEnd, temporaryFolder } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { ServiceManager } from "../support/service-manager.js";
import { Terminal } from "../support/terminal.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";

const RAW = "raw:0:DEVICE:9600 NONE max-connections=4";
const TELNET = "telnet:0:DEVICE:115200 NONE max-connections=4";

t.test("ports, who and the commands for one port, by every name of the port", async t => {
  const stage = await consoleStage(t, [RAW, TELNET]);
  const [one = "", two = ""] = stage.names;
  const [device, other] = stage.devices;
  if (device === undefined || other === undefined) return t.fail();
  const table = (await stage.ask("ports")).output.split("\n");
  t.match(table[0], /^PORT +LABEL +DEVICE +LINE +STATE +WHO +IDLE +IN +OUT$/);
  t.match(table[1], new RegExp(`^${one} +- +${device.path} +9600N81 +idle +- +- +0 +0$`));
  t.equal(table.length, 4);
  const client = await Client.connect(t, stage.ports[0] ?? 0);
  client.send("hello");
  await device.expect("hello");
  const { code, output } = await stage.ask("ports", "--json");
  t.equal(code, 0);
  const peer = `127.0.0.1,${client.socket.localPort}`;
  t.match(JSON.parse(output), [
    {
      port: one,
      device: device.path,
      condition: "connected",
      bytesOut: 5,
      connections: [{ peer, in: 5, writer: true }],
    },
    { port: two, condition: "idle", connections: [] },
  ]);
  for (const name of [one, String(stage.ports[0]), device.path, device.path.slice("/dev/".length)]) {
    t.match(await stage.ask("who", name), { code: 0, output: peer }, name);
  }
  t.match(await stage.ask("who", "nothing"), { code: 1, errors: "ser2net: no port is called nothing\n" });
  t.same(await stage.ask("set", one, "19200", "EVEN"), { code: 0, signal: null, output: "", errors: "" });
  t.match(await stage.ask("set", one, "FAST"), { code: 1, errors: /^ser2net: Unknown config item: FAST\n$/ });
  t.match(await stage.ask("break", two), { code: 1, errors: /^ser2net: .*not currently connected/ });
  t.match(await stage.ask("disconnect", one), { code: 0, output: "" });
  await client.untilEnd();
  t.match(await stage.ask("disconnect", one), { code: 1, errors: /^ser2net: Port not connected/ });
  t.match(await stage.ask("attach", "-r", "-f", one), {
    code: 2,
    errors: /^ser2net: attach: .*\nsee ser2net attach --help\n$/,
  });
  t.match(await stage.ask("ports", "--help"), { code: 0, output: /^Usage: ser2net ports / });
  t.match(await stage.ask("ports", "--watch"), { code: 2, errors: "needs a terminal" });
  t.match(
    await stage.ask("who", "--socket", `${stage.folder}/none`, one),
    { code: 0, errors: "" },
    "one of two answers",
  );
});

t.test("by the control port of another machine, and where there is no daemon", async t => {
  const stage = await consoleStage(t, [RAW]);
  const at = ["-H", `127.0.0.1:${stage.daemon.controlPort}`];
  t.match(await runToEnd(t, ["ports", ...at]), { code: 0, output: stage.names[0] });
  t.match(await runToEnd(t, ["log", ...at, "x"]), { code: 1, errors: /ssh 127\.0\.0\.1 ser2net log x/ });
  t.match(await runToEnd(t, ["ports", "-H", "127.0.0.1:1"]), {
    code: 3,
    errors: /^ser2net: 127\.0\.0\.1:1: Connection refused\n$/,
  });
  t.match(await runToEnd(t, ["ports", "--socket", `${stage.folder}/none`]), {
    code: 3,
    errors: /no daemon runs there\n$/,
  });
  t.match(await runToEnd(t, ["ports", "--instance", "nowhere"]), {
    code: 3,
    errors: /^ser2net: nowhere: no daemon runs there\n$/,
  });
});

t.test("a program attaches with -8, and every byte comes through in both directions", async t => {
  const stage = await consoleStage(t, [RAW]);
  const [device] = stage.devices;
  if (device === undefined) return t.fail();
  const all = Buffer.from(Array.from({ length: 1024 }, (_, at) => at % 256));
  for (const at of [
    ["--socket", stage.socket],
    ["-H", `127.0.0.1:${stage.daemon.controlPort}`],
  ]) {
    const running = runProgram(t, process.execPath, [BUNDLE, "attach", "-8", ...at, stage.names[0] ?? ""]);
    running.process.stdin?.write(all);
    t.equal(await device.expectBytes(1024), all.toString("latin1"));
    device.send(all);
    t.equal(await running.output.expectBytes(1024), all.toString("latin1"));
    running.process.stdin?.end("bye");
    await device.expect("bye");
    t.same(await running.exit(), { code: 0, signal: null });
    t.equal(await running.errors.untilEnd(), "");
  }
});

t.test("watch shows the lines of several ports, each with its port", async t => {
  const stage = await consoleStage(t, [RAW, TELNET]);
  const [one = "", two = ""] = stage.names;
  const [device, other] = stage.devices;
  const watcher = stage.terminal("watch", one, two);
  await until(
    "it watches",
    async () => JSON.parse((await stage.ask("ports", "--json")).output)[1].connections.length === 1,
  );
  device?.send("booting\r\n");
  await watcher.see(`${one}: booting\r\n`);
  other?.send("login: ");
  await watcher.see(`${two}: login: `);
  device?.send("done\n");
  await watcher.see(`\r\n${one}: done\r\n`);
  await stage.ask("disconnect", two);
  await watcher.see(`ser2net: ${two}: the daemon ended the connection\r\n`);
  await stage.ask("disconnect", one);
  t.same(await watcher.ended, [4, null]);
  const again = stage.terminal("watch", "--timestamps", one);
  await until(
    "it watches",
    async () => JSON.parse((await stage.ask("ports", "--json")).output)[0].connections.length === 1,
  );
  device?.send("one\n");
  await again.see(new RegExp(`^\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z ${one}: one\r\n`));
  process.kill(again.pid, "SIGINT");
  t.same(await again.ended, [0, null]);
});

async function attached(stage: ConsoleStage, ...words: string[]) {
  const terminal = stage.terminal("attach", ...words);
  await terminal.see("help: Ctrl-] ?]\r\n");
  return terminal;
}

t.test("the terminal is raw while it is attached, and as before however that ends", async t => {
  const stage = await consoleStage(t, [RAW]);
  const [name = ""] = stage.names;
  const [device] = stage.devices;
  const quits = await attached(stage, name);
  t.same(quits.mode, { echo: false, lines: false });
  quits.type("abc\r\x03\x1d\x1d");
  await device?.expect("abc\r\x03\x1d");
  device?.send("\n\xff\0x");
  await quits.see("\n\xff\0x");
  quits.type("\x1dq");
  t.same([await quits.ended, quits.mode], [[0, null], quits.modeBefore]);

  const signalled = await attached(stage, name);
  const pid = signalled.pid;
  process.kill(pid, "SIGTERM");
  t.same([await signalled.ended, signalled.mode], [[143, null], signalled.modeBefore]);

  const kicked = await attached(stage, name);
  await stage.ask("disconnect", name);
  await kicked.see(`ser2net: ${name}: the daemon ended the connection`);
  t.same([await kicked.ended, kicked.mode], [[4, null], kicked.modeBefore]);

  const orphan = await attached(stage, name);
  await stage.daemon.stop("SIGKILL");
  await orphan.see(`ser2net: ${name}: the daemon has ended`);
  t.same([await orphan.ended, orphan.mode], [[4, null], orphan.modeBefore]);
});

t.test("ports --watch writes each screen over the one before, in colour, on a terminal without a size too", async t => {
  const stage = await consoleStage(t, [RAW]);
  const [name = ""] = stage.names;
  const screen = stage.terminal("ports", "--watch");
  await screen.see("\x1b[H");
  await screen.see(/\x1b\[1mPORT .*\x1b\[K\r\n/);
  await screen.see(new RegExp(`${name} .*idle.*\x1b\\[K\r\n\x1b\\[J`));
  const client = await Client.connect(t, stage.ports[0] ?? 0);
  const next = await screen.see(/\x1b\[32mconnected *\x1b\[0m[^\n]*\n\x1b\[J/);
  t.notMatch(next, "\x1b[2J", "the screen is not cleared");
  await client.close();
  process.kill(screen.pid, "SIGINT");
  t.same(await screen.ended, [0, null]);
  await screen.see("\x1b[?25h"); // the cursor is shown again
});

t.test("log says where there is no journalctl", async t => {
  const stage = await consoleStage(t, [RAW]);
  const none = await runToEnd(t, ["log", "--socket", stage.socket, stage.names[0] ?? ""], { env: { PATH: "/none" } });
  t.match(none, { code: 1, errors: "ser2net: journalctl is not installed: the log is where syslog puts it\n" });
});

t.test("a file goes to the device by ZMODEM", needs("rz", "sz"), async t => {
  const board = temporaryFolder(t);
  const receiver = spawn("rz", ["--binary"], { cwd: board, stdio: ["pipe", "pipe", "ignore"] });
  t.teardown(() => receiver.kill("SIGKILL"));
  const stage = await consoleStage(t, [RAW], { received: bytes => receiver.stdin.write(Uint8Array.from(bytes)) });
  const file = join(stage.folder, "image.bin");
  const image = Buffer.from(Array.from({ length: 30_000 }, (_, at) => (at * 31) % 256));
  writeFileSync(file, image);
  const terminal = await attached(stage, stage.names[0] ?? "");
  receiver.stdout.on("data", bytes => stage.devices[0]?.send(bytes));
  terminal.type(`\x1dz${file}\r`);
  await terminal.see(`[sent ${file}]`);
  t.ok(readFileSync(join(board, "image.bin")).equals(image));
  terminal.type("\x1dq");
  t.same(await terminal.ended, [0, null]);
});

t.test("an attached terminal goes on over a restart of the daemon", async t => {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const device = PtyDevice.open(t);
  const socket = join(temporaryFolder(t), "control");
  const config = [`CONTROLSOCKET:${socket}`, `127.0.0.1,${port}:raw:0:${device.path}:9600 NONE`];
  const manager = await ServiceManager.start(t, { controlPort, config });
  const terminal = new Terminal(t, process.execPath, [BUNDLE, "attach", "--socket", socket, String(port)]);
  await terminal.see("help: Ctrl-] ?]\r\n");
  await manager.end("SIGTERM");
  terminal.type("typed meanwhile");
  device.send("sent meanwhile");
  await manager.again();
  await device.expect("typed meanwhile");
  await terminal.see("sent meanwhile");
  terminal.type("\x1dc\r");
  await terminal.see(/device config: 9600 /);
  terminal.type("\x1dq");
  t.same(await terminal.ended, [0, null]);
});

t.test("attach and watch begin with the replay, or with as much of it as is asked for", async t => {
  const stage = await consoleStage(t, ["telnet:0:DEVICE:9600 NONE max-connections=4 always-open replay=4096"]);
  const [name = ""] = stage.names;
  const [device] = stage.devices;
  device?.send("one\r\ntwo\r\nthree\r\n");
  await until("it is read", async () => /read from device: 17/.test(await stage.daemon.ask(`showport ${name}`)));
  for (const [words, shown] of [
    [[], "one\r\ntwo\r\nthree\r\n"],
    [["--replay", "15"], "three\r\nlive\r\n"],
    [["--replay", "0"], ""],
  ] as const) {
    const terminal = await attached(stage, ...words, name);
    if (shown !== "") await terminal.see(/--- replay of \d+ bytes, the last at .* ---\r\n/);
    device?.send("live\r\n");
    t.equal(await terminal.see(`${shown}live\r\n`), `${shown}live\r\n`, words.join(" "));
    terminal.type("\x1dq");
    await terminal.ended;
  }
  const watcher = stage.terminal("watch", "--since", "12", name);
  t.equal(await watcher.see("live\r\n"), `${name}: live\r\n`);
  t.equal(await watcher.see("live\r\n"), `${name}: live\r\n`);
});
