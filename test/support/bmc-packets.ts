/** The packets of the fake BMC: written apart from the daemon's own, so that one shows the faults of the other. */
import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from "node:crypto";

export const HASHES: Readonly<Record<number, readonly [hash: string, check: number]>> = {
  1: ["sha1", 12],
  2: ["md5", 16],
  3: ["sha256", 16],
};
export const SUITES: Readonly<Record<number, readonly [number, number, number]>> = {
  0: [0, 0, 0],
  1: [1, 0, 0],
  2: [1, 1, 0],
  3: [1, 1, 1],
  6: [2, 0, 0],
  7: [2, 2, 0],
  8: [2, 2, 1],
  15: [3, 0, 0],
  16: [3, 4, 0],
  17: [3, 4, 1],
};
const INTEGRITY: Readonly<Record<number, readonly [hash: string, length: number]>> = {
  1: ["sha1", 12],
  2: ["md5", 16],
  4: ["sha256", 16],
};

export interface Keys {
  readonly integrity: number;
  readonly confidentiality: number;
  readonly k1: Buffer;
  readonly k2: Buffer;
}

export function hmac(hash: string, key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  const code = createHmac(hash, key);
  for (const part of parts) code.update(part);
  return code.digest();
}

export function le32(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(number >>> 0);
  return bytes;
}

/** A packet outside of a session. */
export function openPacket(type: number, payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([6, 0, 255, 7, 6, type]), Buffer.alloc(8), le16(payload.length), payload]);
}

/** A message in the format of IPMI 1.5, outside of a session. */
export function packet15(message: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([6, 0, 255, 7, 0]), Buffer.alloc(8), Buffer.from([message.length]), message]);
}

export function sessionPacket(type: number, payload: Uint8Array, id: number, sequence: number, keys: Keys): Buffer {
  const integrity = INTEGRITY[keys.integrity];
  const encrypted = keys.confidentiality === 1;
  const body = encrypted ? encrypt(payload, keys.k2) : payload;
  const flags = type | (encrypted ? 0x80 : 0) | (integrity ? 0x40 : 0);
  let packet = Buffer.concat([Buffer.from([6, flags]), le32(id), le32(sequence), le16(body.length), body]);
  if (integrity) {
    const pad = (4 - ((packet.length + 2) % 4)) % 4;
    packet = Buffer.concat([packet, Buffer.alloc(pad, 0xff), Buffer.from([pad, 7])]);
    packet = Buffer.concat([packet, hmac(integrity[0], keys.k1, packet).subarray(0, integrity[1])]);
  }
  return Buffer.concat([Buffer.from([6, 0, 255, 7]), packet]);
}

/** The payload of a packet, or what is wrong with the packet. */
export function openSessionPacket(datagram: Buffer, keys: Keys): Buffer | string {
  const length = datagram.readUInt16LE(14);
  const payload = datagram.subarray(16, 16 + length);
  const integrity = INTEGRITY[keys.integrity];
  const flags = datagram[5] ?? 0;
  const isSol = (flags & 0x3f) === 1; // it may be less protected, as the activation says
  if (integrity && (flags & 0x40 || !isSol)) {
    const end = datagram.length - integrity[1];
    if (!(flags & 0x40) || end < 18 + length) return "bad authcode";
    const code = hmac(integrity[0], keys.k1, datagram.subarray(4, end)).subarray(0, integrity[1]);
    if (!timingSafeEqual(code, datagram.subarray(end))) return "bad authcode";
  }
  if (keys.confidentiality !== 1 || (isSol && !(flags & 0x80))) return payload;
  if (!(flags & 0x80)) return "not encrypted";
  const decipher = createDecipheriv("aes-128-cbc", keys.k2.subarray(0, 16), payload.subarray(0, 16));
  decipher.setAutoPadding(false);
  const plain = Buffer.concat([decipher.update(payload.subarray(16)), decipher.final()]);
  return plain.subarray(0, plain.length - 1 - (plain.at(-1) ?? 0));
}

/** The answer to an IPMI message. */
export function answerTo(message: Buffer, completionCode: number, data: readonly number[]): Buffer {
  const [to = 0, netFn = 0, , from = 0, sequence = 0, command = 0] = message;
  const head = Buffer.from([from, ((netFn >> 2) + 1) << 2]);
  const body = Buffer.from([to, sequence, command, completionCode, ...data]);
  return Buffer.concat([head, Buffer.from([checksum(head)]), body, Buffer.from([checksum(body)])]);
}

function encrypt(payload: Uint8Array, k2: Buffer): Buffer {
  const count = (16 - ((payload.length + 1) % 16)) % 16;
  const iv = randomBytes(16);
  const pad = Array.from({ length: count }, (_, index) => index + 1);
  const cipher = createCipheriv("aes-128-cbc", k2.subarray(0, 16), iv).setAutoPadding(false);
  return Buffer.concat([iv, cipher.update(Buffer.concat([payload, Buffer.from([...pad, count])])), cipher.final()]);
}

function checksum(bytes: Uint8Array): number {
  return (256 - (bytes.reduce((sum, byte) => sum + byte, 0) & 255)) & 255;
}

export function le16(number: number): Buffer {
  return Buffer.from([number & 255, number >> 8]);
}
