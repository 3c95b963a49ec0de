/** Waiting that measures nothing. */
import { setTimeout as pause } from "node:timers/promises";

const STEP_MS = 20;
const LONGEST_MS = 30_000;

export async function until(what: string, done: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + LONGEST_MS;
  while (!(await done())) {
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await pause(STEP_MS);
  }
}

/** Until what a process does after its start, or after a load, is over: caches, timers, garbage. */
export async function settle(ms: number): Promise<void> {
  await pause(ms);
}
