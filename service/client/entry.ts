/** The client: `ser2net ports`, `attach` and the others. Bundled as a file of its own, so that it starts without the daemon. */
import { isatty } from "node:tty";
import { encodeUtf8, toBytes } from "../line/bytes.js";
import { systemClock } from "../line/clock.js";
import { clientCommand } from "./command.js";
import { writeWhole } from "./io.js";

/** Runs the command to its end, and ends the process. @param words the arguments of the program */
export async function runCommand(words: readonly string[]): Promise<void> {
  const status = await clientCommand(words.map(encodeUtf8), {
    out: text => writeWhole(1, toBytes(text)),
    err: text => writeWhole(2, toBytes(text)),
    env: process.env,
    clock: systemClock,
    isTerminal: isatty(1),
  });
  process.exit(status);
}
