/** What a port takes over from the process before this one (docs/ota.md, "Effect on connections"). */
import type { PortConfig } from "../config/configuration.js";
import type { Device } from "../device/device.js";
import type { ConnectionState, DeviceState, PortState, TraceState } from "../handover/state.js";
import type { Clock } from "../line/clock.js";
import type { Link, PeerAddress } from "../net/link.js";

export interface StoredPort {
  /** Null: no device was open. */
  readonly device: DeviceState | null;
  readonly connections: readonly ConnectionState[];
}

/** What a port leaves to the process after this one, beside what operators changed. */
export interface LeftPort extends StoredPort {
  readonly traces: readonly TraceState[];
}

export interface PortHandover {
  /** What operators had changed on the port with that definition; null: nothing, or the definition is another one now. */
  changes(config: PortConfig): PortState | null;
  /** What is left of the port with that definition, once. Null: nothing, or its device is another one now. */
  take(config: PortConfig): StoredPort | null;
  /** Where the search of that rotator starts; null: at the begin. */
  nextOfRotator(name: string): number | null;
  /** A TCP connection. Null: it is not there any more. */
  link(state: ConnectionState): Link | null;
  /** Without opening it. Null: it is not there any more. Throws DeviceError. */
  device(state: DeviceState, config: PortConfig): Device | null;
}

/** The same for two definitions that do not differ: two sums of 32 bits (FNV-1a and one like it). */
export function definitionMark(config: PortConfig): string {
  const text = JSON.stringify({ ...config, file: null, lineNumber: 0, names: {} });
  let [one, other] = [0x811c9dc5, 0x1b873593];
  for (let at = 0; at < text.length; at++) {
    one = Math.imul(one ^ text.charCodeAt(at), 0x01000193);
    other = Math.imul(other ^ text.charCodeAt(at), 0x85ebca6b) ^ (other >>> 13);
  }
  return `${(one >>> 0).toString(36)}-${(other >>> 0).toString(36)}`;
}

/** It was accepted, and had no slot yet: it is admitted anew. */
export function isUndecided({ slot, transport }: ConnectionState): boolean {
  return slot === null && transport === "tcp";
}

export function undecidedConnection(port: string, name: string, peer: PeerAddress, time: Clock): ConnectionState {
  const nothing = new Uint8Array(0);
  return {
    ...{ name, port, transport: "tcp", peer, id: 0, slot: null, fixed: false, sinceMs: time.date().getTime() },
    ...{ idleSeconds: 0, bytesFromNet: 0, bytesToNet: 0, unsent: nothing, unsentAnswers: 0, flooding: false },
    ...{ suspended: false, endWhenSent: null, replayLeft: 0, telnet: null, inbox: [], attach: null, writes: true },
  };
}
