/** The messages of session set-up: Open Session and RAKP 1 to 4 (IPMI 2.0, sections 13.17 to 13.24). */
import { SessionError, statusError } from "./session-error.js";
import type { Algorithms, Proposal } from "./suites.js";

export interface OpenSessionResponse {
  readonly bmcSessionId: Uint8Array; // 4 bytes, as in the packets
  readonly algorithms: Algorithms;
}

export interface Rakp2 {
  readonly bmcRandom: Uint8Array; // 16 bytes
  readonly bmcGuid: Uint8Array; // 16 bytes
  readonly code: Uint8Array; // of the length that the algorithm has, if the BMC is right
}

const GIVEN = 8; // the length of an algorithm record; 0 leaves the choice to the BMC

/** @param privilege the highest that the session is to have */
export function encodeOpenSession(
  tag: number,
  privilege: number,
  consoleSessionId: Uint8Array,
  proposal: Proposal,
): Uint8Array {
  const record = (kind: number, algorithm: number | null): number[] =>
    algorithm === null ? [kind, 0, 0, 0, 0, 0, 0, 0] : [kind, 0, 0, GIVEN, algorithm, 0, 0, 0];
  return Uint8Array.of(
    tag,
    privilege,
    0,
    0,
    ...consoleSessionId,
    ...record(0, proposal.authentication),
    ...record(1, proposal.integrity),
    ...record(2, proposal.confidentiality),
  );
}

/** Throws SessionError: the BMC refuses, or its answer is too short. */
export function decodeOpenSession(payload: Uint8Array): OpenSessionResponse {
  checkStatus(payload, 36);
  const algorithm = (record: number): number => (payload[record + 4] ?? 0) & 0x3f;
  return {
    bmcSessionId: payload.slice(8, 12),
    algorithms: { authentication: algorithm(12), integrity: algorithm(20), confidentiality: algorithm(28) },
  };
}

export function encodeRakp1(
  tag: number,
  bmcSessionId: Uint8Array,
  consoleRandom: Uint8Array,
  role: number,
  userName: Uint8Array,
): Uint8Array {
  return Uint8Array.of(tag, 0, 0, 0, ...bmcSessionId, ...consoleRandom, role, 0, 0, userName.length, ...userName);
}

/** Throws SessionError: the BMC refuses, or its answer is too short. */
export function decodeRakp2(payload: Uint8Array): Rakp2 {
  checkStatus(payload, 40);
  return { bmcRandom: payload.slice(8, 24), bmcGuid: payload.slice(24, 40), code: payload.slice(40) };
}

/** @param status other than 0: the console gives up, and the BMC ends the session */
export function encodeRakp3(tag: number, bmcSessionId: Uint8Array, code: Uint8Array, status = 0): Uint8Array {
  return Uint8Array.of(tag, status, 0, 0, ...bmcSessionId, ...code);
}

/** The integrity check value. Throws SessionError: the BMC refuses, or its answer is too short. */
export function decodeRakp4(payload: Uint8Array): Uint8Array {
  checkStatus(payload, 8);
  return payload.slice(8);
}

/** Some BMCs send only the first two bytes of an answer that refuses. */
function checkStatus(payload: Uint8Array, length: number): void {
  const status = payload[1];
  if (status !== undefined && status !== 0) throw statusError(status);
  if (payload.length < length) throw new SessionError("protocol", "the BMC answers the login with too few bytes");
}
