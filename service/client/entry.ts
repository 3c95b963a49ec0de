/** The client: `ser2net ports`, `attach` and the others. Bundled as a file of its own, so that it starts without the daemon. */
import { writeSync } from "node:fs";
import { isatty } from "node:tty";
import { encodeUtf8, toBytes } from "../line/bytes.js";
import { systemClock } from "../line/clock.js";
import { clientCommand } from "./command.js";

/** Runs the command to its end, and ends the process. @param words the arguments of the program */
export async function runCommand(words: readonly string[]): Promise<void> {
  const status = await clientCommand(words.map(encodeUtf8), {
    out: text => write(1, text),
    err: text => write(2, text),
    env: process.env,
    clock: systemClock,
    isTerminal: isatty(1),
  });
  process.exit(status);
}

/** Whole, also where the descriptor does not block. Ends the process when its reader is gone. */
function write(fd: 1 | 2, text: string): void {
  const bytes = toBytes(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : null;
      if (code === "EPIPE") process.exit(1);
      if (code !== "EAGAIN") throw error;
    }
  }
}
