import t from "tap";
import { type LineSettings, STANDARD_LINE } from "../../service/line/settings.js";
import { askedSettings, isLineRequest, settingsReply } from "../../service/telnet/line-requests.js";
import { encodeReply, parseRequest } from "../../service/telnet/rfc2217.js";
import { bytes, hex } from "./bytes.js";

/** Carries the request out on a line that takes every setting: the new settings, and the reply. */
function ask(body: string, line: LineSettings): { line: LineSettings; reply: string } {
  const request = parseRequest(bytes(body));
  if (request === null || !isLineRequest(request)) throw new Error(`${body} is not about line settings`);
  const now = askedSettings(request, line);
  return { line: now, reply: hex(encodeReply(settingsReply(request, now)).subarray(3, -2)) };
}

const CHANGES: readonly (readonly [body: string, changed: Partial<LineSettings>, reply: string])[] = [
  ["01 00 01 c2 00", { speed: 115200 }, "65 00 01 c2 00"],
  ["01 0e", { speed: 115200 }, "65 0e"],
  ["02 07", { dataBits: 7 }, "66 07"],
  ["03 02", { parity: "odd" }, "67 02"],
  ["03 03", { parity: "even" }, "67 03"],
  ["03 04", { parity: "mark" }, "67 04"],
  ["03 05", { parity: "space" }, "67 05"],
  ["04 02", { stopBits: 2 }, "68 02"],
  ["05 02", { xonxoffOut: true, xonxoffIn: true }, "69 02"],
  ["05 03", { rtscts: true }, "69 03"],
  ["05 0f", { xonxoffIn: true }, "69 0f"],
];

t.test("a request changes its own setting and no other, and is answered with it", async t => {
  for (const [body, changed, reply] of CHANGES) {
    t.same(ask(body, STANDARD_LINE), { line: { ...STANDARD_LINE, ...changed }, reply }, body);
  }
});

t.test("a query, or an unsupported value, changes nothing and is answered with the value in force", async t => {
  const cases = [
    ["01 00 00 00 00", "65 00 00 25 80"],
    ["01 00", "65 08"],
    ["01 09", "65 08"],
    ["02 00", "66 08"],
    ["02 04", "66 08"],
    ["02 09", "66 08"],
    ["03 00", "67 01"],
    ["03 06", "67 01"],
    ["04 00", "68 01"],
    ["04 03", "68 01"],
    ["05 00", "69 01"],
    ["05 0d", "69 0e"],
    ["05 0e", "69 0e"],
    ["05 10", "69 0e"],
    ["05 11", "69 0e"],
    ["05 12", "69 0e"],
    ["05 13", "69 0e"],
  ] as const;
  for (const [body, reply] of cases) {
    const asked = ask(body, STANDARD_LINE);
    t.equal(asked.line, STANDARD_LINE, body);
    t.equal(asked.reply, reply, body);
  }
});

t.test("a kind of outbound flow control takes the place of the other", async t => {
  const hardware = { ...STANDARD_LINE, rtscts: true };
  const software = { ...STANDARD_LINE, xonxoffOut: true, xonxoffIn: true };
  t.same(ask("05 02", hardware).line, software);
  t.same(ask("05 03", software).line, hardware);
  t.same(ask("05 01", software).line, STANDARD_LINE);
  t.same(ask("05 01", hardware).line, STANDARD_LINE);
});

t.test("with RTS/CTS every question about inbound flow is answered so", async t => {
  const hardware = { ...STANDARD_LINE, rtscts: true };
  for (const value of ["0d", "0e", "0f", "10", "11", "12", "13"]) {
    t.equal(ask(`05 ${value}`, hardware).reply, "69 10", value);
  }
});

t.test("flow control in one direction is told of that direction only", async t => {
  const inbound = { ...STANDARD_LINE, xonxoffIn: true };
  t.equal(ask("05 00", inbound).reply, "69 01");
  t.equal(ask("05 0d", inbound).reply, "69 0f");
  const outbound = { ...STANDARD_LINE, xonxoffOut: true };
  t.equal(ask("05 00", outbound).reply, "69 02");
  t.equal(ask("05 0d", outbound).reply, "69 0e");
});

t.test("requests that are not about line settings are told apart", async t => {
  for (const body of ["00", "05 05", "05 08", "05 0b", "05 14", "06 01", "08", "09", "0a 01", "0b 01", "0c 01"]) {
    const request = parseRequest(bytes(body));
    t.equal(request === null ? null : isLineRequest(request), false, body);
  }
});
