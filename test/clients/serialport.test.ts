/** The npm package serialport, with its own binding and parsers: as the device at the far end, and as a client of the line. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ByteLengthParser, DelimiterParser, PacketLengthParser, ReadlineParser, SerialPort } from "serialport";
import t, { type Test } from "tap";
import { getTermios } from "../../service/native/serial.js";
import { Client } from "../support/client.js";
import { ComPort } from "../support/com-port.js";
import { Daemon, runProgram, temporaryFolder } from "../support/daemon.js";
import { serveOnePort } from "../support/one-port.js";
import { portNumbers } from "../support/ports.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";

const SOCAT = needs("socat");
const SETTINGS = { baudRate: 19_200, dataBits: 8, parity: "even", stopBits: 1, rtscts: true } as const;

/** Runs socat between a new pseudo-terminal and `other`; the path of the pseudo-terminal. */
async function socat(t: Test, other: (folder: string) => string): Promise<string> {
  const folder = temporaryFolder(t);
  const line = join(folder, "line");
  runProgram(t, "socat", [`pty,rawer,link=${line}`, other(folder)]);
  await until("the line is there", () => existsSync(line));
  return line;
}

/** Two pseudo-terminals joined as by a cable: the paths of the ends. */
async function cable(t: Test): Promise<readonly [string, string]> {
  const line = await socat(t, folder => `pty,rawer,link=${join(folder, "far")}`);
  const far = join(line, "../far");
  await until("its far end is there", () => existsSync(far));
  return [line, far];
}

/** A pseudo-terminal in place of the network port, which users make for programs that know only serial lines. */
function bridge(t: Test, port: number): Promise<string> {
  return socat(t, () => `tcp:127.0.0.1:${port}`);
}

async function open(t: Test, path: string, settings: Partial<typeof SETTINGS> = {}): Promise<SerialPort> {
  const port = new SerialPort({ baudRate: 9600, ...settings, path, autoOpen: false });
  await done(callback => port.open(callback));
  t.teardown(() => port.isOpen && done(callback => port.close(callback)));
  return port;
}

/** Calls a member of a serial port; rejects with its error. */
function done(call: (callback: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => call(error => (error ? reject(error) : resolve())));
}

/** What a parser makes of the bytes, one after the other. */
function parsed(parser: NodeJS.ReadableStream): unknown[] {
  const all: unknown[] = [];
  parser.on("data", one => all.push(one));
  return all;
}

/** A frame of Modbus RTU: with its checksum, low byte first ("MODBUS over Serial Line", 6.2.2). */
function modbus(...frame: number[]): Buffer {
  let sum = 0xffff;
  for (const byte of frame) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >> 1) ^ 0xa001 : sum >> 1;
  }
  return Buffer.from([...frame, sum & 0xff, sum >> 8]);
}

const READ_REGISTERS = modbus(0x11, 3, 0, 0x6b, 0, 3);
const REGISTERS = modbus(0x11, 3, 6, 0xae, 0x41, 0x0d, 0x0a, 0xff, 0xff);

t.test("as the device it answers a raw client by lines, and a telnet client byte by byte", SOCAT, async t => {
  const [near, far] = await cable(t);
  const numbers = await portNumbers(t);
  const [controlPort, raw, telnet] = [await numbers(), await numbers(), await numbers()];
  const line = (port: number, state: string) => `127.0.0.1,${port}:${state}:0:${near}:19200 EVEN RTSCTS LOCAL`;
  const daemon = await Daemon.start(t, { controlPort, config: [line(raw, "raw"), line(telnet, "telnet")] });
  const device = await open(t, far, SETTINGS);
  const lines = device.pipe(new ReadlineParser({ delimiter: "\r\n" }));
  const commands = parsed(lines);

  const instrument = await Client.connect(t, raw);
  instrument.send("MEAS:");
  instrument.send("VOLT?\r\n*IDN?\r\n");
  await until("both commands", () => commands.length === 2);
  t.same(commands, ["MEAS:VOLT?", "*IDN?"]);
  device.write("+4.98E+00\r\n");
  t.equal(await instrument.expect("\r\n"), "+4.98E+00\r\n");
  await t.rejects(
    done(callback => device.set({ rts: true, dtr: false }, callback)),
    /cannot set/,
    "a pseudo-terminal has no modem lines",
  );
  await done(callback => device.update({ baudRate: 115_200 }, callback));
  device.write("still here\r\n");
  t.equal(await instrument.expect("\r\n"), "still here\r\n");
  await instrument.close();
  const idle = "  tcp to device state: unconnected\r\n";
  await until("the line is free", async () => (await daemon.ask(`showport 127.0.0.1,${raw}`)).includes(idle));

  device.unpipe(lines);
  const requests = parsed(device.pipe(new ByteLengthParser({ length: READ_REGISTERS.length })));
  const master = await ComPort.connect(t, telnet);
  master.send("fffb00 fffd00"); // BINARY in both directions
  master.send(READ_REGISTERS.toString("hex"));
  await until("the request", () => requests.length === 1);
  t.same(requests, [READ_REGISTERS]);
  device.write(REGISTERS);
  await master.expect(REGISTERS.toString("hex").replaceAll("ff", "ffff"));
});

t.test("as a client of the line it talks in lines and in frames, through a bridge to the port", SOCAT, async t => {
  const { port, device, untilFree } = await serveOnePort(t, { options: "19200 EVEN LOCAL" });
  const client = await open(t, await bridge(t, port));
  const lines = client.pipe(new ReadlineParser({ delimiter: "\r" }));
  const positions = parsed(lines);
  client.write("G1 X10\r");
  t.equal(await device.expect("\r"), "G1 X10\r");
  t.equal(getTermios(device.slave).outputSpeed, 19_200, "the daemon has set the line, not the client");
  device.send("ok X1");
  device.send("0.00\rok\r");
  await until("both answers", () => positions.length === 2);
  t.same(positions, ["ok X10.00", "ok"]);

  client.unpipe(lines);
  const frames = client.pipe(
    new PacketLengthParser({ delimiter: 0x11, packetOverhead: 5, lengthBytes: 1, lengthOffset: 2 }),
  );
  const answers = parsed(frames);
  client.write(READ_REGISTERS);
  t.equal(await device.expectBytes(READ_REGISTERS.length), READ_REGISTERS.toString("latin1"));
  for (const part of [REGISTERS.subarray(0, 4), REGISTERS.subarray(4)]) device.send(part);
  await until("the frame", () => answers.length === 1);
  t.same(answers, [REGISTERS]);

  client.unpipe(frames);
  const records = parsed(client.pipe(new DelimiterParser({ delimiter: [0x1c, 0x0d] })));
  device.send("\x0bMSH|^~\\&|ANALYSER\r\x1c\r");
  await until("the record", () => records.length === 1);
  t.same(records, [Buffer.from("\x0bMSH|^~\\&|ANALYSER\r")]);
  await done(callback => client.close(callback));
  device.close();
  await untilFree();
});

t.test("on both ends at once, all bytes both ways", SOCAT, async t => {
  const [near, far] = await cable(t);
  const numbers = await portNumbers(t);
  const [controlPort, port] = [await numbers(), await numbers()];
  await Daemon.start(t, { controlPort, config: [`127.0.0.1,${port}:raw:0:${near}:115200 LOCAL`] });
  const device = await open(t, far);
  const client = await open(t, await bridge(t, port));
  const bytes = Buffer.from(Uint8Array.from({ length: 65_536 }, (_, at) => (at * 7 + (at >> 8)) & 0xff));
  const whole = [device, client].map(one => parsed(one.pipe(new ByteLengthParser({ length: bytes.length }))));
  device.write(bytes);
  client.write(bytes);
  await until("all of it", () => whole.every(one => one.length === 1));
  for (const one of whole) t.ok(bytes.equals(one[0] as Buffer));
});
