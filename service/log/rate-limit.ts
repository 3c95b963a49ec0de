/**
 * Limits how much repeated messages write to the log: after a burst, a text is only counted, and so are all texts
 * together once they exceed the budget of a minute (many ports that fail in different ways). Lines about connections are
 * limited apart from the others: a peer that connects again and again must not hide a fault.
 */
import { backgroundClock, type Cancel, type Clock } from "../line/clock.js";
import { createLog, type Level } from "./levels.js";
import type { Log, LogFields, LogObserver, ObservedLog } from "./log.js";

/** How often a text is written before its repeats are only counted. */
export const BURST = 10;
/** Interval of the line "repeated N times". One interval without a repeat ends the counting. */
export const QUIET_MS = 60_000;
/** Lines of all texts together within QUIET_MS: a start or a reload of 256 ports fits, and their connects after it. */
export const BUDGET = 600;
/** The budget of each QUIET_MS that follows one with more lines than its budget. */
export const BUDGET_AFTER_FLOOD = 60;
/** Texts that are counted. With more, the one that was first written the longest ago is forgotten. */
const TEXTS_LIMIT = 64;

interface Repeated {
  readonly level: Level;
  readonly text: string;
  written: number;
  held: number;
  cancel: Cancel;
}

export class LimitedLog implements ObservedLog {
  observer: LogObserver | null = null;
  readonly #plain: Limiter;
  /** Of lines with fields. */
  readonly #connections: Limiter;

  constructor(log: Log, clock: Clock = backgroundClock) {
    const observed = createLog((level, text, fields) => {
      log[level](text, fields);
      this.observer?.(level, text, fields);
    });
    this.#plain = new Limiter(observed, clock, "");
    this.#connections = new Limiter(observed, clock, " about connections");
  }

  error(text: string): void {
    this.#plain.take("error", text);
  }

  warning(text: string): void {
    this.#plain.take("warning", text);
  }

  notice(text: string, fields?: LogFields): void {
    this.#take("notice", text, fields);
  }

  info(text: string, fields?: LogFields): void {
    this.#take("info", text, fields);
  }

  /** Lines that were not written so far. */
  get suppressed(): number {
    return this.#plain.allSuppressed + this.#connections.allSuppressed;
  }

  /** Writes what was held back; to be called before the process ends. */
  flush(): void {
    this.#plain.flush();
    this.#connections.flush();
  }

  #take(level: Level, text: string, fields?: LogFields): void {
    (fields === undefined ? this.#plain : this.#connections).take(level, text, fields);
  }
}

/** The limits of lines of one subject. */
class Limiter {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #subject: string;
  readonly #known = new Map<string, Repeated>();
  /** Of all texts together, within the current QUIET_MS. */
  #budget = BUDGET;
  #written = 0;
  #suppressed = 0;
  /** Since the start. */
  allSuppressed = 0;
  #cancelWindow: Cancel | null = null;

  /** @param subject of the lines, for the line about suppressed ones */
  constructor(log: Log, clock: Clock, subject: string) {
    this.#log = log;
    this.#clock = clock;
    this.#subject = subject;
  }

  flush(): void {
    for (const [key, one] of this.#known) this.#forget(key, one);
    this.#tellSuppressed();
    this.#cancelWindow?.();
    this.#cancelWindow = null;
  }

  take(level: Level, text: string, fields?: LogFields): void {
    const key = `${level} ${text}`;
    const one = this.#known.get(key) ?? this.#remember(key, level, text);
    if (one.written === BURST) {
      one.held++;
      this.allSuppressed++;
      return;
    }
    one.written++;
    this.#write(level, text, fields);
  }

  #write(level: Level, text: string, fields?: LogFields): void {
    this.#cancelWindow ??= this.#clock.after(QUIET_MS, () => this.#endWindow());
    if (this.#written < this.#budget) this.#log[level](text, fields);
    else {
      this.#suppressed++;
      this.allSuppressed++;
    }
    this.#written++;
  }

  #endWindow(): void {
    this.#cancelWindow = null;
    this.#budget = this.#suppressed > 0 ? BUDGET_AFTER_FLOOD : BUDGET;
    this.#written = 0;
    this.#tellSuppressed();
    if (this.#budget !== BUDGET_AFTER_FLOOD) return;
    this.#cancelWindow = this.#clock.after(QUIET_MS, () => this.#endWindow());
  }

  #tellSuppressed(): void {
    const what = `${this.#suppressed} log lines${this.#subject}`;
    if (this.#suppressed > 0) this.#log.warning(`${what} suppressed: too many within a minute`);
    this.#suppressed = 0;
  }

  #remember(key: string, level: Level, text: string): Repeated {
    const oldest = this.#known.size < TEXTS_LIMIT ? undefined : this.#known.entries().next().value;
    if (oldest !== undefined) this.#forget(...oldest);
    const one: Repeated = { level, text, written: 0, held: 0, cancel: () => {} };
    this.#known.set(key, one);
    this.#watch(key, one);
    return one;
  }

  #watch(key: string, one: Repeated): void {
    one.cancel = this.#clock.after(QUIET_MS, () => {
      if (one.held === 0) return this.#forget(key, one);
      this.#tell(one);
      this.#watch(key, one);
    });
  }

  #forget(key: string, one: Repeated): void {
    one.cancel();
    this.#known.delete(key);
    this.#tell(one);
  }

  #tell(one: Repeated): void {
    if (one.held > 0) this.#write(one.level, `message repeated ${one.held} times: [${one.text}]`);
    one.held = 0;
  }
}
