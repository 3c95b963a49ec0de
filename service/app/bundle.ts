/** Bundles that not every board needs (docs/design.md, "What is loaded when"). */
import type { Log } from "../log/log.js";
import { reasonOf } from "../native/errors.js";

/**
 * Loads a bundle at the first call and keeps it. Null: it cannot be loaded, and its feature is missing; the reason is logged
 * once, and the next call tries again.
 * @param what for the log, plural: `LEDs`
 */
export function bundle<T>(what: string, load: () => T, log: Pick<Log, "error">): () => T | null {
  let loaded: T | null = null;
  let lastReason = "";
  return () => {
    try {
      loaded ??= load();
    } catch (error) {
      const reason = reasonOf(error);
      if (reason !== lastReason) log.error(`${what} cannot be loaded: ${reason}`);
      lastReason = reason;
    }
    return loaded;
  };
}
