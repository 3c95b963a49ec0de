/** Started for one connection, which is standard input: by inetd, socat, or systemd with Accept=yes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { Client } from "../support/client.js";
import { ComPort } from "../support/com-port.js";
import { BUNDLE, type Running, runProgram, temporaryFolder } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { needs } from "../support/tools.js";

/** Serves as inetd does for a line `stream tcp nowait`; reports how each program ended. */
const INETD = `
import socket, subprocess, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("listening", flush=True)
while True:
    connection, _ = listener.accept()
    program = subprocess.Popen(sys.argv[2:], stdin=connection, stdout=connection)
    connection.close()
    print("started", program.pid, flush=True)
    print("ended", program.wait(), flush=True)
`;

interface Inetd {
  readonly device: PtyDevice;
  readonly port: number;
  readonly program: Running;
  /** How the daemon of the last connection ended. */
  ended(): Promise<string>;
}

/** Serves a TCP port by a daemon for each connection, with these configuration lines; DEVICE is put in. */
async function inetd(t: Test, ...lines: string[]): Promise<Inetd> {
  const port = await (await portNumbers(t))();
  const device = PtyDevice.open(t);
  const config = lines.flatMap(line => ["-C", line.replace("DEVICE", device.path)]);
  const command = [process.execPath, BUNDLE, "-n", "-u", ...config];
  const program = runProgram(t, "python3", ["-c", INETD, `${port}`, ...command]);
  await program.output.expect("listening\n");
  const ended = () => program.output.expect(/ended .*\n/).then(text => text.trim().split("\n").pop() ?? "");
  return { device, port, program, ended };
}

t.test("one session: banner, openstr, data both ways, closestr, and the end", async t => {
  const texts = ["BANNER:b:hello \\I on \\p\\r\\n", "OPENSTR:o:<open>", "CLOSESTR:c:<close>"];
  const { device, port, ended } = await inetd(t, ...texts, "0:raw:0:DEVICE:9600 b o c");
  for (const round of ["first", "second"]) {
    const client = await Client.connect(t, port);
    t.equal(await client.expect("\r\n"), "hello 127.0.0.1 on 0\r\n");
    client.send(round);
    t.equal(await device.expect(round), `<open>${round}`);
    device.send(`answer to ${round}\xff\0`);
    t.equal(await client.expect("\0"), `answer to ${round}\xff\0`);
    await client.close();
    t.equal(await ended(), "ended 0");
    t.equal(await device.expect("<close>"), "<close>");
  }
});

t.test("telnet and RFC 2217 over standard input", async t => {
  const { device, port, ended } = await inetd(t, "00:telnet:0:DEVICE:9600 remctl");
  const { com, state } = await ComPort.agree(t, port);
  t.equal(state, "fffa2c6b00fff0");
  t.equal(await com.ask("01 00 00 4b 00"), "6500004b00");
  com.send("61 ffff 62");
  t.equal(await device.expect("b"), "a\xffb");
  device.send("c\xffd");
  t.equal(await com.client.expect("d"), "c\xff\xffd");
  await com.client.close();
  t.equal(await ended(), "ended 0");
});

t.test("the end of a session by timeout, closeon, the device, a signal: exit status 0", async t => {
  const { device, port, ended, program } = await inetd(
    t,
    "CLOSEON:bye:bye",
    "CLOSESTR:c:<close>",
    "0:raw:1:DEVICE:9600 bye c",
  );
  const idle = await Client.connect(t, port);
  t.equal(await idle.untilEnd(), "");
  t.equal(await ended(), "ended 0", "timeout");
  t.equal(await device.expect("<close>"), "<close>");

  const second = await Client.connect(t, port);
  second.send("x");
  await device.expect("x");
  device.send("bye.");
  t.equal(await second.untilEnd(), "bye");
  t.equal(await ended(), "ended 0", "closeon");
  await device.expect("<close>");

  const third = await Client.connect(t, port);
  third.send("y");
  await device.expect("y");
  process.kill(Number(/started (\d+)/.exec(program.output.text)?.[1]), "SIGTERM");
  await third.untilEnd();
  t.equal(await ended(), "ended 0", "SIGTERM");
  await device.expect("<close>");

  const fourth = await Client.connect(t, port);
  fourth.send("z");
  await device.expect("z");
  device.close();
  await fourth.untilEnd();
  t.equal(await ended(), "ended 0", "the device");
});

t.test("a device that cannot be opened: the peer is told, exit status 1", async t => {
  const { port, ended } = await inetd(t, "0:raw:0:/dev/no-such-tty:9600");
  const client = await Client.connect(t, port);
  t.equal(await client.untilEnd(), "Device open failure: No such file or directory\r\n");
  t.equal(await ended(), "ended 1");
});

t.test("a large answer is whole before the end", async t => {
  const { device, port, ended } = await inetd(t, "CLOSEON:end:<end>", "0:raw:0:DEVICE:4000000 end");
  const client = await Client.connect(t, port);
  client.send("go");
  await device.expect("go");
  const text = `${"0123456789".repeat(50_000)}<end>`;
  device.send(text);
  t.ok((await client.untilEnd()) === text);
  t.equal(await ended(), "ended 0");
});

t.test("traces know the peer's address", async t => {
  const file = join(temporaryFolder(t), "trace");
  const { device, port, ended } = await inetd(t, `TRACEFILE:f:${file}`, "0:raw:0:DEVICE:9600 tb=f hexdump timestamp");
  const client = await Client.connect(t, port);
  client.send("x");
  await device.expect("x");
  const { localPort } = client.socket;
  await client.close();
  await ended();
  const lines = readFileSync(file, "latin1")
    .split("\n")
    .map(line => line.slice(20));
  t.same(lines, [
    `OPEN (127.0.0.1:${localPort})`,
    "tcp  78                       |x|",
    "CLOSE netcon (network read close)",
    "CLOSE port (All network connections free)",
    "",
  ]);
});

t.test("socat as the server, one daemon a connection", needs("socat"), async t => {
  const port = await (await portNumbers(t))();
  const device = PtyDevice.open(t);
  // A colon means something to socat.
  const command = `${process.execPath} ${BUNDLE} -n -u -C 0\\:raw\\:0\\:${device.path}\\:9600`;
  const listen = `TCP-LISTEN:${port},bind=127.0.0.1,reuseaddr`;
  const server = runProgram(t, "socat", ["-d", "-d", listen, `EXEC:${command},nofork`]);
  await server.errors.expect("listening on");
  const client = await Client.connect(t, port);
  client.send("question");
  await device.expect("question");
  device.send("answer");
  await client.expect("answer");
  client.finish();
  t.equal(await client.untilEnd(), "");
  t.same(await server.exit(), { code: 0, signal: null }, "it has become the daemon");
});

t.test("systemd-socket-activate as the server, as with Accept=yes", needs("systemd-socket-activate"), async t => {
  const port = await (await portNumbers(t))();
  const device = PtyDevice.open(t);
  const command = [process.execPath, BUNDLE, "-n", "-u", "-C", `0:raw:0:${device.path}:9600`];
  const options = ["--accept", "--inetd", "-l", `127.0.0.1:${port}`];
  const server = runProgram(t, "systemd-socket-activate", [...options, ...command]);
  await server.errors.expect("Listening on");
  for (const round of ["first", "second"]) {
    const client = await Client.connect(t, port);
    client.send(round);
    await device.expect(round);
    device.send(`answer to ${round}`);
    await client.expect(`answer to ${round}`);
    await client.close();
    await server.errors.expect(/exited|died/);
  }
});
