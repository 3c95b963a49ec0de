/** The parsers of bytes: telnet, RFC 2217, D-Bus. */
import { CALL, decode, encode } from "../../service/dbus/codec.js";
import { Variant } from "../../service/dbus/marshal.js";
import { Frames, MAX_RECEIVED } from "../../service/dbus/transport.js";
import { MAX_SUBOPTION_BYTES, TelnetDecoder } from "../../service/telnet/decoder.js";
import { dataPortPolicy, Negotiation } from "../../service/telnet/negotiation.js";
import { encodeReply, parseRequest } from "../../service/telnet/rfc2217.js";
import { fill, insist, type Parser } from "./parser.js";

/** The chunks in which it comes. */
const CHUNK = 1000;

function chunks(text: string, length: number): Buffer[] {
  const bytes = Buffer.from(text, "latin1");
  return Array.from({ length: Math.ceil(bytes.length / length) }, (_, at) =>
    bytes.subarray(at * length, (at + 1) * length),
  );
}

const telnet: Parser = {
  name: "telnet",
  parse(text) {
    for (const length of [CHUNK, 1]) {
      const decoder = new TelnetDecoder();
      const negotiation = new Negotiation(dataPortPolicy(true));
      for (const chunk of chunks(text, length)) {
        for (const event of decoder.push(chunk)) {
          if (event.kind === "negotiate") negotiation.receive(event.verb, event.option);
          if (event.kind === "suboption")
            insist(event.bytes.length <= MAX_SUBOPTION_BYTES, "a suboption that is too long");
          if (event.kind === "data") insist(event.bytes.length > 0, "data that is none");
        }
      }
    }
  },
  samples: [
    "text",
    "\xff\xff",
    "\xff\xfb\x2c",
    "\xff\xfd\x00",
    "\xff\xfa\x2c\x01\x00\x00\x25\x80\xff\xf0",
    "\xff\xf3",
    "\xff",
    "\r\0",
  ],
  hurtful: {
    data: length => fill("x", length),
    IACs: length => fill("\xff", length),
    commands: length => fill("\xff\xf1", length),
    "commands and data": length => fill("x\xff\xf1", length),
    negotiations: length => fill("\xff\xfb\x2c\xff\xfc\x2c", length),
    "a suboption without an end": length => `\xff\xfa\x2c${fill("x", length)}`,
    "a suboption of IACs": length => `\xff\xfa\x2c${fill("\xff\xff", length)}`,
    "suboptions without an option": length => fill("\xff\xfa\xff\xf0", length),
    "suboptions in suboptions": length => fill("\xff\xfa\x2c", length),
    suboptions: length => fill("\xff\xfa\x2c\x05\x01\xff\xf0", length),
  },
};

const comPort: Parser = {
  name: "RFC 2217",
  parse(text) {
    for (const body of chunks(text, MAX_SUBOPTION_BYTES)) {
      const request = parseRequest(body);
      if (request?.kind === "signature") encodeReply(request);
    }
  },
  samples: [
    "\x00signature",
    "\x01\x00\x00\x25\x80",
    "\x01\x08",
    "\x02\x08",
    "\x05\x0f",
    "\x0a\xff",
    "\x0c\x03",
    "\x08",
  ],
  hurtful: {
    signatures: length => fill("\0", length),
    "signatures of IACs": length => fill(`\0${"\xff".repeat(MAX_SUBOPTION_BYTES - 1)}`, length),
    rates: length => fill("\x01", length),
  },
};

function message(body: readonly unknown[], signature: string): string {
  const place = { destination: "a.b", path: "/a", interface: "a.b", member: "M" };
  return encode({ type: CALL, ...place, signature, body }, 1).toString("latin1");
}

/** The value in so many variants, one in the other. */
function nested(depth: number): Variant {
  let value = new Variant("u", 1);
  for (let left = depth; left > 0; left--) value = new Variant("v", value);
  return value;
}

/** A message whose body is changed after it was made: its lengths stay right. */
function withBody(body: string, signature: string): string {
  const head = Buffer.from(message(signature === "" ? [] : [""], signature === "" ? "" : "s"), "latin1");
  const headLength = head.length - 5;
  head.writeUInt32LE(body.length, 4);
  const at = head.lastIndexOf("\x01s\0");
  if (signature !== "") head.write(signature.charAt(0), at + 1, "latin1");
  return head.toString("latin1", 0, headLength) + body;
}

const dbus: Parser = {
  name: "D-Bus messages",
  parse(text) {
    for (const length of [CHUNK, 16]) {
      const frames = new Frames();
      for (const chunk of chunks(text, length)) {
        frames.push(chunk);
        for (let frame = frames.take(); frame !== null; frame = frames.take()) {
          if (frame === "not a message") return;
          insist(frame.bytes.length <= MAX_RECEIVED, "a message that is too long");
          const received = decode(frame.bytes);
          if (received === null || !frame.whole) continue;
          try {
            received.body();
          } catch {
            // As for a call whose arguments cannot be read.
          }
        }
      }
    }
  },
  samples: [
    message([], ""),
    message(["text", 1, nested(3)], "suv"),
    message([["a", "b"], { a: nested(1) }], "asa{sv}"),
    withBody("\x04\0\0\0abc\0", "v"),
    "l\x01\0\x01",
    "B\x01\0\x01",
    "\x03a()\0",
    "\xff\xff\xff\xff",
    "\x05a(yy)",
    "\0\0\0\0",
  ],
  hurtful: {
    "a long text": length => message(["x".repeat(length)], "s"),
    texts: length => message([Array.from({ length: length / 8 }, () => "abc")], "as"),
    "variants in variants": length => message([nested(Math.min(length / 4, 5000))], "v"),
    "a list of variants": length => message([Array.from({ length: length / 8 }, () => new Variant("y", 1))], "av"),
    "messages without a body": length => fill(message([], ""), length),
    "a message that does not end": length => `l\x01\0\x01\xff\xff\x03\0\x01\0\0\0\0\0\0\0${fill("\0", length)}`,
    "a message that is too long": length => `l\x01\0\x01\xff\xff\xff\x0f\x01\0\0\0\0\0\0\0${fill("\0", length)}`,
    "a list of nothing": length => withBody(`\x03a()\0\0\0\0\xff\xff\xff\x0f${fill("\0", length)}`, "v"),
    "a list that is longer than the message": length =>
      withBody(`\x03ay\0\0\0\0\0\xff\xff\xff\xff${fill("\0", length)}`, "v"),
    "a list of bytes that is longer than the message": length =>
      withBody(`\x05a(y)\0\0\0\xff\xff\xff\x7f\0\0\0\0${fill("\0", length)}`, "v"),
    "nothing that is a message": length => fill("x", length),
  },
};

export const BYTE_PARSERS: readonly Parser[] = [telnet, comPort, dbus];
