/** RMCP datagrams with IPMI 1.5 and 2.0 session headers (IPMI 2.0, section 13.6). */
import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Integrity } from "./suites.js";

export const PAYLOAD = {
  message: 0x00,
  sol: 0x01,
  openRequest: 0x10,
  openResponse: 0x11,
  rakp1: 0x12,
  rakp2: 0x13,
  rakp3: 0x14,
  rakp4: 0x15,
} as const;

const RMCP = [0x06, 0x00, 0xff, 0x07]; // version 1.0, no RMCP acknowledgement, class IPMI
const RMCP_BYTES = 4;
const FORMAT_15 = 0x00;
const FORMAT_20 = 0x06;
const HEADER_15_BYTES = RMCP_BYTES + 10;
const HEADER_20_BYTES = RMCP_BYTES + 12;
const ENCRYPTED = 0x80;
const AUTHENTICATED = 0x40;
const NEXT_HEADER = 0x07;
const BLOCK_BYTES = 16;

/** What protects the packets of a session; null: nothing does. */
export interface Protection {
  readonly integrity: (Integrity & { readonly key: Uint8Array }) | null;
  /** The first 16 bytes of K2, for AES-CBC-128. */
  readonly confidentialityKey: Uint8Array | null;
}

interface Packet {
  /** `PAYLOAD.message` for IPMI 1.5 as well. */
  readonly type: number;
  readonly isAuthenticated: boolean;
  readonly isEncrypted: boolean;
  /** The receiver's; 0 outside a session. */
  readonly sessionId: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** A message outside of any session, as IPMI 1.5 has it. */
export function encodeMessage15(message: Uint8Array): Uint8Array {
  const datagram = new Uint8Array(HEADER_15_BYTES + message.length);
  datagram.set(RMCP);
  datagram[HEADER_15_BYTES - 1] = message.length;
  datagram.set(message, HEADER_15_BYTES);
  return datagram;
}

/**
 * A packet in the format of IPMI 2.0. It is authenticated and encrypted as `protection` has keys for it.
 * @param iv 16 random bytes; given only by tests
 */
export function encodePacket(
  packet: Pick<Packet, "type" | "sessionId" | "sequence" | "payload">,
  { integrity, confidentialityKey }: Protection,
  iv?: Uint8Array,
): Uint8Array {
  const payload = confidentialityKey === null ? packet.payload : encrypt(packet.payload, confidentialityKey, iv);
  const bare = HEADER_20_BYTES - RMCP_BYTES + payload.length;
  const pad = integrity === null ? 0 : (4 - ((bare + 2) % 4)) % 4;
  const trailer = integrity === null ? 0 : pad + 2 + integrity.codeBytes;
  const datagram = new Uint8Array(HEADER_20_BYTES + payload.length + trailer);
  const view = new DataView(datagram.buffer);
  datagram.set(RMCP);
  datagram[4] = FORMAT_20;
  datagram[5] = packet.type | (confidentialityKey ? ENCRYPTED : 0) | (integrity ? AUTHENTICATED : 0);
  view.setUint32(6, packet.sessionId, true);
  view.setUint32(10, packet.sequence, true);
  view.setUint16(14, payload.length, true);
  datagram.set(payload, HEADER_20_BYTES);
  if (integrity !== null) {
    const end = HEADER_20_BYTES + payload.length + pad;
    datagram.fill(0xff, end - pad, end);
    datagram.set([pad, NEXT_HEADER], end);
    datagram.set(authCode(datagram.subarray(RMCP_BYTES, end + 2), integrity), end + 2);
  }
  return datagram;
}

/**
 * The packet in a datagram, its AuthCode verified and its payload decrypted. Null: it is damaged, forged or of another
 * protocol. An authenticated or encrypted packet is null where `protection` has no key for it.
 */
export function decodePacket(datagram: Uint8Array, protection: Protection): Packet | null {
  if (datagram.length < HEADER_15_BYTES || datagram[0] !== RMCP[0] || datagram[3] !== RMCP[3]) return null;
  if (datagram[4] === FORMAT_15) return decode15(datagram);
  if (datagram[4] !== FORMAT_20 || datagram.length < HEADER_20_BYTES) return null;
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length);
  const flags = view.getUint8(5);
  const end = HEADER_20_BYTES + view.getUint16(14, true);
  if (end > datagram.length) return null;
  const isAuthenticated = (flags & AUTHENTICATED) !== 0;
  const isEncrypted = (flags & ENCRYPTED) !== 0;
  if (isAuthenticated && !isGenuine(datagram, end, protection.integrity)) return null;
  const carried = datagram.subarray(HEADER_20_BYTES, end);
  const payload = isEncrypted ? decrypt(carried, protection.confidentialityKey) : carried;
  if (payload === null) return null;
  return {
    type: flags & 0x3f,
    isAuthenticated,
    isEncrypted,
    sessionId: view.getUint32(6, true),
    sequence: view.getUint32(10, true),
    payload,
  };
}

function decode15(datagram: Uint8Array): Packet | null {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length);
  const end = HEADER_15_BYTES + view.getUint8(HEADER_15_BYTES - 1);
  if (end > datagram.length) return null;
  return {
    type: PAYLOAD.message,
    isAuthenticated: false,
    isEncrypted: false,
    sessionId: view.getUint32(9, true),
    sequence: view.getUint32(5, true),
    payload: datagram.subarray(HEADER_15_BYTES, end),
  };
}

function isGenuine(datagram: Uint8Array, payloadEnd: number, integrity: Protection["integrity"]): boolean {
  if (integrity === null) return false;
  const end = datagram.length - integrity.codeBytes;
  if (end < payloadEnd + 2 || datagram[end - 1] !== NEXT_HEADER) return false;
  return timingSafeEqual(authCode(datagram.subarray(RMCP_BYTES, end), integrity), datagram.subarray(end));
}

function authCode(bytes: Uint8Array, integrity: NonNullable<Protection["integrity"]>): Uint8Array {
  return createHmac(integrity.hash, integrity.key).update(bytes).digest().subarray(0, integrity.codeBytes);
}

/** IV, then the data, padding 01 02 03 ... and the count of padding bytes, all encrypted (IPMI 2.0, section 13.29). */
function encrypt(data: Uint8Array, key: Uint8Array, iv: Uint8Array = randomBytes(BLOCK_BYTES)): Uint8Array {
  const pad = (BLOCK_BYTES - ((data.length + 1) % BLOCK_BYTES)) % BLOCK_BYTES;
  const plain = new Uint8Array(data.length + pad + 1);
  plain.set(data);
  for (let count = 1; count <= pad; count++) plain[data.length + count - 1] = count;
  plain[plain.length - 1] = pad;
  const out = new Uint8Array(BLOCK_BYTES + plain.length);
  out.set(iv);
  out.set(createCipheriv("aes-128-cbc", key, iv).setAutoPadding(false).update(plain), BLOCK_BYTES);
  return out;
}

function decrypt(bytes: Uint8Array, key: Uint8Array | null): Uint8Array | null {
  if (key === null || bytes.length < 2 * BLOCK_BYTES || bytes.length % BLOCK_BYTES !== 0) return null;
  const decipher = createDecipheriv("aes-128-cbc", key, bytes.subarray(0, BLOCK_BYTES)).setAutoPadding(false);
  const plain = decipher.update(bytes.subarray(BLOCK_BYTES));
  const pad = plain[plain.length - 1] ?? 0;
  const end = plain.length - 1 - pad;
  if (pad >= BLOCK_BYTES || end < 0) return null;
  for (let count = 1; count <= pad; count++) if (plain[end + count - 1] !== count) return null;
  return plain.subarray(0, end);
}
