/** The status of a port and the operations on it: the one source of showport, D-Bus and STATUS. */

import type { PortState, WriterRule } from "../config/configuration.js";
import type { NetworkPort } from "../config/network-port.js";
import type { LineCounters, ModemControl, ModemState } from "../line/modem.js";
import type { LineSettings } from "../line/settings.js";
import type { Link } from "../net/link.js";
import type { Phase } from "./phase.js";

export type TransferPhase = "unconnected" | "waiting input" | "waiting output" | "closing";

export interface ConnectionStatus {
  readonly id: number; // never used twice by a daemon
  readonly address: string;
  readonly port: number;
  /** Of the system, or of the certificate; null: not known. */
  readonly user: string | null;
  readonly bytesFromNet: number; // as they came, telnet commands included
  readonly bytesToNet: number;
  readonly since: number; // milliseconds since 1970
  readonly idleSeconds: number;
  /** A fixed UDP peer: it is attached without having sent anything, and never ends. */
  readonly fixed: boolean;
  /** False: it watches, and its input is dropped. */
  readonly writes: boolean;
  /** Input dropped since it watches. */
  readonly bytesDropped: number;
}

/** A control session is attached; or the line that says why not. */
export type AttachResult = { readonly writes: boolean } | { readonly refusal: string };

export interface PortStatus {
  readonly name: string;
  readonly networkPort: NetworkPort;
  readonly state: PortState;
  readonly phase: Phase;
  /** For how long the device has been closing, in milliseconds; 0: it is not. */
  readonly closingMs: number;
  readonly timeoutSeconds: number;
  /** Which of its connections may write. */
  readonly writer: WriterRule;
  /** One place for each connection the port may have; null is free. */
  readonly slots: readonly (ConnectionStatus | null)[];
  readonly devicePath: string;
  readonly deviceWritten: string;
  /** The device node exists. Without opening it no more can be known. */
  readonly devicePresent: boolean;
  /** The configured settings; RFC 2217 changes do not show here. Null for rawlp. */
  readonly line: LineSettings | null;
  /** The settings in force while the device is open. */
  readonly lineInForce: LineSettings | null;
  /** Null while the device is closed, and for a SOL device. */
  readonly control: ModemControl | null;
  readonly modemState: ModemState | null;
  readonly lineCounters: LineCounters | null;
  /** Net to device, device to net. */
  readonly toDevice: TransferPhase;
  readonly toNet: TransferPhase;
  readonly bytesFromDevice: number;
  readonly bytesToDevice: number;
  readonly pending: "none" | "delete" | "reconfigure";
  readonly lastError: string | null;
  /** Why the network port is not served, while it is tried again or after it could not be opened; null: it is. */
  readonly listenError: string | null;
}

export type MonitorDirection = "tcp" | "term";
/** What can be observed: one monitor of either direction, and beside it one stream of the output of the device. */
export type Observed = MonitorDirection | "output";

/** The people at a port. */
export interface PortUsers {
  /**
   * The link of a control session is a connection of the port from now on, under its limits.
   * @param force where no slot is free, the first connection makes room
   */
  attach(link: Link, force: boolean): AttachResult;
  /** The connection of that id, or of that link, writes from now on. False: there is none, or its user may only look. */
  takeOver(connection: number | Link): boolean;
  /** A line, in brackets, for those who read notices: of telnet, and of attached sessions. */
  tell(text: string): void;
}

/** The operations on a port. A string result is a refusal for the operator, without its line end. */
export interface ManagedPort {
  readonly name: string;
  status(): PortStatus;
  /** False without a connection. */
  disconnect(): boolean;
  readonly people: PortUsers;
  setTimeoutSeconds(seconds: number): void;
  /** Null, or why not: `Unable to create network socket(s)`. */
  setState(state: PortState): string | null;
  /** Serial words count from the next open on; the others at once. Null, or why nothing changed: `Unknown config item: x`. */
  setConfig(words: string): string | null;
  /** Like `setConfig`, but changes the line of an open device at once. */
  setLine(words: string): string | null;
  /** False when the device is not open, or has no modem lines. */
  drive(control: Partial<ModemControl>): boolean;
  sendBreak(): boolean;
  /**
   * The last bytes of the device, at most `limit`, from the start of a line on, as a copy; and when the last of them came, in
   * milliseconds since 1970. Null: the port has no `replay=`.
   */
  replay(limit: number): { readonly bytes: Uint8Array; readonly lastMs: number } | null;
  /** Plays a pulse of DTR and RTS. Null, or why not: `Unknown pulse: x`. */
  pulse(name: string): string | null;
  /** Copies of the bytes go to `sink` until the returned function is called; null when taken already. */
  monitor(what: Observed, sink: (bytes: Uint8Array) => void, ended: () => void): (() => void) | null;
}

/** The state of a port in words, for STATUS= and D-Bus. */
export type PortCondition =
  | "disabled"
  | "not served"
  | "waiting for device"
  | "idle"
  | "opening"
  | "connected"
  | "closing";

/**
 * A missing device is not an error: a new connection is sent the reason, and the port serves as soon as it appears.
 * A device that is open without a connection (`always-open`) makes the port not less idle.
 */
export function portCondition(
  status: Pick<PortStatus, "phase" | "devicePresent" | "listenError"> & { readonly slots: readonly (object | null)[] },
): PortCondition {
  const { phase, slots, devicePresent, listenError } = status;
  const isOpenUnused = phase === "open" && slots.every(slot => slot === null);
  if (listenError !== null && (phase === "idle" || isOpenUnused)) return "not served";
  if (!devicePresent && (phase === "idle" || phase === "opening")) return "waiting for device";
  if (isOpenUnused) return "idle";
  return phase === "open" ? "connected" : (phase satisfies Exclude<Phase, "open">);
}
