/**
 * Records of the spool: the length of a body and its CRC-32, 4 bytes each, little endian, then the body: a header as JSON, a line
 * feed, and the payload. Pure.
 */

import { readJsonObject } from "../line/json-object.js";

export interface SpoolRecord {
  /** `event`, or `output/PORT`. */
  readonly stream: string;
  /** Of the stream, from 1. */
  readonly seq: number;
  /** The start of the process that gave the number; empty in a record of a version that did not write it. */
  readonly epoch: string;
  /** RFC 3339. */
  readonly time: string;
  readonly payload: Uint8Array;
}

/** The first record of a segment: the last number of each stream before it. */
export type Counters = ReadonlyMap<string, number>;

type Decoded =
  | { readonly kind: "record"; readonly record: SpoolRecord; readonly length: number }
  | { readonly kind: "counters"; readonly counters: Counters; readonly length: number }
  /** The bytes end within it, or are not a record. */
  | { readonly kind: "broken" };

export const FRAME_BYTES = 8;
/** The longest body. A record with a greater length is not one. */
const MAX_BODY = 4 * 1024 * 1024;
const LINE_FEED = 0x0a;

export function encodeRecord({ payload, stream, seq, epoch, time }: SpoolRecord): Buffer {
  return frame(Buffer.from(`${JSON.stringify({ stream, seq, epoch, time })}\n`), payload);
}

export function encodeCounters(counters: Counters): Buffer {
  return frame(Buffer.from(`${JSON.stringify({ counters: Object.fromEntries(counters) })}\n`), new Uint8Array(0));
}

/** The length of the body that follows; null: this is not the frame of a record. */
export function bodyLength(bytes: Uint8Array): number | null {
  if (bytes.length < FRAME_BYTES) return null;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  return length > 0 && length <= MAX_BODY ? length : null;
}

/** The first record in the bytes. Its payload is a view of them. */
export function decodeRecord(bytes: Uint8Array): Decoded {
  const broken: Decoded = { kind: "broken" };
  const length = bodyLength(bytes);
  if (length === null || bytes.length < FRAME_BYTES + length) return broken;
  const body = bytes.subarray(FRAME_BYTES, FRAME_BYTES + length);
  if (new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true) !== crc32(body)) return broken;
  const end = body.indexOf(LINE_FEED);
  const header = end < 0 ? null : readJsonObject(Buffer.from(body.buffer, body.byteOffset, end).toString());
  if (header === null) return broken;
  const { counters, stream, seq, epoch = "", time } = header;
  const whole = FRAME_BYTES + length;
  if (typeof counters === "object" && counters !== null) {
    const numbers = Object.entries(counters).filter((one): one is [string, number] => typeof one[1] === "number");
    return { kind: "counters", counters: new Map(numbers), length: whole };
  }
  if (typeof stream !== "string" || typeof seq !== "number") return broken;
  if (typeof epoch !== "string" || typeof time !== "string") return broken;
  return { kind: "record", record: { stream, seq, epoch, time, payload: body.subarray(end + 1) }, length: whole };
}

function frame(header: Buffer, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(FRAME_BYTES + header.length + payload.length);
  bytes.set(header, FRAME_BYTES);
  bytes.set(payload, FRAME_BYTES + header.length);
  bytes.writeUInt32LE(header.length + payload.length, 0);
  bytes.writeUInt32LE(crc32(bytes.subarray(FRAME_BYTES)), 4);
  return bytes;
}

/** As in zlib and IEEE 802.3. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0);
  return (crc ^ 0xffff_ffff) >>> 0;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb8_8320 : value >>> 1;
  return value >>> 0;
});
