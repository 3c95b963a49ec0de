/**
 * When to read a source again. A wake-up costs the same for one byte or a thousand. So what comes seldom is passed on at
 * once, and what keeps coming is read at ticks, common to all ports, as soon as there is too much of it.
 */
import type { Clock } from "../line/clock.js";

/** A line that was idle this long begins something new: a person typing, a message. */
const PAUSE_MS = 4;
/** A read that brings more than the line could have sent since the last one, and this much, comes from a full buffer. */
const AHEAD_SLACK_MS = 16;
/** Of its line's time, a direction that answers in a dialogue uses less than this at a time. */
const DIALOGUE_MS = 16;
/**
 * What is new is read at once for a while, so that its last byte does not wait: a read costs 1 and the milliseconds of its
 * line time, an answer in a dialogue grants all of this, each millisecond of a pause some of it.
 */
const MOST_AT_ONCE = 300;
const AT_ONCE_PER_PAUSE_MS = 16;

/** What one direction of an open port carried lately. */
export class Flow {
  /** Pieces passed on. */
  moved = 0;
  #burstMs = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** @param lineMs the time that the line needs for it */
  add(lineMs: number, nowMs: number): void {
    this.moved++;
    this.#burstMs = Math.min(this.burstMs(nowMs) + lineMs, 2 * DIALOGUE_MS);
    this.#lastMs = nowMs;
  }

  /** Line time of what came lately, in milliseconds; leaks away at half the speed of the line. */
  burstMs(nowMs: number): number {
    return Math.max(0, this.#burstMs - (nowMs - this.#lastMs) / 2);
  }
}

/** The line of a port, as far as reading depends on it. */
export interface Pace {
  /** How long it takes for one byte, in milliseconds. */
  readonly byteMs: number;
  /** What gathers in this time fits the kernel's buffers; 0 forbids to wait (-chardelay). In milliseconds. */
  readonly longestTickMs: number;
}

/** There is more; whenever there is something; what there is at the next tick. */
export type NextRead = "again" | "wait" | "tick";

/** What is remembered of one source between two reads. */
export class ReadPacing {
  #lastReadMs = Number.NEGATIVE_INFINITY;
  /** What is left to it of MOST_AT_ONCE. */
  #atOnce = 0;
  #otherMoved = 0;

  /**
   * What to do after a read of `bytes` bytes (> 0).
   * @param full the read got all it had room for
   * @param other the other direction: when it moved since the last read, the peer may wait for an answer
   */
  next(bytes: number, full: boolean, pace: Pace, other: Flow, budget: WakeUpBudget): NextRead {
    const nowMs = budget.read(pace.byteMs);
    const gapMs = nowMs - this.#lastReadMs;
    const lineMs = bytes * pace.byteMs;
    this.#lastReadMs = nowMs;
    const turned = other.moved !== this.#otherMoved && other.burstMs(nowMs) < DIALOGUE_MS;
    this.#otherMoved = other.moved;
    if (full || lineMs > 2 * gapMs + AHEAD_SLACK_MS) return "again";
    const pauseMs = gapMs - lineMs;
    const paused = pauseMs > PAUSE_MS;
    if (turned) this.#atOnce = MOST_AT_ONCE;
    else if (paused) this.#atOnce = Math.min(MOST_AT_ONCE, this.#atOnce + pauseMs * AT_ONCE_PER_PAUSE_MS);
    if (this.#atOnce >= 1 && budget.allowsAtOnce(paused)) {
      this.#atOnce -= 1 + lineMs;
      return "wait";
    }
    return budget.streamsAtTicks && budget.tickMs <= pace.longestTickMs ? "tick" : "wait";
  }
}

/** Reads a second, of all sources, from which on streams are read at ticks, and below which they are not any more. */
const MANY_READS = 300;
const FEW_READS = 150;
/** Ticks, in milliseconds: of ordinary lines, and while a line is as fast as this. */
const TICK_MS = 2;
const FAST_TICK_MS = 1;
const FAST_BYTE_MS = 0.03; // 333,000 bit/s
/** Below the manual page's chardelay-max of 20 ms. */
const LONGEST_TICK_MS = 16;
/** Shares of a core from which on ticks get longer, and below which they get shorter again. */
const BUSY = 0.5;
const EASY = 0.25;
const WINDOW_MS = 100;
/** Reads at once in a window, of all sources. */
const MOST_AT_ONCE_TOGETHER = 500;

interface BudgetOptions {
  readonly clock: Clock;
  /** Processor time used so far, in milliseconds. */
  readonly cpuMs: () => number;
  readonly setTickMs: (ms: number) => void;
}

/** How much the daemon may wake up: one for all ports. */
export class WakeUpBudget {
  /** There are so many reads that streams must share their wake-ups. */
  streamsAtTicks = false;
  tickMs = TICK_MS;
  /** Ticks are longer than they should be. */
  overloaded = false;
  readonly #options: BudgetOptions;
  #reads = 0;
  #atOnce = 0;
  #fast = false;
  #wasBusy = false;
  #sinceMs = Number.NEGATIVE_INFINITY;
  #cpuMs = 0;

  constructor(options: BudgetOptions) {
    this.#options = options;
  }

  /** Counts a read of a line that takes so long for a byte. Returns the time on the clock. */
  read(byteMs: number): number {
    const nowMs = this.#options.clock.nowMs();
    this.#reads++;
    if (byteMs < FAST_BYTE_MS) this.#fast = true;
    if (nowMs - this.#sinceMs >= WINDOW_MS) this.#judge(nowMs);
    return nowMs;
  }

  /** Whether one more source may be read at once. @param first after a pause; in an overload only those may */
  allowsAtOnce(first: boolean): boolean {
    return (first || !this.overloaded) && ++this.#atOnce <= MOST_AT_ONCE_TOGETHER;
  }

  #judge(nowMs: number): void {
    const elapsedMs = nowMs - this.#sinceMs;
    const perSecond = (this.#reads * 1000) / elapsedMs;
    this.streamsAtTicks = perSecond > (this.streamsAtTicks ? FEW_READS : MANY_READS);
    const cpuMs = this.#options.cpuMs();
    this.#adjustTick((cpuMs - this.#cpuMs) / elapsedMs);
    this.#cpuMs = cpuMs;
    this.#sinceMs = nowMs;
    this.#reads = 0;
    this.#atOnce = 0;
    this.#fast = false;
  }

  #adjustTick(share: number): void {
    const shortest = this.#fast ? FAST_TICK_MS : TICK_MS;
    let tickMs = this.tickMs;
    // Twice in a row: what begins takes more for a moment.
    if (share > BUSY && this.#wasBusy) tickMs = Math.min(tickMs * 2, LONGEST_TICK_MS);
    else if (share < EASY) tickMs /= 2;
    this.#wasBusy = share > BUSY;
    this.tickMs = Math.max(tickMs, shortest);
    this.overloaded = this.tickMs > shortest;
    this.#options.setTickMs(this.tickMs);
  }
}
