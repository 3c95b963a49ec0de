/**
 * Decides when a source is read again. A wake-up costs the same for one byte as for a thousand. Therefore rare data is read as
 * soon as it comes; while the daemon reads often, streams are read at ticks that all ports have in common.
 *
 * The line time of a piece of data is how long the line needs for its bytes.
 */

/** After a pause of this length, data is the start of something new: a keystroke, a message. */
const PAUSE_MS = 4;
/** A line time above twice the time since the last read plus this: the bytes had accumulated, and more are waiting. */
const AHEAD_SLACK_MS = 16;
/** Recent data with less line time than this may be one message of a dialogue; with more it is a stream. */
const DIALOGUE_MS = 16;
/**
 * Each source has a credit for reads that do not wait for a tick, so that the last byte of a message does not wait either. A
 * read costs 1 plus its line time in milliseconds. An answer in a dialogue sets the credit to MOST_AT_ONCE; each millisecond
 * of a pause adds AT_ONCE_PER_PAUSE_MS, up to that.
 */
const MOST_AT_ONCE = 300;
const AT_ONCE_PER_PAUSE_MS = 16;

/** The recent data of one direction of an open port. */
export class RecentData {
  /** Number of pieces passed on. */
  moved = 0;
  #burstMs = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** Counts a piece. @param lineMs its line time */
  add(lineMs: number, nowMs: number): void {
    this.moved++;
    this.#burstMs = Math.min(this.burstMs(nowMs) + lineMs, 2 * DIALOGUE_MS);
    this.#lastMs = nowMs;
  }

  /** Line time of the recent pieces, in milliseconds: a leaky bucket that loses half a millisecond per millisecond. */
  burstMs(nowMs: number): number {
    return Math.max(0, this.#burstMs - (nowMs - this.#lastMs) / 2);
  }
}

/** The timing of the line of a port. */
export interface LineTiming {
  /** The line time of one byte, in milliseconds. */
  readonly byteMs: number;
  /** The longest wait, in milliseconds, that the kernel's buffers allow; 0: no read may wait for a tick (-chardelay). */
  readonly longestTickMs: number;
}

/** `again`: read at once. `wait`: read as soon as the source is readable. `tick`: read at the next tick. */
export type NextRead = "again" | "wait" | "tick";

/** A read that got something. */
interface ReadResult {
  readonly bytes: number;
  /** The bytes filled the whole buffer. */
  readonly isFull: boolean;
  readonly nowMs: number;
}

/** The state of one source between two reads. */
export class ReadPacing {
  #lastReadMs = Number.NEGATIVE_INFINITY;
  /** The credit: see MOST_AT_ONCE. */
  #atOnce = 0;
  #otherMoved = 0;

  /**
   * Returns when to read next. Call after each read that got something.
   * @param other the other direction: if it has moved since the last read, this read may be the answer to it
   */
  next({ bytes, isFull, nowMs }: ReadResult, timing: LineTiming, other: RecentData, budget: WakeUpBudget): NextRead {
    budget.read(timing.byteMs, nowMs);
    const gapMs = nowMs - this.#lastReadMs;
    const lineMs = bytes * timing.byteMs;
    this.#lastReadMs = nowMs;
    const isAnswer = other.moved !== this.#otherMoved && other.burstMs(nowMs) < DIALOGUE_MS;
    this.#otherMoved = other.moved;
    if (isFull || lineMs > 2 * gapMs + AHEAD_SLACK_MS) return "again";
    const pauseMs = gapMs - lineMs;
    const afterPause = pauseMs > PAUSE_MS;
    if (isAnswer) this.#atOnce = MOST_AT_ONCE;
    else if (afterPause) this.#atOnce = Math.min(MOST_AT_ONCE, this.#atOnce + pauseMs * AT_ONCE_PER_PAUSE_MS);
    if (this.#atOnce >= 1 && budget.allowsAtOnce(afterPause)) {
      this.#atOnce -= 1 + lineMs;
      return "wait";
    }
    return budget.streamsAtTicks && budget.tickMs <= timing.longestTickMs ? "tick" : "wait";
  }
}

/** Streams are read at ticks when all sources together have more than MANY_READS a second, until they have FEW_READS or fewer. */
const MANY_READS = 300;
const FEW_READS = 150;
/** The period of the ticks, and the shorter one while a line is faster than FAST_BYTE_MS. */
const TICK_MS = 2;
const FAST_TICK_MS = 1;
const FAST_BYTE_MS = 0.03; // 333,000 bit/s
/** Shorter than the chardelay-max of the manual page, 20 ms. */
const LONGEST_TICK_MS = 16;
/** Processor time of the daemon as a share of a core: above BUSY the ticks get longer, below EASY shorter again. */
const BUSY = 0.5;
const EASY = 0.25;
/** Reads and processor time are counted in windows of this length. */
const WINDOW_MS = 100;
/** Most reads without a tick in a window, of all sources. */
const MOST_AT_ONCE_TOGETHER = 500;

interface BudgetOptions {
  /** Processor time used so far, in milliseconds. */
  readonly cpuMs: () => number;
  readonly setTickMs: (ms: number) => void;
}

/** Limits how often the daemon wakes up. All ports share one. */
export class WakeUpBudget {
  /** True: there are so many reads that streams must be read at common ticks. */
  streamsAtTicks = false;
  tickMs = TICK_MS;
  /** True: ticks are longer than the line speeds require, because the processor is busy. */
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

  /** Counts a read. @param byteMs the line time of one byte */
  read(byteMs: number, nowMs: number): void {
    this.#reads++;
    if (byteMs < FAST_BYTE_MS) this.#fast = true;
    if (nowMs - this.#sinceMs >= WINDOW_MS) this.#endWindow(nowMs);
  }

  /** Whether one more read may happen without a tick; counts it. In an overload only a read after a pause may. */
  allowsAtOnce(afterPause: boolean): boolean {
    return (afterPause || !this.overloaded) && ++this.#atOnce <= MOST_AT_ONCE_TOGETHER;
  }

  #endWindow(nowMs: number): void {
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
    // Only after two busy windows in a row: a new connection takes more processor time for a moment.
    if (share > BUSY && this.#wasBusy) tickMs = Math.min(tickMs * 2, LONGEST_TICK_MS);
    else if (share < EASY) tickMs /= 2;
    this.#wasBusy = share > BUSY;
    this.tickMs = Math.max(tickMs, shortest);
    this.overloaded = this.tickMs > shortest;
    this.#options.setTickMs(this.tickMs);
  }
}
