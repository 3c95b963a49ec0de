/** Real clients against the built daemon. */
import { createSocket } from "node:dgram";
import t, { type Test } from "tap";
import { Client } from "../support/client.js";
import { createConsole } from "../support/console.js";
import { Daemon, runProgram } from "../support/daemon.js";
import { Incoming } from "../support/incoming.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { Terminal } from "../support/terminal.js";
import { needs, needsPython } from "../support/tools.js";
import { until } from "../support/wait.js";

/** A daemon with one port, which leads to the simulated console. */
async function serveConsole(t: Test, state: "telnet" | "raw", options = "") {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const board = createConsole(() => 4);
  const device = PtyDevice.open(t, (bytes, line) => line.send(board.input(Buffer.from(bytes).toString("latin1"))));
  const config = [`127.0.0.1,${port}:${state}:0:${device.path}:115200 ${options}`];
  const daemon = await Daemon.start(t, { controlPort, config });
  return { daemon, port, board, device };
}

t.test("telnet ends in character mode with remote echo and holds a conversation", needs("telnet"), async t => {
  const { port } = await serveConsole(t, "telnet", "remctl");
  const user = new Terminal(t, "telnet", ["127.0.0.1", `${port}`]);
  t.same(user.modeBefore, { echo: true, lines: true }, "the terminal echoes and collects lines before");
  await user.see("Escape character is");
  await until("the terminal leaves echo and lines to the far end", () => !user.mode.echo && !user.mode.lines);

  user.type("\r");
  await user.see("board login: ");
  user.type("d");
  await user.see("d"); // one key, shown by the board, without Enter
  user.type("emo\r");
  await user.see("Password: ");
  user.type("demo\r");
  t.equal(await user.see("board$ "), '\r\nType "help" for help.\r\nboard$ ', "the password is not shown");
  user.type("led on\r");
  t.equal(await user.see("board$ "), "led on\r\nled is on\r\nboard$ ", "each key is shown once");
  t.same(user.mode, { echo: false, lines: false }, "it stays in character mode");

  user.type("\x1d");
  await user.see("telnet> ");
  user.type("quit\r");
  await user.see("Connection closed.");
  await user.ended;
});

t.test("telnet on the control port: keys are echoed once and commands answered", needs("telnet"), async t => {
  const { daemon, port } = await serveConsole(t, "raw");
  const user = new Terminal(t, "telnet", ["127.0.0.1", `${daemon.controlPort}`]);
  await user.see("-> ");
  await until("the terminal leaves echo and lines to the far end", () => !user.mode.echo && !user.mode.lines);
  user.type(`showport 127.0.0.1,${port}\r`);
  const shown = await user.see("-> ");
  t.match(shown, new RegExp(`^showport 127\\.0\\.0\\.1,${port}\\r\\nTCP Port 127\\.0\\.0\\.1,${port}\\r\\n`));
  user.type("exit\r");
  await user.see("Connection closed by foreign host.");
  await user.ended;
});

t.test("socat, nc and a Python socket talk to the console of a raw port", async t => {
  const { port } = await serveConsole(t, "raw");
  const script = [
    "import socket, sys, shutil, threading",
    `s = socket.create_connection(("127.0.0.1", ${port}))`,
    "def out():",
    "  while b := s.recv(4096): sys.stdout.buffer.write(b); sys.stdout.buffer.flush()",
    "threading.Thread(target=out, daemon=True).start()",
    "while b := sys.stdin.buffer.read1(): s.sendall(b)",
  ].join("\n");
  const programs: [string, string[]][] = [
    ["socat", ["-", `TCP:127.0.0.1:${port}`]],
    ["nc", ["-N", "127.0.0.1", `${port}`]],
    ["python3", ["-c", script]],
  ];
  for (const [program, args] of programs) {
    await t.test(program, needs(program), async t => {
      const client = runProgram(t, program, args);
      client.process.stdin?.write("\r");
      await client.output.expect("board login: ");
      client.process.stdin?.write("demo\rdemo\rversion\r");
      t.equal(
        await client.output.expect("a simulation"),
        ["demo\r\nPassword: \r\n", 'Type "help" for help.\r\nboard$ version\r\nTiny Board 1.2, a simulation'].join(""),
      );
      await client.output.expect("board$ ");
      client.process.stdin?.write("exit\r");
      await client.output.expect("board login: ");
      client.process.stdin?.end();
      await client.exit();
    });
  }
});

t.test("pyserial opens the port by RFC 2217, changes the line and talks", needsPython("serial"), async t => {
  const { port, daemon } = await serveConsole(t, "telnet", "remctl");
  const script = `
import serial
s = serial.serial_for_url("rfc2217://127.0.0.1:${port}", timeout=10)
print("open", s.baudrate, flush=True)
s.baudrate = 19200
s.stopbits = 2
s.rts = False
s.reset_input_buffer()
s.write(b"\\r")
print(s.read_until(b"login: ")[-7:].decode(), flush=True)
s.close()
`;
  const client = runProgram(t, "/usr/bin/python3", ["-c", script]);
  t.same(await client.exit(), { code: 0, signal: null }, client.errors.text);
  t.equal(await client.output.untilEnd(), "open 9600\nlogin: \n");
  await until("the port is free again", async () => (await daemon.ask("showport")).includes("  unconnected\r\n"));
});

t.test("gensiot with RFC 2217 holds a conversation", needs("gensiot"), async t => {
  const { port } = await serveConsole(t, "telnet", "remctl");
  const client = runProgram(t, "gensiot", [...["-i", "stdio(self)", `telnet(rfc2217=true),tcp,127.0.0.1,${port}`]]);
  client.process.stdin?.write("\r");
  await client.output.expect("board login: ");
  client.process.stdin?.write("demo\rdemo\ruptime\r");
  await client.output.expect("up 0 seconds");
  client.process.kill();
  await client.exit();
});

t.test("C-Kermit logs in and runs a command", needs("kermit"), async t => {
  const { port } = await serveConsole(t, "telnet", "remctl");
  const script = [
    "set carrier-watch off", // a pseudo-terminal has no carrier to report
    `set host 127.0.0.1 ${port} /telnet`,
    "if fail exit 1",
    "set input echo on",
    "output \\13",
    "input 20 {board login: }",
    "output demo\\13",
    "input 20 {Password: }",
    "output demo\\13",
    "input 20 {board$ }",
    "output led on\\13",
    "input 20 {led is on}",
    "if fail exit 2",
    "exit 0",
  ];
  const client = runProgram(t, "kermit", ["-H", "-Y", "-C", script.join(", ")]);
  t.same(await client.exit(), { code: 0, signal: null });
  t.match(await client.output.untilEnd(), "led on\r\nled is on");
});

t.test("a UDP port: a datagram opens the session, answers go to its sender", async t => {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const device = PtyDevice.open(t);
  await Daemon.start(t, { controlPort, config: [`udp,127.0.0.1,${port}:raw:0:${device.path}:115200`] });
  const [peer, received] = [createSocket("udp4"), new Incoming()];
  t.teardown(() => peer.close());
  peer.on("message", bytes => received.push(bytes));
  peer.send("question", port, "127.0.0.1");
  t.equal(await device.expect("question"), "question");
  device.send("answer");
  t.equal(await received.expect("answer"), "answer");
});

t.test("a raw port carries every byte value both ways, and a half-closed peer is closed", async t => {
  const { port, device } = await serveEcho(t);
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const text = Buffer.from(all).toString("latin1");
  const client = await Client.connect(t, port);
  client.send(all);
  t.equal(await client.expectBytes(256), text);
  device.send(all);
  t.equal(await client.expectBytes(256), text);
  client.finish();
  t.equal(await client.untilEnd(), "");
});

async function serveEcho(t: Test) {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const device = PtyDevice.echo(t);
  await Daemon.start(t, { controlPort, config: [`127.0.0.1,${port}:raw:0:${device.path}:115200`] });
  return { port, device };
}
