/** Programs of the machine that the doctor asks. */
import { loadModule } from "../native/load-module.js";

interface Outcome {
  readonly code: number;
  /** Both outputs, one character a byte. */
  readonly output: string;
}

const PATIENCE_MS = 10_000;
const MAX_OUTPUT = 4 * 1024 * 1024;

/** Null: the program is not installed. A program that does not end in ten seconds fails. */
export function ask(program: string, args: readonly string[]): Promise<Outcome | null> {
  const { execFile } = loadModule("node:child_process");
  const options = { encoding: "latin1", timeout: PATIENCE_MS, maxBuffer: MAX_OUTPUT } as const;
  return new Promise(resolve => {
    execFile(program, args, options, (error, out, errors) => {
      if (error !== null && "code" in error && error.code === "ENOENT") resolve(null);
      else
        resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : 1, output: out + errors });
    });
  });
}
