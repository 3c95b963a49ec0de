/** The contract by which a port takes over the state of the previous process (docs/ota.md, "Effect on connections"). */
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

/** The state of a port for the next process, without the changes of operators. */
export interface LeftPort extends StoredPort {
  readonly traces: readonly TraceState[];
}

export interface PortHandover {
  /** The changes of operators to the port of that name; null: there are none, or its definition has changed since. */
  changes(config: PortConfig): PortState | null;
  /** Device and connections of the port of that name, at the first call only. Null: none, or it has another device now. */
  take(config: PortConfig): StoredPort | null;
  /** Index of the port at which the next search of that rotator starts; null: at the first. */
  nextOfRotator(name: string): number | null;
  /** Makes a link of the descriptor of a TCP connection. Null: the service manager has not kept it. */
  link(state: ConnectionState): Link | null;
  /** Makes a device of its descriptor, without opening it. Null: the service manager has not kept it. Throws DeviceError. */
  device(state: DeviceState, config: PortConfig): Device | null;
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
