/** Waiting that works with real sockets and with fakes: between two looks the fakes get their turns, and so does the event loop. */
import { PATIENCE_MS } from "../incoming.js";

/** Gives a fake its turns; absent where the kernel does. */
export type Settle = () => unknown;

/** Resolves when `ask` is true. Works while the timers are those of a fake clock. */
export async function eventually(what: string, settle: Settle | undefined, ask: () => boolean): Promise<void> {
  const deadlineMs = Date.now() + PATIENCE_MS;
  while (!ask()) {
    if (Date.now() > deadlineMs) throw new Error(`waited in vain: ${what}`);
    await pass(settle);
  }
}

/** One turn of the event loop. */
export async function pass(settle: Settle | undefined): Promise<void> {
  await settle?.();
  await new Promise(resolve => setImmediate(resolve));
}
