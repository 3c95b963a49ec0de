/**
 * Keeps faults from filling the log: after a burst the same text is only counted, and so are all texts together once
 * they are more than a minute's budget (many ports that fail in many ways).
 */
import { backgroundClock, type Clock } from "../line/clock.js";
import { createLog, type Level } from "./levels.js";
import type { Log } from "./log.js";

export interface LimitedLog extends Log {
  /** Writes what was held back; to be called before the process ends. */
  flush(): void;
}

/** So often a text is written before it is held back… */
export const BURST = 10;
/** …and so often it is said at most from then on how many there were, until one such time has passed without any. */
export const QUIET_MS = 60_000;
/** Lines of all texts together within QUIET_MS: a start or a reload of 256 ports fits. */
export const BUDGET = 600;
/** The budget of each QUIET_MS that follows one with more lines than its budget. */
export const BUDGET_AFTER_FLOOD = 60;
/** Texts remembered; with more, the one whose time began first is forgotten. */
const TEXTS_LIMIT = 64;

interface Repeated {
  readonly level: Level;
  readonly text: string;
  written: number;
  held: number;
  cancel: () => void;
}

export function limitLog(log: Log, clock: Clock = backgroundClock): LimitedLog {
  const known = new Map<string, Repeated>();

  let budget = BUDGET;
  let written = 0;
  let suppressed = 0;
  let cancelWindow: (() => void) | null = null;

  function write(level: Level, text: string): void {
    cancelWindow ??= clock.after(QUIET_MS, endWindow);
    if (written < budget) log[level](text);
    else suppressed++;
    written++;
  }

  function endWindow(): void {
    cancelWindow = null;
    budget = suppressed > 0 ? BUDGET_AFTER_FLOOD : BUDGET;
    written = 0;
    tellSuppressed();
    if (budget === BUDGET_AFTER_FLOOD) cancelWindow = clock.after(QUIET_MS, endWindow);
  }

  function tellSuppressed(): void {
    if (suppressed > 0) log.warning(`${suppressed} log lines suppressed: too many within a minute`);
    suppressed = 0;
  }

  function tell(one: Repeated): void {
    if (one.held > 0) write(one.level, `message repeated ${one.held} times: [${one.text}]`);
    one.held = 0;
  }

  function forget(key: string, one: Repeated): void {
    one.cancel();
    known.delete(key);
    tell(one);
  }

  function watch(key: string, one: Repeated): void {
    one.cancel = clock.after(QUIET_MS, () => {
      if (one.held === 0) return forget(key, one);
      tell(one);
      watch(key, one);
    });
  }

  function remember(key: string, level: Level, text: string): Repeated {
    const oldest = known.size < TEXTS_LIMIT ? undefined : known.entries().next().value;
    if (oldest !== undefined) forget(...oldest);
    const one: Repeated = { level, text, written: 0, held: 0, cancel: () => {} };
    known.set(key, one);
    watch(key, one);
    return one;
  }

  return {
    ...createLog((level, text) => {
      const key = `${level} ${text}`;
      const one = known.get(key) ?? remember(key, level, text);
      if (one.written === BURST) one.held++;
      else {
        one.written++;
        write(level, text);
      }
    }),
    flush() {
      for (const [key, one] of known) forget(key, one);
      tellSuppressed();
      cancelWindow?.();
      cancelWindow = null;
    },
  };
}
