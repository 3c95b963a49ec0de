/** What the commands of the control port work on. */
import type { Diagnostic } from "../config/diagnostic.js";
import type { AttachState } from "../handover/state.js";
import type { Drain } from "../port/drain.js";
import type { PortNames } from "../port/find-port.js";
import type { AttachResult, ManagedPort } from "../port/status.js";
import type { EventStream } from "./event-stream.js";
import type { Monitor } from "./monitor.js";

export interface ControlPorts {
  /** In the order of the configuration. */
  list(): readonly ManagedPort[];
  find(name: string): ManagedPort | null;
}

/** The daemon as a whole, for `status` and `reload`. */
export interface ControlledDaemon {
  /** Reads the configuration anew. The diagnostics of the one in force, or the reason why nothing changed. */
  reload(): readonly Diagnostic[] | string;
  /** As the service manager is told. */
  status(): string;
  /** What it reads: null for none. */
  configFile(): string | null;
  board(): string | null;
  /** Lets the LED of the port blink for so many seconds. False: it has none. */
  identify(portName: string, seconds: number): boolean;
  /** The metrics as lines. */
  metrics(): Iterable<string>;
}

/** The part of the context that is the same for all sessions. */
export interface CommandFacts {
  readonly ports: ControlPorts;
  readonly version: string;
  readonly drain: Drain;
  readonly daemon: ControlledDaemon;
  /** Label and id of a port in the board profile; null: it has none. */
  profile(portName: string): PortNames | null;
}

/** The options of the command `attach`, without `force`. */
export interface AttachWords extends Pick<AttachState, "watch" | "isBinary" | "hasNotices"> {
  /** Most bytes of the replay that are shown; null: all. */
  readonly replayBytes: number | null;
}

export interface CommandContext extends CommandFacts {
  readonly monitor: Monitor;
  readonly events: EventStream;
  /** Name of the user, or the address. */
  readonly person: string;
  /** Null: all commands are allowed; else the session may only look, and this is needed: `the group ser2net-admin`. */
  readonly deniedBut: string | null;
  /** Makes the session a connection of the port. */
  attach(port: ManagedPort, how: AttachWords, force: boolean): AttachResult;
  /** The session itself: `drain` does not notify it, and `busy` does not list it. */
  readonly session: object;
}
