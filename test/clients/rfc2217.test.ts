/** RFC 2217 on the wire: every command of the specification's table, its answer and what it does to the line. */
import t, { type Test } from "tap";
import { termiosBits as bits, getTermios } from "../../service/native/serial.js";
import { ComPort, serveComPort } from "../support/com-port.js";
import { serveOnePort } from "../support/one-port.js";

/** Request body, answer body; "" is silence. */
type Table = readonly (readonly [request: string, answer: string, why: string])[];

async function follow(t: Test, com: ComPort, table: Table): Promise<void> {
  for (const [request, answer, why] of table) {
    t.equal(await com.ask(request), answer.replaceAll(" ", ""), `${request}: ${why}`);
  }
}

t.test("agreement: the modem state is told at once, then the option is agreed, once", async t => {
  const { com, state } = await serveComPort(t);
  t.equal(state, "fffa2c6b00fff0", "a pseudo-terminal has no modem lines");
  t.equal(await com.answer("fffb2c"), "", "WILL again");
  t.equal(await com.answer("fffd2c"), "fffb2c", "DO is answered by WILL");
  t.equal(await com.answer("fffd2c"), "", "once");
});

t.test("withdrawn, the option answers no more; agreed again, it does", async t => {
  const { com, port } = await serveComPort(t, "9600 remctl max-connections=2");
  com.send("fffc2c fffa2c0000fff0");
  await com.expect("fffe2c");
  com.send("fffb2c");
  t.equal(await com.until("fffd2c"), "fffa2c6b00fff0fffd2c", "the signature request between them went unanswered");
  t.equal(await com.ask("00"), `64${Buffer.from("ser2net").toString("hex")}`);
  const { com: other } = await ComPort.agree(t, port);
  t.equal(await other.ask("02 00"), "6608", "another connection has its own agreement");
});

t.test("before it is agreed, and without remctl, nothing is carried out", async t => {
  const { device, port } = await serveOnePort(t, { state: "telnet", options: "9600 remctl" });
  const early = await ComPort.connect(t, port);
  early.send("fffa2c010000e100fff0 fffd2c");
  await early.expect("fffb2c"); // our DO alone does not allow the peer to ask
  early.send("fffa2c010000e100fff0");
  early.client.send("x");
  await device.expect("x");
  t.equal(getTermios(device.slave).outputSpeed, 9600);

  const plain = await serveOnePort(t, { state: "telnet", options: "9600 -remctl" });
  const refused = await ComPort.connect(t, plain.port);
  refused.send("fffb2c fffd2c fffa2c010000e100fff0");
  await refused.expect("fffe2c fffc2c");
  refused.client.send("y");
  await plain.device.expect("y");
  t.equal(getTermios(plain.device.slave).outputSpeed, 9600);
});

t.test("SIGNATURE: the port's own, else that of -s, else ser2net; whatever the client says of itself", async t => {
  const { com } = await serveComPort(t);
  await follow(t, com, [
    ["00", "64 73 65 72 32 6e 65 74", "asked"],
    ["00 63 6c 69", "64 73 65 72 32 6e 65 74", "a client that gives its own"],
  ]);
  const given = await serveComPort(t, "9600 remctl", ["-s", "Rack 7 %d"]);
  t.equal(await given.com.ask("00"), `64${Buffer.from("Rack 7 %d").toString("hex")}`);

  const long = `${"s".repeat(300)}`;
  const before = ["SIGNATURE:own:\\d stays", `SIGNATURE:long:${long}`];
  for (const [name, text] of [
    ["own", "\\d stays"],
    ["long", long.slice(0, 254)],
  ] as const) {
    const options = `9600 remctl ${name}`;
    const { port } = await serveOnePort(t, { state: "telnet", options, before }, { args: ["-s", "other"] });
    const { com } = await ComPort.agree(t, port);
    t.equal(await com.ask("00"), `64${Buffer.from(text).toString("hex")}`, "no escapes, at most 254 bytes");
  }
});

t.test("SET-BAUDRATE: the answer is the rate in force, and the line has it", async t => {
  const { com, device } = await serveComPort(t);
  const listed = [50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400, 57600, 115200];
  const fast = [230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000, 3500000];
  for (const rate of [...listed, ...fast, 4000000, 14400, 28800, 31250, 250000]) {
    const four = rate.toString(16).padStart(8, "0");
    t.equal(await com.ask(`01 ${four}`), `65${four}`, `${rate}`);
    t.equal(getTermios(device.slave).outputSpeed, rate);
  }
  await follow(t, com, [
    ["01 00 00 00 00", "65 00 03 d0 90", "a question: 250000"],
    ["01 00 00 00 01", "65 00 03 d0 90", "no line is that slow"],
    ["01 ffff ffff ffff ffff", "65 00 03 d0 90", "nor that fast"],
    ["01 00 00 ffff ffff", "65 00 00 ffff ffff", "65535: a byte of ff is doubled, both ways"],
    ["01 00 00 25 80 77 77", "65 00 00 25 80", "of more than four bytes the first four count"],
    ["01", "", "no rate"],
    ["01 00 25", "", "two bytes"],
    ["01 00 00 25", "", "three bytes"],
    ["01 00 00 00 00", "65 00 00 25 80", "none of these changed it"],
  ]);
});

t.test("SET-BAUDRATE in one byte, as Cisco IOS sends it, is answered in one byte", async t => {
  const { com, device } = await serveComPort(t);
  const codes = { 3: 300, 4: 600, 5: 1200, 6: 2400, 7: 4800, 8: 9600, 10: 19200, 12: 38400, 13: 57600, 14: 115200 };
  for (const [code, rate] of [...Object.entries(codes), ["15", 230400] as const]) {
    const byte = Number(code).toString(16).padStart(2, "0");
    t.equal(await com.ask(`01 ${byte}`), `65${byte}`, code);
    t.equal(getTermios(device.slave).outputSpeed, rate);
  }
  for (const byte of ["00", "01", "02", "09", "0b", "10", "20", "ffff"]) {
    t.equal(await com.ask(`01 ${byte}`), "650f", `${byte}: unchanged`);
  }
  await follow(t, com, [
    ["01 00 00 38 40", "65 00 00 38 40", "14400 has no code"],
    ["01 00", "65 00", "so a question in one byte is answered by 0"],
  ]);
});

t.test("SET-DATASIZE, SET-PARITY, SET-STOPSIZE: what is in force is answered", async t => {
  const { com } = await serveComPort(t);
  await follow(t, com, [
    ["02 00", "66 08", "asked"],
    ["02 05", "66 05", "5 bits"],
    ["02 06", "66 06", "6 bits"],
    ["02 07", "66 07", "7 bits"],
    ["02 04", "66 07", "4 bits: unchanged"],
    ["02 09", "66 07", "9 bits: unchanged"],
    ["02 08", "66 08", "8 bits"],
    ["02", "", "no value"],
    ["03 00", "67 01", "asked: none"],
    ["03 02", "67 02", "odd"],
    ["03 03", "67 03", "even"],
    ["03 04", "67 04", "mark"],
    ["03 05", "67 05", "space"],
    ["03 06", "67 05", "unknown: unchanged"],
    ["03 01", "67 01", "none, after space"],
    ["03", "", "no value"],
    ["04 00", "68 01", "asked"],
    ["04 02", "68 02", "2"],
    ["04 03", "68 02", "one and a half: unchanged"],
    ["04 01", "68 01", "1"],
    ["04", "", "no value"],
  ]);
});

t.test("parity and stop bits reach the line, mark and space too", async t => {
  const { com, device } = await serveComPort(t);
  // A pseudo-terminal keeps the parity kind and the stop bits, though it sends 8 bits without parity.
  const kinds = bits.PARODD | bits.CMSPAR;
  for (const [parity, flags] of [
    ["02", bits.PARODD],
    ["04", bits.PARODD | bits.CMSPAR],
    ["05", bits.CMSPAR],
    ["03", 0],
    ["04", bits.PARODD | bits.CMSPAR],
    ["01", 0],
  ] as const) {
    await com.ask(`03 ${parity}`);
    t.equal(getTermios(device.slave).cflag & kinds, flags, parity);
  }
  await com.ask("04 02");
  t.ok(getTermios(device.slave).cflag & bits.CSTOPB);
});

t.test("SET-CONTROL: flow control, both directions", async t => {
  const { com, device } = await serveComPort(t);
  const flow = () => {
    const { iflag, cflag, cc } = getTermios(device.slave);
    const [out, back] = [(iflag & bits.IXON) !== 0, (iflag & bits.IXOFF) !== 0];
    const any = (iflag & bits.IXANY) !== 0;
    return { out, back, any, rtscts: (cflag & bits.CRTSCTS) !== 0, stop: cc[bits.VSTOP] };
  };
  await follow(t, com, [
    ["05 00", "69 01", "asked: none"],
    ["05 02", "69 02", "XON/XOFF"],
  ]);
  t.same(flow(), { out: true, back: true, any: false, rtscts: false, stop: 0x13 }, "only the real XON goes on");
  await follow(t, com, [
    ["05 00", "69 02", "asked"],
    ["05 0d", "69 0f", "inbound, asked: XON/XOFF"],
    ["05 03", "69 03", "RTS/CTS"],
  ]);
  t.same(flow(), { out: false, back: false, any: false, rtscts: true, stop: 0 });
  for (const value of ["0d", "0e", "10", "11", "12", "13"]) {
    t.equal(await com.ask(`05 ${value}`), "6910", `${value}: inbound RTS/CTS, nothing changed`);
  }
  await follow(t, com, [
    ["05 01", "69 01", "none"],
    ["05 0d", "69 0e", "inbound, asked: none"],
    ["05 0f", "69 0f", "inbound XON/XOFF alone"],
    ["05 00", "69 01", "leaves outbound as it is"],
    ["05 14", "69 00", "unknown"],
    ["05 ffff", "69 00", "unknown"],
    ["05", "", "no value"],
  ]);
  t.same(flow(), { out: false, back: true, any: false, rtscts: false, stop: 0x13 });
});

t.test("SET-CONTROL: break, and lines that a device without modem lines keeps as asked", async t => {
  const { com } = await serveComPort(t);
  await follow(t, com, [
    ["05 04", "69 06", "break: off"],
    ["05 05", "69 05", "on"],
    ["05 04", "69 05", "asked: on"],
    ["05 06", "69 06", "off"],
    ["05 07", "69 08", "DTR: on, as after every open"],
    ["05 09", "69 09", "off"],
    ["05 07", "69 09", "asked: off"],
    ["05 0a", "69 0b", "RTS: on"],
    ["05 0c", "69 0c", "off"],
    ["05 08", "69 08", "DTR on"],
    ["05 0a", "69 0c", "RTS still off"],
    ["05 0b", "69 0b", "on"],
  ]);
});

t.test("masks, purge, and what is not answered", async t => {
  const { com } = await serveComPort(t);
  await follow(t, com, [
    ["0a 1e", "6e 1e", "line state mask"],
    ["0a ffff", "6e ffff", "all of it"],
    ["0b 00", "6f 00", "modem state mask"],
    ["0b ffff", "6f ffff", "all of it"],
    ["0c 01", "70 01", "purge input"],
    ["0c 02", "70 02", "output"],
    ["0c 03", "70 03", "both"],
    ["0c 00", "70 00", "no such queue"],
    ["0c 04", "70 00", "no such queue"],
    ["06 10", "", "NOTIFY-LINESTATE from a client"],
    ["07 10", "", "NOTIFY-MODEMSTATE from a client"],
    ["08", "", "suspend"],
    ["09", "", "resume"],
    ["0a", "", "no mask"],
    ["0b", "", "no mask"],
    ["0c", "", "no queue"],
    ["0d 00", "", "no such command"],
    ["64 00", "", "an answer"],
    ["ffff 00", "", "no such command"],
    ["", "", "an empty body"],
  ]);
});
