/** Drain: before an update no new connections are accepted, and operators see which ones are left. */

/**
 * `connection`: a connection of a port. `control`, `monitor`: a session of the control port, without and with a monitor.
 * `closing`: a port that has no connection any more and still sends output to its device.
 */
type ActivityKind = "connection" | "control" | "monitor" | "closing";

/** One thing that an update with a reboot would disturb. */
export interface Activity {
  readonly kind: ActivityKind;
  /** The network port as configured; `control` for the control port. */
  readonly port: string;
  /** Of the peer; empty for `closing`. */
  readonly address: string;
  /** Of the peer; 0 for `closing`. */
  readonly portNumber: number;
  readonly since: number; // milliseconds since 1970
}

export interface Drain {
  readonly isDraining: boolean;
  /**
   * Refuses new connections from now on, and tells the peers of telnet ports and the control sessions once. Ends by `end`,
   * with the process, or by itself an hour after the last call.
   * @param asker the control session that asks: it is not told
   */
  begin(asker?: object): void;
  /** Accepts connections again. Idempotent. */
  end(): void;
  /** @param asker the control session that asks: it does not count */
  activities(asker?: object): readonly Activity[];
}
