import t from "tap";
import { MAX_SUBOPTION_BYTES, TelnetDecoder, type TelnetEvent } from "../../service/telnet/decoder.js";
import { randomIntegers } from "../support/random.js";
import { bytes, hex, told } from "./bytes.js";

const SEED = 20170217;

const STREAMS: readonly (readonly [title: string, input: string, events: readonly string[]])[] = [
  ["plain data", "61 62 0d 0a 0d 00", ["data 61 62 0d 0a 0d 00"]],
  ["a doubled IAC is one data byte", "61 ff ff 62", ["data 61 ff 62"]],
  ["many doubled IACs", "ff ff ff ff ff ff", ["data ff ff ff"]],
  ["BRK", "61 ff f3 62", ["data 61", "command f3", "data 62"]],
  ["DM", "ff f2", ["command f2"]],
  ["SE outside of a suboption", "61 ff f0 62", ["data 61", "command f0", "data 62"]],
  ["an undefined command", "ff 41 66", ["command 41", "data 66"]],
  ["the lowest and the highest two-byte command", "ff 00 ff f9", ["command 0", "command f9"]],
  ["negotiations", "ff fb 00 ff fc 01 ff fd 03 ff fe 2c 78", ["will 0", "wont 1", "do 3", "dont 44", "data 78"]],
  ["a negotiation about option 255", "ff fb ff 61", ["will 255", "data 61"]],
  ["a suboption", "61 ff fa 1f 41 42 43 ff f0 67", ["data 61", "suboption 31: 41 42 43", "data 67"]],
  ["a suboption without a body", "ff fa 2c ff f0 67", ["suboption 44: ", "data 67"]],
  ["a doubled IAC in a suboption", "ff fa 2c 01 00 ff ff 00 ff ff ff f0", ["suboption 44: 01 00 ff 00 ff"]],
  ["another command in a suboption is dropped", "ff fa 2c 0b ff f1 07 ff f0", ["suboption 44: 0b 07"]],
  ["IAC SE ends a suboption that has no option", "ff fa ff f0 61 62", ["data 61 62"]],
  ["a suboption of option 255", "ff fa ff ff 01 ff f0", ["suboption 255: 01"]],
  ["another command before the option is dropped", "ff fa ff f1 2c 05 ff f0", ["suboption 44: 05"]],
  [
    "a second IAC SB within a suboption is dropped",
    "ff fa 2c 05 ff fa 07 ff f0 61",
    ["suboption 44: 05 07", "data 61"],
  ],
  [
    "the stream captured from the reference",
    "61 ff ff 62 0d 0a 0d 00 63 ff f9 64 ff f6 65 ff 41 66 ff fa 1f 41 42 43 ff f0 67",
    [
      ...["data 61 ff 62 0d 0a 0d 00 63", "command f9", "data 64", "command f6", "data 65", "command 41", "data 66"],
      ...["suboption 31: 41 42 43", "data 67"],
    ],
  ],
  ["an open command gives nothing yet", "61 ff", ["data 61"]],
  ["an open suboption gives nothing yet", "61 ff fa 2c 01 02", ["data 61"]],
];

t.test("a stream gives the same events whole, byte by byte, and cut at each position", async t => {
  for (const [title, input, events] of STREAMS) {
    const stream = bytes(input);
    t.same(told(new TelnetDecoder().push(stream)), events, `${title}: whole`);
    for (let cut = 0; cut <= stream.length; cut++) {
      t.same(told(decode([stream.subarray(0, cut), stream.subarray(cut)])), events, `${title}: cut at ${cut}`);
    }
    t.same(told(decode(single(stream))), events, `${title}: byte by byte`);
  }
});

t.test("the reference passes the captured stream to the device without its commands", async t => {
  const input = bytes("61 ff ff 62 0d 0a 0d 00 63 ff f9 64 ff f6 65 ff 41 66 ff fa 1f 41 42 43 ff f0 67");
  const data = new TelnetDecoder().push(input).flatMap(event => (event.kind === "data" ? [...event.bytes] : []));
  t.same(data, [...bytes("61 ff 62 0d 0a 0d 00 63 64 65 66 67")]);
});

t.test("a chunk of data only is handed on as it is, not copied", async t => {
  const chunk = bytes("00 01 fe 0d 0a");
  const [event, ...more] = new TelnetDecoder().push(chunk);
  t.equal(event?.kind === "data" ? event.bytes : null, chunk);
  t.same(more, []);
});

t.test("data between two commands is one event, however many IACs are doubled in it", async t => {
  const events = new TelnetDecoder().push(bytes("61 ff ff 62 ff ff ff ff 63 ff f1 64"));
  t.same(
    events.map(event => event.kind),
    ["data", "command", "data"],
  );
});

t.test("an empty chunk changes nothing", async t => {
  const decoder = new TelnetDecoder();
  decoder.push(bytes("ff"));
  t.same(decoder.push(bytes("")), []);
  t.same(told(decoder.push(bytes("f3"))), ["command f3"]);
});

t.test("a chunk passes untouched only between commands and without an IAC", async t => {
  const plain = bytes("61 62");
  const decoder = new TelnetDecoder();
  t.equal(decoder.passes(plain), true, "at the start");
  t.equal(decoder.passes(bytes("61 ff")), false, "an IAC is in it");
  for (const open of ["ff", "ff fb", "ff fa", "ff fa ff", "ff fa 2c", "ff fa 2c 01 ff"]) {
    const inside = new TelnetDecoder();
    inside.push(bytes(open));
    t.equal(inside.passes(plain), false, `after ${open}`);
  }
  decoder.push(bytes("ff fa 2c 01 ff f0"));
  t.equal(decoder.passes(plain), true, "after a whole suboption");
});

t.test("a lonely IAC eats one byte and no more", async t => {
  t.same(told(new TelnetDecoder().push(bytes("62 ff 58 61 66"))), ["data 62", "command 58", "data 61 66"]);
});

t.test("an overlong suboption counts with its first bytes, and what follows it is data", async t => {
  const body = Uint8Array.from({ length: 2000 }, (_, at) => at % 251);
  const input = Uint8Array.of(91, 255, 250, 44, ...body, 255, 240, 93);
  for (const chunks of [[input], single(input)]) {
    const events = decode(chunks);
    t.same(
      events.map(event => event.kind),
      ["data", "suboption", "data"],
    );
    const [, suboption] = events;
    t.same(suboption?.kind === "suboption" ? suboption.bytes : null, body.subarray(0, MAX_SUBOPTION_BYTES));
  }
});

t.test("a suboption with the longest signature is kept whole", async t => {
  const body = Uint8Array.from({ length: 300 }, () => 0xff);
  const doubled = body.length * 2;
  const [event] = new TelnetDecoder().push(Uint8Array.of(255, 250, 44, ...new Uint8Array(doubled).fill(255), 255, 240));
  t.same(event?.kind === "suboption" ? event.bytes : null, body);
});

t.test("a suboption handed out is not changed by the next one", async t => {
  const decoder = new TelnetDecoder();
  const first = decoder.push(bytes("ff fa 2c 01 02 ff f0"));
  decoder.push(bytes("ff fa 2c 09 09 ff f0"));
  t.same(told(first), ["suboption 44: 01 02"]);
});

t.test("random bytes, with many IACs, give the same events however they are cut", async t => {
  t.comment(`seed ${SEED}`);
  const random = randomIntegers(SEED);
  const likely = [255, 255, 255, 250, 240, 251, 253, 44, 0, 65];
  const wrong: string[] = [];
  for (let round = 0; round < 300; round++) {
    const stream = Uint8Array.from({ length: random(400) }, () =>
      random(2) === 0 ? (likely[random(likely.length)] ?? 0) : random(256),
    );
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < stream.length; ) {
      const next = at + 1 + random(30);
      chunks.push(stream.subarray(at, next));
      at = next;
    }
    const events = decode(chunks);
    const whole = new TelnetDecoder().push(stream);
    const out = events.reduce((sum, event) => sum + ("bytes" in event ? event.bytes.length : 1), 0);
    if (told(events).join() !== told(whole).join() || out > stream.length) wrong.push(hex(stream));
  }
  t.same(wrong, []);
});

t.test("a suboption that never ends keeps a bounded number of bytes", async t => {
  const decoder = new TelnetDecoder();
  decoder.push(bytes("ff fa 2c"));
  const chunk = new Uint8Array(65536).fill(65);
  for (let round = 0; round < 100; round++) t.same(decoder.push(chunk), []);
  const [event] = decoder.push(bytes("ff f0"));
  t.equal(event?.kind === "suboption" ? event.bytes.length : null, MAX_SUBOPTION_BYTES);
});

function decode(chunks: readonly Uint8Array[]): TelnetEvent[] {
  const decoder = new TelnetDecoder();
  return chunks.flatMap(chunk => decoder.push(chunk));
}

function single(stream: Uint8Array): Uint8Array[] {
  return Array.from(stream, (_, at) => stream.subarray(at, at + 1));
}
