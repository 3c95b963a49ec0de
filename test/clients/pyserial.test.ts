/** A stock pyserial client over rfc2217://, the way scripts and flashing tools use a remote port. */
import { createHash } from "node:crypto";
import t, { type Test } from "tap";
import { termiosBits as bits, getTermios } from "../../service/native/serial.js";
import { runProgram } from "../support/daemon.js";
import { serveOnePort } from "../support/one-port.js";
import { needsPython } from "../support/tools.js";
import { NEEDS_UART, Uart } from "../support/uart.js";

const PYSERIAL = needsPython("serial");
const PYSERIAL_AND_UART = { ...PYSERIAL, ...NEEDS_UART };

/** Runs `script` with `s`, the open port, and `say`, which prints a line. */
function python(t: Test, port: number, script: string, query = "") {
  const frame = `
import hashlib, serial, sys, threading
def say(*words): print(*words, flush=True)
s = serial.serial_for_url("rfc2217://127.0.0.1:${port}${query}", timeout=20)
${script}
s.close()
`;
  return runProgram(t, "/usr/bin/python3", ["-c", frame]);
}

/** Its output, after an orderly end. */
async function ran(t: Test, program: ReturnType<typeof python>): Promise<string> {
  t.same(await program.exit(), { code: 0, signal: null }, program.errors.text);
  return program.output.untilEnd();
}

t.test("every setting is accepted and comes to the line", PYSERIAL, async t => {
  const { port, device } = await serveOnePort(t, { state: "telnet", options: "9600 remctl" });
  const program = python(
    t,
    port,
    `
for rate in (300, 1200, 9600, 115200, 230400, 460800, 921600, 1500000, 4000000, 31250, 250000):
    s.baudrate = rate
for size in (5, 6, 7, 8):
    s.bytesize = size
for parity in "EOMSN":
    s.parity = parity
for stop in (2, 1):
    s.stopbits = stop
s.xonxoff = True
s.xonxoff = False
s.rtscts = True
s.rtscts = False
s.baudrate, s.parity, s.stopbits, s.xonxoff = 250000, "O", 2, True
say("set")
sys.stdin.readline()
`,
  );
  await program.output.expect("set\n");
  const { outputSpeed, cflag, iflag } = getTermios(device.slave);
  t.equal(outputSpeed, 250000);
  t.ok(cflag & bits.CSTOPB && cflag & bits.PARODD, "two stop bits, odd parity");
  t.ok(iflag & bits.IXON && iflag & bits.IXOFF);
  program.process.stdin?.end();
  await ran(t, program);
});

t.test("a setting the line cannot have is an error of the client, and the session goes on", PYSERIAL, async t => {
  const { port, device } = await serveOnePort(t, { state: "telnet", options: "9600 remctl" });
  const program = python(
    t,
    port,
    `
s._network_timeout = 20
try:
    s.stopbits = 1.5
except ValueError as error:
    say("refused:", error)
s._stopbits = 1
s.write(b"still here")
say(s.read(6))
`,
  );
  await device.expect("still here");
  device.send("so am I");
  t.match(await ran(t, program), /^refused: remote rejected value for option 'stopsize'\nb'so am '\n$/);
});

t.test("DTR and RTS are kept by a device without modem lines, its inputs are off", PYSERIAL, async t => {
  const { port, daemon } = await serveOnePort(t, { state: "telnet", options: "9600 remctl" });
  const program = python(
    t,
    port,
    `
say(s.cts, s.dsr, s.ri, s.cd)
for dtr, rts in ((True, True), (False, True), (False, False), (True, False)):
    s.dtr, s.rts = dtr, rts
    say(s.dtr, s.rts)
say("set")
sys.stdin.readline()
`,
  );
  t.equal(
    await program.output.expect("set\n"),
    "False False False False\nTrue True\nFalse True\nFalse False\nTrue False\nset\n",
  );
  t.match(await daemon.ask("showport"), "device controls: RTSLO DTRHI \r\n", "as the daemon keeps them");
  program.process.stdin?.end();
  await ran(t, program);
});

t.test("DTR and RTS drive the lines, the inputs follow", PYSERIAL_AND_UART, async t => {
  const uart = new Uart(t);
  const { port } = await serveOnePort(t, { state: "telnet", options: "9600 remctl" }, { env: uart.env });
  const program = python(
    t,
    port,
    `
def follows(dtr, rts):
    s.dtr, s.rts = dtr, rts
    while (s.dsr, s.cd, s.cts) != (dtr, dtr, rts): pass
    say(dtr, rts)
follows(False, True)
follows(True, False)
follows(False, False)
follows(True, True)
`,
  );
  t.equal(await ran(t, program), "False True\nTrue False\nFalse False\nTrue True\n");
});

t.test("esptool's ways to reset a chip: each step of DTR and RTS, in order", PYSERIAL_AND_UART, async t => {
  const uart = new Uart(t);
  const { port, daemon } = await serveOnePort(t, { state: "telnet", options: "115200 remctl" }, { env: uart.env });
  // esptool/reset.py, without its pauses: each call waits for the daemon's answer as it is.
  const program = python(
    t,
    port,
    `
def rts(state):
    s.setRTS(state)
    s.setDTR(s.dtr)  # esptool repeats DTR after each RTS, for adapters that set both at once
s.setDTR(False); rts(False)
say("classic")
s.setDTR(False); rts(True)
s.setDTR(True); rts(False)
s.setDTR(False)
say("usb jtag")
rts(False); s.setDTR(False)
s.setDTR(True); rts(False)
rts(True); s.setDTR(False); rts(True)
s.setDTR(False); rts(False)
say("hard")
rts(True)
rts(False)
say("done")
`,
  );
  await program.output.expect("done\n");
  const [off, dtr, rts, both] = ["000", "142", "024", "166"];
  t.same(steps(daemon.running.errors.text), [
    ...[both, rts, off], // opened with both on, then both taken off
    ...[rts, both, dtr, off], // classic
    ...[dtr, both, rts, off], // USB JTAG
    ...[rts, off], // hard
  ]);
  await ran(t, program);
});

/** The states of the lines, one after the other. */
function steps(log: string): string[] {
  const calls = [...log.matchAll(/^lines (\w+)$/gm)].map(([, lines = ""]) => lines);
  return calls.filter((lines, at) => lines !== calls[at - 1]);
}

t.test("a break, and one that is held", PYSERIAL_AND_UART, async t => {
  const uart = new Uart(t);
  const { port, daemon } = await serveOnePort(t, { state: "telnet", options: "9600 remctl" }, { env: uart.env });
  const { errors } = daemon.running;
  const program = python(
    t,
    port,
    `
s.send_break(0.02)
say("sent")
sys.stdin.readline()
s.break_condition = True
say("held")
sys.stdin.readline()
s.break_condition = False
`,
  );
  await program.output.expect("sent\n");
  t.match(await errors.expect("break on\nbreak off\n"), /^break off\n/, "cleared at open, then sent");
  program.process.stdin?.write("\n");
  await program.output.expect("held\n");
  await errors.expect("break on\n");
  program.process.stdin?.write("\n");
  t.equal(await errors.expect("break off\n"), "break off\n");
  await ran(t, program);
});

t.test("input and output buffers are emptied", PYSERIAL, async t => {
  const { port, device } = await serveOnePort(t, { state: "telnet", options: "9600 remctl" });
  const program = python(
    t,
    port,
    `
s.write(b"go")
while s.in_waiting < 5: pass
s.reset_input_buffer()
s.reset_output_buffer()
say(s.in_waiting)
s.write(b"again")
say(s.read(5))
`,
  );
  await device.expect("go");
  device.send("stale");
  await device.expect("again");
  device.send("fresh");
  t.equal(await ran(t, program), "0\nb'fresh'\n");
});

t.test("a megabyte each way at once arrives as it was sent", PYSERIAL, async t => {
  const { port, device, daemon } = await serveOnePort(t, { state: "telnet", options: "4000000 remctl" });
  const size = 1_000_000;
  const bytes = (salt: number) => Uint8Array.from({ length: size }, (_, at) => (at * at * salt + (at >> 8)) & 0xff);
  const program = python(
    t,
    port,
    `
data = bytes((i * i * 7 + (i >> 8)) & 255 for i in range(${size}))
say("ready")
sender = threading.Thread(target=lambda: s.write(data))
sender.start()
got = s.read(${size})
sender.join()
say(len(got), hashlib.sha256(got).hexdigest())
sys.stdin.readline()
`,
  );
  await program.output.expect("ready\n"); // opening empties the buffers
  device.send(bytes(11));
  const received = await device.expectBytes(size);
  t.equal(sha256(Buffer.from(received, "latin1")), sha256(bytes(7)), "to the device");
  t.equal(await program.output.expect("\n"), `${size} ${sha256(bytes(11))}\n`, "from the device");
  t.match(await daemon.ask("showport"), `bytes written to device: ${size}\r\n`);
  program.process.stdin?.end();
  await ran(t, program);
});

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

t.test("a port without remctl is refused by the client, and free for the next", PYSERIAL, async t => {
  const { port, untilFree } = await serveOnePort(t, { state: "telnet", options: "9600 -remctl" });
  const program = python(t, port, "", "?timeout=1");
  t.same(await program.exit(), { code: 1, signal: null });
  t.match(await program.errors.untilEnd(), "SerialException: Remote does not accept parameter change (RFC2217)");
  await untilFree();
});
