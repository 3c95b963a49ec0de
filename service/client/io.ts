/** What a command of the client gets from the process. */
import { writeSync } from "node:fs";
import type { Clock } from "../line/clock.js";
import { codeOf } from "../native/errors.js";

/** Texts are one character a byte. */
export interface ClientIo {
  out(text: string): void;
  err(text: string): void;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  /** Standard output is a terminal. */
  readonly isTerminal: boolean;
}

/** Whole, also where the descriptor does not block. Ends the process when its reader is gone. */
export function writeWhole(fd: 1 | 2, bytes: Uint8Array): void {
  const error = writeFailure(fd, bytes);
  if (codeOf(error) === "EPIPE") process.exit(1);
  if (error !== null) throw error;
}

/** As `writeWhole`, for a command that goes on where its reader or its terminal is gone. */
export function writeIfRead(fd: 1 | 2, bytes: Uint8Array): void {
  writeFailure(fd, bytes);
}

/** Null: all of it is written. */
function writeFailure(fd: 1 | 2, bytes: Uint8Array): unknown {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if (codeOf(error) !== "EAGAIN") return error;
    }
  }
  return null;
}

/** Signals that end a command; the exit status is 128 and the number. */
const ENDING: readonly NodeJS.Signals[] = ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"];

/** Calls `ended` at the first signal that would end the process. Returns what takes it back. */
export function onEndingSignal(ended: (signal: NodeJS.Signals) => void): () => void {
  for (const signal of ENDING) process.on(signal, ended);
  return () => {
    for (const signal of ENDING) process.off(signal, ended);
  };
}
