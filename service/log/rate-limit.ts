/** Keeps one fault from filling the log: after a burst the same text is only counted. */
import { createLog, type Level } from "./levels.js";
import type { Log } from "./log.js";

export interface Clock {
  /** Calls back once, later; the function it gives takes that back. */
  after(delayMs: number, run: () => void): () => void;
}

export interface LimitedLog extends Log {
  /** Says now what was held back: before the end, or nobody will. */
  flush(): void;
}

/** So often a text is written before it is held back… */
export const BURST = 10;
/** …and so often it is said at most from then on how many there were, until one such time has passed without any. */
export const QUIET_MS = 60_000;
/** Texts remembered; with more, the one whose time began first is forgotten. */
const TEXTS_LIMIT = 64;

interface Repeated {
  readonly level: Level;
  readonly text: string;
  written: number;
  held: number;
  cancel: () => void;
}

export const systemClock: Clock = {
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs).unref();
    return () => clearTimeout(timer);
  },
};

export function limitLog(log: Log, clock: Clock = systemClock): LimitedLog {
  const known = new Map<string, Repeated>();

  function tell(one: Repeated): void {
    if (one.held > 0) log[one.level](`message repeated ${one.held} times: [${one.text}]`);
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
        log[level](text);
      }
    }),
    flush() {
      for (const [key, one] of known) forget(key, one);
    },
  };
}
