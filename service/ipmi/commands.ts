/** The commands of a SOL session, and their answers (IPMI 2.0, chapters 22, 24 and 26). */
import { type Command, NETFN } from "./message.js";
import { hex, SessionError } from "./session-error.js";
import { BIT_RATES, PRIVILEGES, type Privilege, type SolSettings } from "./settings.js";
import { MAX_DATA_BYTES, SOL_HEADER_BYTES } from "./sol-packet.js";

const SOL_PAYLOAD = 1;
const CURRENT_CHANNEL = 0x0e;
const VOLATILE_BIT_RATE = 6;

/** Completion codes. */
export const COMPLETED = 0x00;
export const ALREADY_ACTIVE = 0x80;

export function setPrivilege(privilege: Privilege): Command {
  return app(0x3b, PRIVILEGES[privilege]);
}

export function closeSession(sessionId: number): Command {
  return app(0x3c, ...[0, 8, 16, 24].map(shift => (sessionId >>> shift) & 0xff));
}

export function payloadStatus(): Command {
  return app(0x4a, SOL_PAYLOAD);
}

interface PayloadStatus {
  /** How many consoles may have SOL at once. */
  readonly capacity: number;
  /** Bit 0 is instance 1. */
  readonly active: number;
}

export function decodePayloadStatus([capacity = 0, low = 0, high = 0]: Uint8Array): PayloadStatus {
  return { capacity: capacity & 0x0f, active: low | (high << 8) };
}

/** The first four bytes of its answer tell which session has the instance. */
export function payloadOwner(instance: number): Command {
  return app(0x4b, SOL_PAYLOAD, instance);
}

export function setBitRate(speed: number): Command {
  return {
    netFn: NETFN.transport,
    command: 0x21,
    data: Uint8Array.of(CURRENT_CHANNEL, VOLATILE_BIT_RATE, BIT_RATES.get(speed) ?? 0),
  };
}

export function activatePayload(instance: number, settings: SolSettings): Command {
  return app(0x48, SOL_PAYLOAD, instance, auxiliaryByte(settings), 0, 0, 0);
}

export function deactivatePayload(instance: number): Command {
  return app(0x49, SOL_PAYLOAD, instance, 0, 0, 0, 0);
}

export interface Activation {
  /** Data bytes in a packet to the BMC. */
  readonly packetBytes: number;
  /** Data bytes in a packet from the BMC. */
  readonly receivedBytes: number;
  /** The UDP port that the BMC names for SOL; null: it names none. */
  readonly udpPort: number | null;
}

/** Throws SessionError where the answer is too short. */
export function decodeActivation(data: Uint8Array): Activation {
  if (data.length < 8) throw new SessionError("protocol", "the BMC answers the activation with too few bytes");
  const word = (at: number): number => (data[at] ?? 0) | ((data[at + 1] ?? 0) << 8);
  return {
    packetBytes: payloadBytes(word(4)) - SOL_HEADER_BYTES,
    receivedBytes: payloadBytes(word(6)) - SOL_HEADER_BYTES,
    udpPort: data.length < 10 ? null : word(8),
  };
}

/** The error for a refused activation of SOL. */
export function activationError(completionCode: number): SessionError {
  switch (completionCode) {
    case ALREADY_ACTIVE:
      return new SessionError("payload-active", "Serial over LAN is in use by another session");
    case 0x81:
      return new SessionError("payload-refused", "Serial over LAN is disabled in the BMC");
    case 0x82:
      return new SessionError("payload-active", "the BMC has no free Serial over LAN instance");
    case 0x83:
      return new SessionError("payload-refused", "the BMC does not encrypt Serial over LAN: use -encrypted");
    case 0x84:
      return new SessionError("payload-refused", "the BMC requires encryption of Serial over LAN");
    case 0xd4:
      return new SessionError("privilege-refused", "the privilege level does not allow Serial over LAN");
    default:
      return new SessionError(
        "payload-refused",
        `the BMC refuses Serial over LAN with completion code ${hex(completionCode)}`,
      );
  }
}

/** Bytes that BMCs swap are put right. 16 where neither order makes sense. */
function payloadBytes(told: number): number {
  const swapped = swap(told);
  const isSize = (size: number): boolean => size > SOL_HEADER_BYTES && size <= SOL_HEADER_BYTES + MAX_DATA_BYTES;
  return isSize(told) ? told : isSize(swapped) ? swapped : 16;
}

/** A 16-bit number with its bytes in the other order. */
export function swap(word: number): number {
  return (word >> 8) | ((word & 0xff) << 8);
}

function auxiliaryByte({ encrypted, authenticated, sharedSerialAlert, deassertOnConnect }: SolSettings): number {
  const alert = { fail: 0, deferred: 1, succeed: 2 }[sharedSerialAlert];
  return (encrypted ? 0x80 : 0) | (authenticated ? 0x40 : 0) | (alert << 2) | (deassertOnConnect ? 0x02 : 0);
}

function app(command: number, ...data: number[]): Command {
  return { netFn: NETFN.app, command, data: Uint8Array.from(data) };
}
