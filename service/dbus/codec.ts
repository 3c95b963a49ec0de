/** Encodes and decodes messages of the bus. Received ones are decoded by dbus-next. */
import DBusBuffer, { type TypeTree } from "dbus-next/lib/dbus-buffer.js";
import { messageToJsFmt } from "dbus-next/lib/marshall-compat.js";
import { marshal, pad, Variant } from "./marshal.js";

/** As the D-Bus specification numbers them ("Message Types"). */
export const CALL = 1;
export const REPLY = 2;
export const ERROR = 3;
export const SIGNAL = 4;

const NO_REPLY_EXPECTED = 1;
/** Of the header before its fields. */
export const FIXED_BYTES = 16;
const HEADER = "yyyyuua(yv)";

export interface Received {
  readonly type: number;
  readonly serial: number;
  readonly wantsReply: boolean;
  /** Empty when the message has none. */
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly errorName: string;
  readonly sender: string;
  readonly signature: string;
  readonly replySerial: number;
  /** Decoded when it is asked for, so that an unwanted body costs nothing. Throws on what it cannot read. */
  body(): readonly unknown[];
}

interface Answer {
  /** The sender of the call, and its serial. */
  readonly destination: string;
  readonly replySerial: number;
}

interface Content {
  readonly signature: string;
  readonly body: readonly unknown[];
}

interface Place {
  readonly path: string;
  /** Empty: the first interface that has the member. */
  readonly interface: string;
  readonly member: string;
}

export type Sent =
  | (Content & Place & { readonly type: typeof CALL; readonly destination: string })
  | (Content & Answer & { readonly type: typeof REPLY })
  | (Content & Answer & { readonly type: typeof ERROR; readonly errorName: string })
  | (Content & Place & { readonly type: typeof SIGNAL });

interface Lengths {
  /** All before the body. */
  readonly head: number;
  readonly whole: number;
}

/** The lengths in the first bytes of a message; null while there are too few bytes to tell. */
export function lengthsOf(bytes: Buffer): Lengths | "not a message" | null {
  if (bytes.length < FIXED_BYTES) return null;
  const little = bytes[0] === 0x6c; // l
  if ((!little && bytes[0] !== 0x42) || bytes[3] !== 1) return "not a message";
  const [body, fields] = little
    ? [bytes.readUInt32LE(4), bytes.readUInt32LE(12)]
    : [bytes.readUInt32BE(4), bytes.readUInt32BE(12)];
  const head = FIXED_BYTES + pad(fields);
  return { head, whole: head + body };
}

/** dbus-next does not check the lengths it reads, and never ends where an element has no bytes. */
class Reader extends DBusBuffer {
  override readTree(tree: TypeTree): unknown {
    if ((tree.type === "(" || tree.type === "{") && tree.child.length === 0) throw new Error("an empty structure");
    return super.readTree(tree);
  }

  override readArray(element: TypeTree, length: number): unknown {
    if (length > this.buffer.length - this.pos) throw new Error("a list that is longer than the message");
    return super.readArray(element, length);
  }
}

/** Decodes a message, or the head of one without its body; null when it is invalid. */
export function decode(bytes: Buffer): Received | null {
  try {
    const reader = new Reader(bytes, 0, bytes[0] ?? 0);
    const head = reader.read(HEADER);
    // Each field is its number and a variant, which dbus-next gives as `[type, [value]]`.
    const fields = new Map((head[6] as [number, [unknown, [unknown]]][]).map(([id, value]) => [id, value[1][0]]));
    const text = (id: number) => String(fields.get(id) ?? "");
    const signature = text(8);
    return {
      type: Number(head[1]),
      serial: Number(head[5]),
      wantsReply: (Number(head[2]) & NO_REPLY_EXPECTED) === 0,
      path: text(1),
      interface: text(2),
      member: text(3),
      errorName: text(4),
      replySerial: Number(fields.get(5) ?? 0),
      sender: text(7),
      signature,
      body() {
        reader.align(3);
        return messageToJsFmt({ signature, body: reader.read(signature) }).body;
      },
    };
  } catch {
    return null;
  }
}

export function encode(message: Sent, serial: number): Buffer {
  const body = marshal(message.signature, message.body);
  return Buffer.concat([encodeHead(message, serial, body.length), body]);
}

/** The beginning of a reply whose only argument is a dictionary; `length` bytes of entries follow. */
export function encodeDictionaryStart(to: Answer, entryType: string, length: number, serial: number): Buffer {
  const start = marshal(`a${entryType}`, [{}]);
  start.writeUInt32LE(length, 0);
  const message = { type: REPLY, ...to, signature: `a${entryType}`, body: [] } as const;
  return Buffer.concat([encodeHead(message, serial, start.length + length), start]);
}

/** Up to where the body starts. */
function encodeHead(message: Sent, serial: number, bodyLength: number): Buffer {
  return padEnd(marshal(HEADER, [0x6c, message.type, 0, 1, bodyLength, serial, fieldsOf(message)]));
}

/** Fields that a message lacks are empty or 0, which is not a serial. */
function fieldsOf(message: Sent): readonly (readonly [number, Variant])[] {
  const fields: readonly (readonly [number, string, string | number])[] = [
    [1, "o", "path" in message ? message.path : ""],
    [2, "s", "interface" in message ? message.interface : ""],
    [3, "s", "member" in message ? message.member : ""],
    [4, "s", "errorName" in message ? message.errorName : ""],
    [5, "u", "replySerial" in message ? message.replySerial : 0],
    [6, "s", "destination" in message ? message.destination : ""],
    [8, "g", message.signature],
  ];
  const present = fields.filter(([, , value]) => value !== "" && value !== 0);
  return present.map(([id, type, value]) => [id, new Variant(type, value)]);
}

function padEnd(bytes: Buffer): Buffer {
  return bytes.length === pad(bytes.length) ? bytes : Buffer.concat([bytes], pad(bytes.length));
}
