import t from "tap";
import { TelnetDecoder } from "../../service/telnet/decoder.js";
import { encodeNegotiation, encodeSuboption, escapeIac } from "../../service/telnet/encoder.js";
import { randomIntegers } from "../support/random.js";
import { bytes, hex, told } from "./bytes.js";

const SEED = 854;

t.test("an IAC in the data is doubled and nothing else is changed", async t => {
  const cases = [
    ["61 ff 62", "61 ff ff 62"],
    ["ff", "ff ff"],
    ["ff ff", "ff ff ff ff"],
    ["0d 00 0d 0a fe 00 ff", "0d 00 0d 0a fe 00 ff ff"],
  ] as const;
  for (const [data, sent] of cases) {
    t.equal(hex(escapeIac(bytes(data), new Uint8Array(64))), sent);
  }
});

t.test("data without an IAC is handed back as it is", async t => {
  const data = bytes("00 0d 0a fe");
  t.equal(escapeIac(data, new Uint8Array(8)), data);
});

t.test("escaped data is a view of the scratch", async t => {
  const scratch = new Uint8Array(8);
  t.equal(escapeIac(bytes("61 ff"), scratch).buffer, scratch.buffer);
});

t.test("a scratch too small is a bug, whatever the data", async t => {
  t.throws(() => escapeIac(bytes("61 62"), new Uint8Array(3)), RangeError);
});

t.test("negotiations and suboptions are written as RFC 854 has them", async t => {
  t.equal(hex(encodeNegotiation("will", 3)), "ff fb 03");
  t.equal(hex(encodeNegotiation("wont", 1)), "ff fc 01");
  t.equal(hex(encodeNegotiation("do", 0)), "ff fd 00");
  t.equal(hex(encodeNegotiation("dont", 44)), "ff fe 2c");
  t.equal(hex(encodeSuboption(44, bytes("65 00 ff 00 ff"))), "ff fa 2c 65 00 ff ff 00 ff ff ff f0");
});

t.test("what is encoded is decoded to the same", async t => {
  t.comment(`seed ${SEED}`);
  const random = randomIntegers(SEED);
  const some = (length: number): Uint8Array => Uint8Array.from({ length }, () => (random(4) === 0 ? 255 : random(256)));
  const wrong: string[] = [];
  for (let round = 0; round < 500; round++) {
    const data = some(1 + random(200));
    const body = some(random(300));
    const option = random(256);
    const stream = Uint8Array.of(
      ...escapeIac(data, new Uint8Array(400)),
      ...encodeSuboption(option, body),
      ...encodeNegotiation("do", option),
      ...escapeIac(data, new Uint8Array(400)),
    );
    const lines = told(new TelnetDecoder().push(stream));
    const wanted = [`data ${hex(data)}`, `suboption ${option}: ${hex(body)}`, `do ${option}`, `data ${hex(data)}`];
    if (lines.join() !== wanted.join()) wrong.push(hex(stream));
  }
  t.same(wrong, []);
});
