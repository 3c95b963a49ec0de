/** Encodes telnet: data with IAC doubled, negotiations, suboptions. */
import { IAC, SB, SE, VERB_CODES, type Verb } from "./codes.js";

/** In bytes behind an IAC. */
const SEARCH_AFTER = 32;

/**
 * Doubles each IAC. Gives back `bytes` itself when there is none, else a view of `scratch`, which must have room for
 * twice the bytes and is overwritten by the next call.
 */
export function escapeIac(bytes: Uint8Array, scratch: Uint8Array): Uint8Array {
  if (scratch.length < bytes.length * 2) throw new RangeError("escapeIac: scratch is too small");
  let next = bytes.indexOf(IAC);
  if (next < 0) return bytes;
  let at = 0;
  let length = 0;
  for (; next >= 0; next = bytes.indexOf(IAC, at)) {
    scratch.set(bytes.subarray(at, next), length);
    length += next - at;
    // A search costs as much as some dozens of bytes, and an IAC is often followed by another.
    const end = Math.min(next + SEARCH_AFTER, bytes.length);
    for (at = next; at < end; at++) {
      const byte = bytes[at] ?? 0;
      scratch[length++] = byte;
      if (byte === IAC) scratch[length++] = IAC;
    }
  }
  scratch.set(bytes.subarray(at), length);
  return scratch.subarray(0, length + bytes.length - at);
}

export function encodeNegotiation(verb: Verb, option: number): Uint8Array {
  return Uint8Array.of(IAC, VERB_CODES[verb], option);
}

export function encodeSuboption(option: number, body: Uint8Array): Uint8Array {
  const inside = Uint8Array.of(option, ...body);
  return Uint8Array.of(IAC, SB, ...escapeIac(inside, new Uint8Array(inside.length * 2)), IAC, SE);
}
