/** The commands `busy`, `drain` and `undrain`. Bundled as a file of its own, so that they start without the daemon. */
import { writeSync } from "node:fs";
import { systemClock } from "../line/clock.js";
import { drainCommand, FAILED } from "./command.js";

const INTERRUPTS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Runs the command to its end, and ends the process. @param words the arguments of the program */
export async function runCommand(words: readonly string[]): Promise<void> {
  const interrupted = new Promise<void>(resolve => {
    if (words[0] === "drain") for (const signal of INTERRUPTS) process.once(signal, () => resolve());
  });
  const status = await drainCommand(words, {
    out: text => void writeSync(1, text),
    err: text => void writeSync(2, text),
    env: process.env,
    clock: systemClock,
    interrupted,
  }).catch(error => {
    // The status 1 of an exception that is not caught would mean that a connection is left.
    writeSync(2, `ser2net: ${error instanceof Error ? error.stack : error}\n`);
    return FAILED;
  });
  process.exit(status);
}
