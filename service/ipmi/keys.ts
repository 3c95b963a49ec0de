/** The codes and keys of the RAKP key exchange (IPMI 2.0, sections 13.28 and 13.31). */
import { createHmac } from "node:crypto";
import type { Authentication } from "./suites.js";

/** K1 and K2 are made from this number of equal bytes, with SHA256 too. */
const CONSTANT_BYTES = 20;

/** The values that both sides know after RAKP 2. */
export interface KeyExchange {
  readonly authentication: Authentication;
  readonly consoleSessionId: Uint8Array; // 4 bytes, as in the packets
  readonly bmcSessionId: Uint8Array; // 4 bytes
  readonly consoleRandom: Uint8Array; // 16 bytes
  readonly bmcRandom: Uint8Array; // 16 bytes
  readonly bmcGuid: Uint8Array; // 16 bytes
  /** The whole byte as RAKP 1 carries it. */
  readonly role: number;
  readonly userName: Uint8Array;
}

export interface SessionKeys {
  readonly sik: Uint8Array;
  readonly k1: Uint8Array;
  readonly k2: Uint8Array;
}

/** The code in RAKP 2 of a BMC that knows the password. */
export function rakp2Code(exchange: KeyExchange, password: Uint8Array): Uint8Array {
  const { consoleSessionId, bmcSessionId, consoleRandom, bmcRandom, bmcGuid } = exchange;
  return hmac(exchange, password, [
    consoleSessionId,
    bmcSessionId,
    consoleRandom,
    bmcRandom,
    bmcGuid,
    ...identity(exchange),
  ]);
}

/** The code in RAKP 3. `role` differs from that of the exchange only for BMCs with a known fault. */
export function rakp3Code(exchange: KeyExchange, password: Uint8Array, role = exchange.role): Uint8Array {
  const { bmcRandom, consoleSessionId } = exchange;
  return hmac(exchange, password, [bmcRandom, consoleSessionId, ...identity({ ...exchange, role })]);
}

/** @param bmcKey Kg; the password where the BMC has none */
export function sessionKeys(exchange: KeyExchange, bmcKey: Uint8Array): SessionKeys {
  const sik = hmac(exchange, bmcKey, [exchange.consoleRandom, exchange.bmcRandom, ...identity(exchange)]);
  const constant = (byte: number): Uint8Array => new Uint8Array(CONSTANT_BYTES).fill(byte);
  return { sik, k1: hmac(exchange, sik, [constant(1)]), k2: hmac(exchange, sik, [constant(2)]) };
}

/** The code in RAKP 4 when both sides have the same keys. */
export function rakp4Code(exchange: KeyExchange, { sik }: SessionKeys): Uint8Array {
  const { consoleRandom, bmcSessionId, bmcGuid, authentication } = exchange;
  return hmac(exchange, sik, [consoleRandom, bmcSessionId, bmcGuid]).subarray(0, authentication.checkBytes);
}

function identity({ role, userName }: Pick<KeyExchange, "role" | "userName">): Uint8Array[] {
  return [Uint8Array.of(role, userName.length), userName];
}

function hmac({ authentication }: KeyExchange, key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  const code = createHmac(authentication.hash, key);
  for (const part of parts) code.update(part);
  return code.digest();
}
