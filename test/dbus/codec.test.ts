/** From bytes to messages, and back. */
import t from "tap";
import {
  CALL,
  decode,
  encode,
  encodeDictionaryStart,
  lengthsOf,
  REPLY,
  type Received,
  type Sent,
} from "../../service/dbus/codec.js";
import { Variant, Writer } from "../../service/dbus/marshal.js";
import { Frames, MAX_RECEIVED } from "../../service/dbus/transport.js";

const PING = { type: CALL, destination: "a.b", path: "/c", interface: "d.e", member: "Ping" } as const;

t.test("messages cut at any byte are the same messages", async t => {
  const first = encode({ ...PING, signature: "su", body: ["text", 7] }, 1);
  const second = encode({ ...PING, member: "Pong", signature: "", body: [] }, 2);
  const stream = Buffer.concat([first, second]);
  for (let cut = 0; cut <= stream.length; cut++) {
    const messages = collect([stream.subarray(0, cut), stream.subarray(cut)]);
    t.same(
      messages.map(content),
      [
        ["Ping", 1, ["text", 7]],
        ["Pong", 2, []],
      ],
      `cut at ${cut}`,
    );
  }
  const bytes = Array.from(stream, byte => Buffer.from([byte]));
  t.same(
    collect(bytes).map(content),
    [
      ["Ping", 1, ["text", 7]],
      ["Pong", 2, []],
    ],
    "byte by byte",
  );
});

t.test("of a message that is too long the head is kept, and the next one is found", async t => {
  const long = encode({ ...PING, signature: "s", body: ["x".repeat(MAX_RECEIVED)] }, 1);
  const next = encode({ ...PING, member: "Pong", signature: "", body: [] }, 2);
  const stream = Buffer.concat([long, next]);
  for (const size of [1000, 65_536, stream.length]) {
    const pieces = Array.from({ length: Math.ceil(stream.length / size) }, (_, i) =>
      stream.subarray(i * size, (i + 1) * size),
    );
    const messages = collect(pieces);
    t.same(
      messages.map(({ message, whole }) => [message?.member, whole]),
      [
        ["Ping", false],
        ["Pong", true],
      ],
    );
  }
});

t.test("a message with a head that is too long is passed over", async t => {
  const long = encode({ ...PING, path: `/${"x".repeat(MAX_RECEIVED)}`, signature: "", body: [] }, 1);
  const next = encode({ ...PING, member: "Pong", signature: "", body: [] }, 2);
  t.same(
    collect([long, next]).map(({ message }) => message?.member),
    ["Pong"],
  );
});

t.test("the longest message that is taken is taken whole", async t => {
  const frame = (text: string) => encode({ ...PING, signature: "s", body: [text] }, 1);
  const longest = frame("x".repeat(MAX_RECEIVED - frame("").length));
  t.equal(longest.length, MAX_RECEIVED);
  t.match(collect([longest]), [{ whole: true }]);
});

t.test("bytes that are not a message end it", async t => {
  const frames = new Frames();
  frames.push(Buffer.from("HTTP/1.1 400 Bad Request"));
  t.equal(frames.take(), "not a message");
});

t.test("a big-endian message is read as well", async t => {
  // Ping to /c, as a machine with the other byte order writes it; the body is one UINT32.
  const bytes = Buffer.from(
    `42010001 00000004 00000102 00000032
     01016f00 00000002 2f630000 00000000
     03017300 00000004 50696e67 00000000
     07017300 00000004 3a312e35 00000000
     08016700 01750000 00000009`.replaceAll(/\s/g, ""),
    "hex",
  );
  t.same(lengthsOf(bytes), { head: 72, whole: 76 });
  const message = decode(bytes);
  t.match(message, { serial: 258, path: "/c", member: "Ping", sender: ":1.5", signature: "u" });
  t.same(message?.body(), [9]);
});

t.test("a body is read only when it is asked for", async t => {
  const bytes = encode({ ...PING, signature: "u", body: [0] }, 1);
  bytes[bytes.indexOf("\x01u\0") + 1] = "h".charCodeAt(0); // a descriptor that was never sent
  const message = decode(bytes);
  t.equal(message?.signature, "h");
  t.throws(() => message?.body());
});

t.test("a dictionary made entry by entry is the same as one made at once", async t => {
  const objects = {
    "/a": { "x.y": { P: new Variant("t", 5n) } },
    "/bcd": { "x.y": { P: new Variant("s", "hello"), Q: new Variant("a{sb}", {}) }, z: {} },
    "/c": {},
  };
  const to = { destination: ":1.1", replySerial: 3 };
  for (const count of [0, 1, 2, 3]) {
    const some = Object.fromEntries(Object.entries(objects).slice(0, count));
    const writer = new Writer();
    for (const entry of Object.entries(some)) writer.put("{oa{sa{sv}}}", 0, entry);
    const start = encodeDictionaryStart(to, "{oa{sa{sv}}}", writer.bytes().length, 9);
    const whole: Sent = { type: REPLY, ...to, signature: "a{oa{sa{sv}}}", body: [some] };
    t.same(Buffer.concat([start, writer.bytes()]), encode(whole, 9), `${count} entries`);
  }
});

t.test("64-bit numbers come through", async t => {
  const body = [18_446_744_073_709_551_615n, 0n, 9_007_199_254_740_993n];
  t.same(decode(encode({ ...PING, signature: "ttt", body }, 1))?.body(), body);
});

interface Collected {
  readonly message: Received | null;
  readonly whole: boolean;
}

function collect(pieces: readonly Buffer[]): Collected[] {
  const frames = new Frames();
  const found: Collected[] = [];
  for (const piece of pieces) {
    frames.push(piece);
    for (let frame = frames.take(); frame !== null; frame = frames.take()) {
      if (frame === "not a message") throw new Error(frame);
      found.push({ message: decode(frame.bytes), whole: frame.whole });
    }
  }
  return found;
}

function content({ message }: Collected) {
  return [message?.member, message?.serial, message?.body()];
}
