/** The trial of a new version before it takes the place of the running one: it reads the state and the configuration. */
import { closeSync } from "node:fs";
import type { Clock } from "../line/clock.js";
import { sealedFile } from "../native/handover.js";
import { loadModule } from "../native/load-module.js";
import { ACCEPTED } from "./accept.js";

/** A program, with its arguments from the second one on. */
export interface Program {
  readonly path: string;
  readonly args: readonly string[];
}

type Verdict = { readonly version: string } | { readonly reason: string };

/** Most characters that are kept of each output of the new version. */
const MOST_TEXT = 16_384;

interface Trial {
  readonly program: Program;
  /** Encoded by `encodeState`. */
  readonly state: Uint8Array;
  readonly limitMs: number;
  readonly clock: Clock;
  /** Aborted when the answer is not wanted any more. */
  readonly signal: AbortSignal;
}

/** Starts the new version beside this one, and resolves to its answer. Throws when there is no memory for the state. */
export function tryVersion({ program, state, limitMs, clock, signal }: Trial): Promise<Verdict> {
  const fd = sealedFile(state);
  const child = loadModule("node:child_process").spawn(program.path, program.args, {
    stdio: ["ignore", "pipe", "pipe", fd],
    signal,
    killSignal: "SIGKILL",
  });
  closeSync(fd);
  let [output, errors] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", text => {
    output = (output + text).slice(0, MOST_TEXT);
  });
  child.stderr?.setEncoding("utf8").on("data", text => {
    errors = (errors + text).slice(-MOST_TEXT); // the reason comes last
  });
  return new Promise(resolve => {
    const cancel = clock.after(limitMs, () => {
      child.kill("SIGKILL");
      resolve({ reason: `the new version gave no answer within ${limitMs / 1000} s` });
    });
    child.once("error", error => {
      cancel();
      resolve({ reason: `the new version cannot be started: ${error.message}` });
    });
    child.once("close", (code, killedBy) => {
      cancel();
      const version = code === 0 ? ACCEPTED.exec(output)?.[1] : undefined;
      resolve(version === undefined ? { reason: describe(errors, code, killedBy) } : { version });
    });
  });
}

function describe(errors: string, code: number | null, killedBy: string | null): string {
  // For an uncaught exception Node prints its place in the source first; the line of the error itself is wanted.
  const said = /^\w*Error.*$/m.exec(errors)?.[0] ?? /^.*\S.*$/m.exec(errors)?.[0];
  return `the new version does not accept it: ${said ?? `it ended with ${killedBy ?? `exit status ${code}`}`}`;
}
