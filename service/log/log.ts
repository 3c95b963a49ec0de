/** What happened to a connection, or that a port is served. */
export type LoggedEvent = "serve" | "connect" | "refuse" | "kick" | "take-over" | "disconnect";

/** The facts of a line about a port or a connection, for the fields of the journal; null: not known. Texts are latin1. */
export interface LogFields {
  readonly event: LoggedEvent;
  readonly port: string;
  readonly label: string | null;
  readonly device: string | null;
  readonly peer?: string;
  readonly user?: string | null;
  readonly reason?: string | null;
  readonly bytesIn?: number | undefined; // from the peer
  readonly bytesOut?: number | undefined; // to the peer
  readonly duration?: number | undefined; // seconds
}

/** The log of the daemon. Levels are those of syslog(3). */
export interface Log {
  error(text: string): void;
  warning(text: string): void;
  notice(text: string, fields?: LogFields): void;
  info(text: string, fields?: LogFields): void;
}

/** Sees each line that is written to the log. */
export type LogObserver = (level: keyof Log, text: string, fields?: LogFields) => void;

/** A log that one other part of the daemon may observe. */
export interface ObservedLog extends Log {
  observer?: LogObserver | null;
}
