/** Our marshaller against that of dbus-next and against the bytes of the specification. */
import { createRequire } from "node:module";
import t from "tap";
import { CALL, ERROR, encode, REPLY, type Sent, SIGNAL } from "../../service/dbus/codec.js";
import { marshal, Variant } from "../../service/dbus/marshal.js";

const require = createRequire(import.meta.url);
const { marshallMessage } = require("dbus-next/lib/marshall-compat.js");
const { Message } = require("dbus-next/lib/message-type.js");
const { Variant: TheirVariant } = require("dbus-next/lib/variant.js");

const v = (signature: string, value: unknown) => new Variant(signature, value);

t.test("values have the bytes the specification shows", async t => {
  const hex = (signature: string, ...values: unknown[]) => marshal(signature, values).toString("hex");
  t.equal(hex("s", "foo"), "0300000066" + "6f6f00");
  t.equal(hex("ss", "foo", "bar"), "03000000666f6f0003000000626172" + "00");
  t.equal(hex("yu", 1, 2), "0100000002000000");
  t.equal(hex("yt", 1, 2n), "01000000000000000200000000000000");
  t.equal(hex("g", "a{sv}"), "05617b73767d00");
  t.equal(hex("at", []), "0000000000000000", "an empty array has the gap before its first element");
  t.equal(hex("at", [5n]), "08000000000000000500000000000000", "which its length does not count");
  t.equal(hex("v", v("u", 7)), "0175000007000000");
  t.equal(hex("bq", true, 65_535), "01000000ffff");
});

const BODIES: readonly (readonly [string, ...unknown[]])[] = [
  [""],
  ["s", ""],
  ["s", "café \u{1f600}"],
  ["s", "x".repeat(100_000)],
  ["yqubt", 255, 65_535, 4_294_967_295, true, 18_446_744_073_709_551_615n],
  ["ybyqyuytyo", 1, false, 2, 3, 4, 5, 6, 7n, 8, "/a/b"],
  ["as", []],
  ["as", ["a", "bc", "def"]],
  ["ao", ["/a", "/b/c"]],
  [
    "a(sq)",
    [
      ["192.0.2.1", 40_000],
      ["", 0],
    ],
  ],
  ["a(suuss)", [["f", 1, 2, "m", "e"]]],
  ["a{sb}", { DTR: true, RTS: false }],
  ["a{sv}", {}],
  [
    "a{sv}",
    { a: v("y", 1), b: v("t", 2n), c: v("a{sv}", { d: v("s", "e") }), f: v("ao", []), g: v("v", v("b", true)) },
  ],
  ["sa{sv}as", "x.y", { P: v("a(sq)", [["a", 1]]) }, []],
  ["oa{sa{sv}}", "/a", { "x.y": { P: v("t", 5n) }, "z.z": {} }],
  ["ya{oa{sa{sv}}}y", 1, { "/a": { "x.y": { P: v("u", 5) } }, "/bc": {} }, 2],
];

t.test("messages of every kind are, byte for byte, what dbus-next writes", async t => {
  for (const [signature, ...body] of BODIES) {
    const content = { signature, body };
    const place = { path: "/a/b_c", interface: "d.e", member: "F" };
    const answer = { destination: ":1.23", replySerial: 77 };
    const messages: readonly Sent[] = [
      { type: CALL, destination: "a.b", ...place, ...content },
      { type: REPLY, ...answer, ...content },
      { type: ERROR, ...answer, errorName: "x.y.Z", ...content },
      { type: SIGNAL, ...place, ...content },
    ];
    for (const message of messages) {
      const ours = encode(message, 4_294_967_295);
      const [theirs] = marshallMessage(new Message({ ...message, body: body.map(translate), serial: 4_294_967_295 }));
      t.equal(ours.toString("hex"), theirs.toString("hex"), `${message.type} ${signature}`);
    }
  }
});

t.test("what cannot be written is a fault here, before the bus sees it", async t => {
  t.throws(() => marshal("s", ["a\0b"]), "the bus would end the connection");
  t.throws(() => marshal("u", [-1]));
  t.throws(() => marshal("u", [2 ** 32]));
  t.throws(() => marshal("y", [256]));
  t.throws(() => marshal("t", [-1n]));
  t.throws(() => marshal("s", [7]));
  t.throws(() => marshal("(sq)", [["a"]]), "a structure with too few members");
  t.throws(() => marshal("(s)", [["a", "b"]]), "and with too many");
  t.throws(() => marshal("su", ["a"]));
  t.throws(() => marshal("s", ["a", "b"]));
  t.throws(() => marshal("x", [1]), "a type that is not in use");
});

/** Our variants as theirs. */
function translate(value: unknown): unknown {
  if (value instanceof Variant) return new TheirVariant(value.signature, translate(value.value));
  if (Array.isArray(value)) return value.map(translate);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, translate(one)]));
}
