/** What a connection begins with, and what shows it the replay of its port. */
import type { PortState } from "../../config/configuration.js";
import type { ConnectionState } from "../../handover/state.js";
import type { Link } from "../../net/link.js";
import type { TelnetOptions } from "./peer-telnet.js";

/** Shows a connection what the device sent before. It is sent nothing else meanwhile. */
export interface ConnectionReplay {
  /** Bytes that it has not been sent yet. */
  readonly left: number;
  /** The device must wait for it. */
  readonly isFull: boolean;
  goOn(): void;
}

export interface ConnectionStart {
  readonly id: number;
  readonly link: Link;
  readonly slot: number;
  readonly mode: PortState;
  /** Those of the port when the peer arrives. */
  readonly telnet: TelnetOptions;
  readonly fixed: boolean;
  readonly second: number;
  readonly sinceMs: number; // milliseconds since 1970
  readonly startedMs: number; // on the clock
  /** Of the process before this one: the connection goes on as it was. */
  readonly before?: ConnectionState | null;
}
