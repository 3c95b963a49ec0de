/** What commands work on. */
import type { AttachState } from "../handover/state.js";
import type { PeerAddress } from "../net/link.js";
import type { Drain } from "../port/drain.js";
import type { PortNames } from "../port/find-port.js";
import type { AttachResult, ManagedPort } from "../port/status.js";
import type { Monitor } from "./monitor.js";

export interface ControlPorts {
  /** In the order of the configuration. */
  list(): readonly ManagedPort[];
  find(name: string): ManagedPort | null;
}

/** What all sessions know. */
export interface CommandFacts {
  readonly ports: ControlPorts;
  readonly version: string;
  readonly drain: Drain;
  /** What the board's profile says of a port. */
  profile(portName: string): PortNames | null;
}

/** Of `attach`, but for `force`. */
export interface AttachWords extends Pick<AttachState, "watch" | "isBinary" | "hasNotices"> {
  /** Bytes of the replay that are shown; null: all. */
  readonly replayBytes: number | null;
}

export interface CommandContext extends CommandFacts {
  readonly monitor: Monitor;
  readonly peer: PeerAddress;
  /** The group whose members may change things, where this session may only look; null: it may do all. */
  readonly deniedBut: string | null;
  /** Makes the session a connection of the port. */
  attach(port: ManagedPort, how: AttachWords, force: boolean): AttachResult;
  /** The session itself, which `drain` does not tell and `busy` does not list. */
  readonly session: object;
}
