/** The contract of a running daemon for the commands, over D-Bus or the control port. */
import type { Activity } from "../port/drain.js";

/** Every call rejects with a DaemonError. */
export interface RunningDaemon {
  /** For the table: the board, `-` without one, or the control port. */
  readonly name: string;
  /** The connections and sessions that a reboot would end. */
  activities(): Promise<readonly Activity[]>;
  drain(): Promise<void>;
  undrain(): Promise<void>;
  close(): void;
}

export class DaemonError extends Error {
  override readonly name = "DaemonError";
  /** `absent`: no daemon, or none any more. `failed`: it does not answer, or not as it should. */
  readonly code: "absent" | "failed";

  constructor(code: DaemonError["code"], text: string) {
    super(text);
    this.code = code;
  }
}

export function isAbsent(error: unknown): boolean {
  return error instanceof DaemonError && error.code === "absent";
}

/** How long a daemon may take for one answer, in milliseconds: long for a slow board that an update keeps busy. */
export const ANSWER_MS = 15_000;
