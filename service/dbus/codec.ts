/** Messages of the bus to bytes and back, by the marshaller of dbus-next. */
import DBusBuffer from "dbus-next/lib/dbus-buffer.js";
import { marshallMessage, messageToJsFmt } from "dbus-next/lib/marshall-compat.js";
import { Message } from "dbus-next/lib/message-type.js";
import { Variant } from "dbus-next/lib/variant.js";

export { Variant };

/** As the D-Bus specification numbers them ("Message Types"). */
export const CALL = 1;
export const REPLY = 2;
export const ERROR = 3;
export const SIGNAL = 4;

const NO_REPLY_EXPECTED = 1;
/** Of the header before its fields. */
const FIXED_BYTES = 16;

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
  /** Decoded when it is asked for, so that nobody can make us read what we do not want. Throws on what it cannot read. */
  body(): readonly unknown[];
}

export type Sent =
  | {
      readonly type: typeof CALL;
      readonly destination: string;
      readonly path: string;
      readonly interface: string;
      readonly member: string;
      readonly signature: string;
      readonly body: readonly unknown[];
    }
  | {
      readonly type: typeof REPLY;
      readonly destination: string;
      readonly replySerial: number;
      readonly signature: string;
      readonly body: readonly unknown[];
    }
  | {
      readonly type: typeof ERROR;
      readonly destination: string;
      readonly replySerial: number;
      readonly errorName: string;
      readonly signature: "s";
      readonly body: readonly [string];
    }
  | {
      readonly type: typeof SIGNAL;
      readonly path: string;
      readonly interface: string;
      readonly member: string;
      readonly signature: string;
      readonly body: readonly unknown[];
    };

export interface Lengths {
  /** All before the body. */
  readonly head: number;
  readonly whole: number;
}

/** What the first bytes of a message tell: null while there are too few, or that these cannot be one. */
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

/** A message, or the head of one whose body is not there; null when it makes no sense. */
export function decode(bytes: Buffer): Received | null {
  try {
    const reader = new DBusBuffer(bytes, 0, bytes[0] ?? 0);
    const head = reader.read("yyyyuua(yv)");
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
  return marshallMessage(new Message({ ...message, serial }))[0];
}

/** The only entry of the only argument, a dictionary. */
export function encodeEntry(type: string, key: string, value: unknown): Buffer {
  const whole = encode({ ...NOWHERE, signature: `a${type}`, body: [{ [key]: value }] }, 1);
  return whole.subarray(headOf(whole) + DICTIONARY_START);
}

/** A reply whose only argument is a dictionary of entries from `encodeEntry`. */
export function encodeDictionary(
  to: { readonly destination: string; readonly replySerial: number },
  type: string,
  entries: readonly Buffer[],
  serial: number,
): readonly Buffer[] {
  const start = encode({ type: REPLY, ...to, signature: `a${type}`, body: [{}] }, serial);
  const padded = entries.map((entry, i) => (i < entries.length - 1 ? padEnd(entry) : entry));
  const length = padded.reduce((sum, entry) => sum + entry.length, 0);
  start.writeUInt32LE(DICTIONARY_START + length, 4);
  start.writeUInt32LE(length, start.length - DICTIONARY_START);
  return [start, ...padded];
}

/** The length of the array, and as much again to where its first entry may stand. */
const DICTIONARY_START = 8;
const NOWHERE = { type: REPLY, destination: "a.a", replySerial: 1 } as const;

function headOf(message: Buffer): number {
  return FIXED_BYTES + pad(message.readUInt32LE(12));
}

function padEnd(bytes: Buffer): Buffer {
  return bytes.length === pad(bytes.length) ? bytes : Buffer.concat([bytes], pad(bytes.length));
}

/** Structures and dictionary entries start at multiples of 8. */
function pad(length: number): number {
  return Math.ceil(length / 8) * 8;
}
