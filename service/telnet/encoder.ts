/** Encodes telnet: data with IAC doubled, negotiations, suboptions. */
import { IAC, SB, SE, VERB_CODES, type Verb } from "./codes.js";

/**
 * Doubles each IAC. Gives back `bytes` itself when there is none, else a view of `scratch`, which must have room for
 * twice the bytes and is overwritten by the next call.
 */
export function escapeIac(bytes: Uint8Array, scratch: Uint8Array): Uint8Array {
  if (scratch.length < bytes.length * 2) throw new RangeError("escapeIac: scratch is too small");
  const first = bytes.indexOf(IAC);
  if (first < 0) return bytes;
  scratch.set(bytes.subarray(0, first));
  let length = first;
  for (let at = first; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    scratch[length++] = byte;
    if (byte === IAC) scratch[length++] = IAC;
  }
  return scratch.subarray(0, length);
}

export function encodeNegotiation(verb: Verb, option: number): Uint8Array {
  return Uint8Array.of(IAC, VERB_CODES[verb], option);
}

export function encodeSuboption(option: number, body: Uint8Array): Uint8Array {
  const inside = Uint8Array.of(option, ...body);
  return Uint8Array.of(IAC, SB, ...escapeIac(inside, new Uint8Array(inside.length * 2)), IAC, SE);
}
