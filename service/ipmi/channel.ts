/** The packets of an established session, both ways: protection, sequence numbers, and what is refused on receive. */
import type { SolChannelState } from "../handover/sol-state.js";
import { decodePacket, encodePacket, PAYLOAD, type Protection } from "./packet.js";
import { SequenceWindow } from "./sequence-window.js";
import { integrityOf, supportedSuite } from "./suites.js";

export interface Established {
  /** In the packets that we receive. */
  readonly consoleSessionId: number;
  /** In the packets that we send. */
  readonly bmcSessionId: number;
  readonly protection: Protection;
}

/** Whether SOL packets are protected; messages are whenever the session has keys. */
interface SolProtection {
  readonly isAuthenticated: boolean;
  readonly isEncrypted: boolean;
}

export interface Received {
  readonly type: number;
  readonly payload: Uint8Array;
}

export interface ReceivedInSession extends Received {
  /** The BMC sent it before another SOL packet that has been received. */
  readonly isLate: boolean;
}

const UNPROTECTED: Protection = { integrity: null, confidentialityKey: null };

export class Channel {
  readonly #session: Established;
  readonly #sol: SolProtection;
  readonly #solProtection: Protection;
  // Packets with and without an AuthCode are counted apart (IPMI 2.0, section 6.12.12).
  #authenticatedSent: number;
  #otherSent: number;
  readonly #authenticated: SequenceWindow;
  readonly #other: SequenceWindow;
  /** The highest number of a SOL packet; all of them are counted together, since they are protected alike. */
  #lastSol: number | null;

  /** @param before of the same session in the process before this one */
  constructor(session: Established, sol: SolProtection, before: SolChannelState | null = null) {
    this.#authenticatedSent = before?.authenticatedSent ?? 0;
    this.#otherSent = before?.otherSent ?? 0;
    this.#authenticated = new SequenceWindow({ isAuthenticated: true }, before?.authenticated);
    this.#other = new SequenceWindow({ isAuthenticated: false }, before?.other);
    this.#lastSol = before?.lastSol ?? null;
    const { integrity, confidentialityKey } = session.protection;
    this.#session = session;
    this.#sol = before ?? sol; // as at the activation
    this.#solProtection = {
      integrity: this.#sol.isAuthenticated ? integrity : UNPROTECTED.integrity,
      confidentialityKey: this.#sol.isEncrypted ? confidentialityKey : UNPROTECTED.confidentialityKey,
    };
  }

  /** For the process after this one. It has the keys. */
  state(): Omit<SolChannelState, "suite"> {
    const { consoleSessionId, bmcSessionId, protection } = this.#session;
    return {
      ...{ consoleSessionId, bmcSessionId, integrityKey: protection.integrity?.key ?? null },
      ...{ confidentialityKey: protection.confidentialityKey, authenticatedSent: this.#authenticatedSent },
      ...{ otherSent: this.#otherSent, authenticated: this.#authenticated.state(), other: this.#other.state() },
      ...{ lastSol: this.#lastSol, isAuthenticated: this.#sol.isAuthenticated, isEncrypted: this.#sol.isEncrypted },
    };
  }

  /** A datagram with the next sequence number. */
  encode(type: number, payload: Uint8Array): Uint8Array {
    const protection = type === PAYLOAD.sol ? this.#solProtection : this.#session.protection;
    let sequence: number;
    if (protection.integrity === null) sequence = this.#otherSent = following(this.#otherSent);
    else sequence = this.#authenticatedSent = following(this.#authenticatedSent);
    return encodePacket({ type, sessionId: this.#session.bmcSessionId, sequence, payload }, protection);
  }

  /** Null: not a packet of this session, less protected than agreed, or received before. */
  decode(datagram: Uint8Array): ReceivedInSession | null {
    const { protection, consoleSessionId } = this.#session;
    const packet = decodePacket(datagram, protection);
    if (packet === null || packet.sessionId !== consoleSessionId) return null;
    const { isAuthenticated, isEncrypted, type, payload, sequence } = packet;
    const required = type === PAYLOAD.sol ? this.#sol : { isAuthenticated: true, isEncrypted: true };
    if (protection.integrity !== null && required.isAuthenticated && !isAuthenticated) return null;
    if (protection.confidentialityKey !== null && required.isEncrypted && !isEncrypted) return null;
    const window = isAuthenticated ? this.#authenticated : this.#other;
    if (!window.accept(sequence)) return null;
    return { type, payload, isLate: type === PAYLOAD.sol && this.#isLate(sequence) };
  }

  #isLate(sequence: number): boolean {
    if (this.#lastSol !== null && ((sequence - this.#lastSol) | 0) < 0) return true; // modulo 2^32
    this.#lastSol = sequence;
    return false;
  }

  /** Overwrites the keys. The channel is useless afterwards. */
  forgetKeys(): void {
    const { integrity, confidentialityKey } = this.#session.protection;
    integrity?.key.fill(0);
    confidentialityKey?.fill(0);
  }
}

/** A session of the process before this one; null: its cipher suite is not supported, or needs other keys. */
export function resumed(before: SolChannelState): Established | null {
  const { consoleSessionId, bmcSessionId, suite, integrityKey: key, confidentialityKey } = before;
  const algorithms = supportedSuite(suite);
  if (algorithms === null || (algorithms.confidentiality === 0) !== (confidentialityKey === null)) return null;
  const integrity = integrityOf(algorithms);
  if ((integrity === null) !== (key === null)) return null;
  const protection = {
    integrity: integrity === null || key === null ? null : { ...integrity, key },
    confidentialityKey,
  };
  return { consoleSessionId, bmcSessionId, protection };
}

/** 0 is skipped. */
function following(sequence: number): number {
  return (sequence + 1) >>> 0 || 1;
}
