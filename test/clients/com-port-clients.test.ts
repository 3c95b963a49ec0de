/** Two more real RFC 2217 clients, and how they set the line. */
import t, { type Test } from "tap";
import { termiosBits as bits, getTermios } from "../../service/native/serial.js";
import { runProgram } from "../support/daemon.js";
import { serveOnePort } from "../support/one-port.js";
import type { PtyDevice } from "../support/pty.js";
import { needs } from "../support/tools.js";
import { NEEDS_UART, Uart } from "../support/uart.js";
import { until } from "../support/wait.js";

async function serveUart(t: Test) {
  const uart = new Uart(t);
  const served = await serveOnePort(t, { state: "telnet", options: "9600 remctl" }, { env: uart.env });
  return { ...served, done: served.daemon.running.errors };
}

/** The settings of a pseudo-terminal. */
function lineOf(device: PtyDevice) {
  const { outputSpeed: speed, cflag, iflag } = getTermios(device.slave);
  return {
    speed,
    twoStopBits: (cflag & bits.CSTOPB) !== 0,
    odd: (cflag & bits.PARODD) !== 0,
    flow: (iflag & bits.IXON) !== 0 ? "xonxoff" : (cflag & bits.CRTSCTS) !== 0 ? "rtscts" : "none",
  };
}

t.test("gensiot sets the line, sends a break and carries data", { ...needs("gensiot"), ...NEEDS_UART }, async t => {
  const { port, device, done } = await serveUart(t);
  const url = `telnet(rfc2217=true),tcp,127.0.0.1,${port}`;
  const client = runProgram(t, "gensiot", ["-i", "stdio(self)", "-e", "28", url]);
  const type = (keys: string) => client.process.stdin?.write(keys);
  type("hello");
  await device.expect("hello");
  t.same(lineOf(device), { speed: 9600, twoStopBits: false, odd: false, flow: "none" });
  type("\x1cs460800\n");
  type("\x1co\x1c2\x1cx");
  const wanted = { speed: 460800, twoStopBits: true, odd: true, flow: "xonxoff" };
  await until("the line is as gensiot asked", () => JSON.stringify(lineOf(device)) === JSON.stringify(wanted));
  type("\x1cr");
  await until("flow control is RTS/CTS", () => lineOf(device).flow === "rtscts");
  await done.expect("break off\n"); // of the open
  type("\x1cb");
  await done.expect("break on\n");
  await done.expect("break off\n");
  device.send("answer\xff\r\n");
  t.equal((await client.output.expect("\r\n")).slice(-9), "answer\xff\r\n"); // after its own echo of the speed
  type("\x1cq");
  t.same(await client.exit(), { code: 0, signal: null });
});

t.test("C-Kermit sets the line, sees carrier and sends a break", { ...needs("kermit"), ...NEEDS_UART }, async t => {
  const { port, device, done } = await serveUart(t);
  const script = [
    `set host 127.0.0.1 ${port} /telnet`,
    "if fail exit 1",
    "set speed 19200",
    "set stop-bits 2",
    "set parity hardware odd",
    "output ready",
    "input 20 {go on}",
    "if fail exit 2",
    "output \\B",
    "output done",
    "input 20 {bye}",
    "if fail exit 3",
    "show communications",
    "hangup",
    "exit 0",
  ];
  const client = runProgram(t, "kermit", ["-H", "-Y", "-C", script.join(", ")]);
  await device.expect("ready");
  t.same(lineOf(device), { speed: 19200, twoStopBits: true, odd: true, flow: "rtscts" });
  device.send("go on");
  await device.expect("done");
  t.match(await done.expect("write done\n"), "write ready\nbreak on\nbreak off\nwrite done\n");
  device.send("bye");
  t.equal(await done.expect("lines 166\n"), "lines 024\nlines 166\n", "it hangs up by DTR");
  t.same(await client.exit(), { code: 0, signal: null });
  t.match(await client.output.untilEnd(), /Signature +: ser2net.*CTS Signal On.*RLSD \(CD\) Signal On/s);
});
