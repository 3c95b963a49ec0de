import t from "tap";
import type { LineCounters, ModemState } from "../../service/line/modem.js";
import {
  type ComPortReply,
  type ComPortRequest,
  encodeReply,
  lineStateByte,
  modemStateByte,
  parseRequest,
} from "../../service/telnet/rfc2217.js";
import { randomIntegers } from "../support/random.js";
import { bytes, hex } from "./bytes.js";

const SEED = 2217;

const REQUESTS: readonly (readonly [body: string, request: ComPortRequest])[] = [
  ["00", { kind: "signature", text: "" }],
  ["00 6c 61 62 ff", { kind: "signature", text: "lab\xff" }],
  ["01 00 00 25 80", { kind: "baud", form: "rate", speed: 9600 }],
  ["01 00 07 08 00", { kind: "baud", form: "rate", speed: 460800 }],
  ["01 ff ff ff ff", { kind: "baud", form: "rate", speed: 4294967295 }],
  ["01 00 00 00 00", { kind: "baud", form: "rate", speed: null }],
  ["01 00 00 25 80 77 77", { kind: "baud", form: "rate", speed: 9600 }],
  ["02 00", { kind: "data-size", bits: null }],
  ["02 04", { kind: "data-size", bits: null }],
  ["02 05", { kind: "data-size", bits: 5 }],
  ["02 06", { kind: "data-size", bits: 6 }],
  ["02 07", { kind: "data-size", bits: 7 }],
  ["02 08", { kind: "data-size", bits: 8 }],
  ["02 09", { kind: "data-size", bits: null }],
  ["03 00", { kind: "parity", parity: null }],
  ["03 01", { kind: "parity", parity: "none" }],
  ["03 02", { kind: "parity", parity: "odd" }],
  ["03 03", { kind: "parity", parity: "even" }],
  ["03 04", { kind: "parity", parity: "mark" }],
  ["03 05", { kind: "parity", parity: "space" }],
  ["03 06", { kind: "parity", parity: null }],
  ["04 00", { kind: "stop-size", bits: null }],
  ["04 01", { kind: "stop-size", bits: 1 }],
  ["04 02", { kind: "stop-size", bits: 2 }],
  ["04 03", { kind: "stop-size", bits: null }],
  ["05 00", { kind: "outbound-flow", flow: null }],
  ["05 01", { kind: "outbound-flow", flow: "none" }],
  ["05 02", { kind: "outbound-flow", flow: "xon-xoff" }],
  ["05 03", { kind: "outbound-flow", flow: "rts-cts" }],
  ["05 04", { kind: "break", on: null }],
  ["05 05", { kind: "break", on: true }],
  ["05 06", { kind: "break", on: false }],
  ["05 07", { kind: "dtr", on: null }],
  ["05 08", { kind: "dtr", on: true }],
  ["05 09", { kind: "dtr", on: false }],
  ["05 0a", { kind: "rts", on: null }],
  ["05 0b", { kind: "rts", on: true }],
  ["05 0c", { kind: "rts", on: false }],
  ["05 0d", { kind: "inbound-flow", flow: null }],
  ["05 0e", { kind: "inbound-flow", flow: null }],
  ["05 0f", { kind: "inbound-flow", flow: "xon-xoff" }],
  ["05 10", { kind: "inbound-flow", flow: null }],
  ["05 11", { kind: "inbound-flow", flow: null }],
  ["05 12", { kind: "inbound-flow", flow: null }],
  ["05 13", { kind: "inbound-flow", flow: null }],
  ["05 14", { kind: "unknown-control" }],
  ["05 ff", { kind: "unknown-control" }],
  ["06 10", { kind: "notify-line-state", state: 0x10 }],
  ["07 b0", { kind: "notify-modem-state", state: 0xb0 }],
  ["08", { kind: "suspend" }],
  ["09", { kind: "resume" }],
  ["0a 1e", { kind: "line-state-mask", mask: 0x1e }],
  ["0b ff", { kind: "modem-state-mask", mask: 0xff }],
  ["0c 01", { kind: "purge", queues: "input" }],
  ["0c 02", { kind: "purge", queues: "output" }],
  ["0c 03", { kind: "purge", queues: "both" }],
  ["0c 00", { kind: "purge", queues: null }],
  ["0c 04", { kind: "purge", queues: null }],
  ["02 08 63 64", { kind: "data-size", bits: 8 }],
];

t.test("each request is understood", async t => {
  for (const [body, request] of REQUESTS) t.same(parseRequest(bytes(body)), request, body);
});

t.test("a request is understood within a larger buffer", async t => {
  t.same(parseRequest(bytes("aa bb 01 00 01 c2 00 cc").subarray(2, 7)), { kind: "baud", form: "rate", speed: 115200 });
});

t.test("requests that are empty, too short or unknown are none", async t => {
  const none = ["", "01", "01 00 25", "01 00 25 80", "02", "03", "04", "05", "06", "07", "0a", "0b", "0c"];
  for (const body of [...none, "0d", "0d 01", "63 01 02 03", "64", "65 00 00 25 80", "6b 01", "ff ff"]) {
    t.equal(parseRequest(bytes(body)), null, `<${body}>`);
  }
});

const CISCO = [
  ["03", 300],
  ["04", 600],
  ["05", 1200],
  ["06", 2400],
  ["07", 4800],
  ["08", 9600],
  ["0a", 19200],
  ["0c", 38400],
  ["0d", 57600],
  ["0e", 115200],
  ["0f", 230400],
] as const;

t.test("the one-byte speeds of Cisco IOS are understood and told", async t => {
  for (const [code, speed] of CISCO) {
    t.same(parseRequest(bytes(`01 ${code}`)), { kind: "baud", form: "cisco", speed }, code);
    t.equal(hex(encodeReply({ kind: "baud", form: "cisco", speed })), `ff fa 2c 65 ${code} ff f0`);
  }
  for (const code of ["00", "01", "02", "09", "0b", "10", "c8", "ff"]) {
    t.same(parseRequest(bytes(`01 ${code}`)), { kind: "baud", form: "cisco", speed: null }, code);
  }
  for (const speed of [50, 110, 460800]) {
    t.equal(hex(encodeReply({ kind: "baud", form: "cisco", speed })), "ff fa 2c 65 00 ff f0", `${speed} has no code`);
  }
});

const REPLIES: readonly (readonly [reply: ComPortReply, sent: string])[] = [
  [{ kind: "signature", text: "ser2net" }, "ff fa 2c 64 73 65 72 32 6e 65 74 ff f0"],
  [{ kind: "signature", text: "a\xffb" }, "ff fa 2c 64 61 ff ff 62 ff f0"],
  [{ kind: "baud", form: "rate", speed: 9600 }, "ff fa 2c 65 00 00 25 80 ff f0"],
  [{ kind: "baud", form: "rate", speed: 230400 }, "ff fa 2c 65 00 03 84 00 ff f0"],
  [{ kind: "baud", form: "rate", speed: 460800 }, "ff fa 2c 65 00 07 08 00 ff f0"],
  [{ kind: "baud", form: "rate", speed: 0x00ff00ff }, "ff fa 2c 65 00 ff ff 00 ff ff ff f0"],
  [{ kind: "baud", form: "rate", speed: 0xfffefdfc }, "ff fa 2c 65 ff ff fe fd fc ff f0"],
  [{ kind: "data-size", bits: 8 }, "ff fa 2c 66 08 ff f0"],
  [{ kind: "data-size", bits: 5 }, "ff fa 2c 66 05 ff f0"],
  [{ kind: "parity", parity: "none" }, "ff fa 2c 67 01 ff f0"],
  [{ kind: "parity", parity: "odd" }, "ff fa 2c 67 02 ff f0"],
  [{ kind: "parity", parity: "even" }, "ff fa 2c 67 03 ff f0"],
  [{ kind: "parity", parity: "mark" }, "ff fa 2c 67 04 ff f0"],
  [{ kind: "parity", parity: "space" }, "ff fa 2c 67 05 ff f0"],
  [{ kind: "stop-size", bits: 1 }, "ff fa 2c 68 01 ff f0"],
  [{ kind: "stop-size", bits: 2 }, "ff fa 2c 68 02 ff f0"],
  [{ kind: "outbound-flow", flow: "none" }, "ff fa 2c 69 01 ff f0"],
  [{ kind: "outbound-flow", flow: "xon-xoff" }, "ff fa 2c 69 02 ff f0"],
  [{ kind: "outbound-flow", flow: "rts-cts" }, "ff fa 2c 69 03 ff f0"],
  [{ kind: "break", on: true }, "ff fa 2c 69 05 ff f0"],
  [{ kind: "break", on: false }, "ff fa 2c 69 06 ff f0"],
  [{ kind: "dtr", on: null }, "ff fa 2c 69 07 ff f0"],
  [{ kind: "dtr", on: true }, "ff fa 2c 69 08 ff f0"],
  [{ kind: "dtr", on: false }, "ff fa 2c 69 09 ff f0"],
  [{ kind: "rts", on: null }, "ff fa 2c 69 0a ff f0"],
  [{ kind: "rts", on: true }, "ff fa 2c 69 0b ff f0"],
  [{ kind: "rts", on: false }, "ff fa 2c 69 0c ff f0"],
  [{ kind: "inbound-flow", flow: "none" }, "ff fa 2c 69 0e ff f0"],
  [{ kind: "inbound-flow", flow: "xon-xoff" }, "ff fa 2c 69 0f ff f0"],
  [{ kind: "inbound-flow", flow: "rts-cts" }, "ff fa 2c 69 10 ff f0"],
  [{ kind: "unknown-control" }, "ff fa 2c 69 00 ff f0"],
  [{ kind: "notify-line-state", state: 0x10 }, "ff fa 2c 6a 10 ff f0"],
  [{ kind: "notify-modem-state", state: 0xb0 }, "ff fa 2c 6b b0 ff f0"],
  [{ kind: "notify-modem-state", state: 0xff }, "ff fa 2c 6b ff ff ff f0"],
  [{ kind: "line-state-mask", mask: 0x10 }, "ff fa 2c 6e 10 ff f0"],
  [{ kind: "modem-state-mask", mask: 0xff }, "ff fa 2c 6f ff ff ff f0"],
  [{ kind: "purge", queues: "input" }, "ff fa 2c 70 01 ff f0"],
  [{ kind: "purge", queues: "output" }, "ff fa 2c 70 02 ff f0"],
  [{ kind: "purge", queues: "both" }, "ff fa 2c 70 03 ff f0"],
  [{ kind: "purge", queues: null }, "ff fa 2c 70 00 ff f0"],
];

t.test("each reply and notification is written as the reference does", async t => {
  for (const [reply, sent] of REPLIES) t.equal(hex(encodeReply(reply)), sent, JSON.stringify(reply));
});

t.test("a signature is cut after 254 bytes", async t => {
  const sent = encodeReply({ kind: "signature", text: "s".repeat(300) });
  t.equal(sent.length, 4 + 254 + 2);
});

t.test("random bodies never fail", async t => {
  t.comment(`seed ${SEED}`);
  const random = randomIntegers(SEED);
  let understood = 0;
  for (let round = 0; round < 5000; round++) {
    const body = Uint8Array.from({ length: random(12) }, (_, at) => (at === 0 ? random(16) : random(256)));
    if (parseRequest(body) !== null) understood++;
  }
  t.ok(understood > 1000, `${understood} were requests`);
});

const ALL_OFF: ModemState = { cts: false, dsr: false, dcd: false, ri: false };
const ALL_ON: ModemState = { cts: true, dsr: true, dcd: true, ri: true };

t.test("a first modem state tells the lines and no change", async t => {
  t.equal(modemStateByte(ALL_OFF, null), 0x00);
  t.equal(modemStateByte(ALL_ON, null), 0xf0);
  t.equal(modemStateByte({ ...ALL_OFF, dcd: true }, null), 0x80);
  t.equal(modemStateByte({ ...ALL_OFF, ri: true }, null), 0x40);
  t.equal(modemStateByte({ ...ALL_OFF, dsr: true }, null), 0x20);
  t.equal(modemStateByte({ ...ALL_OFF, cts: true }, null), 0x10);
});

t.test("a later modem state tells what changed, of RI only its end", async t => {
  t.equal(modemStateByte({ ...ALL_OFF, cts: true }, ALL_OFF), 0x11);
  t.equal(modemStateByte({ ...ALL_OFF, dsr: true }, ALL_OFF), 0x22);
  t.equal(modemStateByte({ ...ALL_OFF, ri: true }, ALL_OFF), 0x40);
  t.equal(modemStateByte({ ...ALL_OFF, dcd: true }, ALL_OFF), 0x88);
  t.equal(modemStateByte(ALL_OFF, ALL_ON), 0x0f);
  t.equal(modemStateByte(ALL_ON, ALL_ON), 0xf0);
  // as 4.3.11 told it: DCD, DSR, CTS come up; then DSR and DCD fall
  t.equal(modemStateByte({ ...ALL_ON, ri: false }, ALL_OFF), 0xbb);
  t.equal(modemStateByte({ ...ALL_OFF, cts: true }, { ...ALL_ON, ri: false }), 0x1a);
});

t.test("a line state tells which errors were counted since", async t => {
  const none: LineCounters = {
    ...{ cts: 0, dsr: 0, ri: 0, dcd: 0 },
    ...{ frame: 7, overrun: 7, parity: 7, break: 7, bufferOverrun: 7 },
  };
  t.equal(lineStateByte(none, none), 0);
  t.equal(lineStateByte({ ...none, cts: 3, dsr: 3, ri: 3, dcd: 3 }, none), 0);
  t.equal(lineStateByte({ ...none, break: 8 }, none), 0x10);
  t.equal(lineStateByte({ ...none, frame: 9 }, none), 0x08);
  t.equal(lineStateByte({ ...none, parity: 8 }, none), 0x04);
  t.equal(lineStateByte({ ...none, overrun: 8 }, none), 0x02);
  t.equal(lineStateByte({ ...none, bufferOverrun: 8 }, none), 0x02);
  t.equal(lineStateByte({ ...none, break: 0, frame: 0 }, none), 0x18, "a counter that went round");
});
