/** One timer for all ports: streams are moved along at common ticks, so that 32 ports cost one wake-up. */
import type { Cancel, Clock } from "../line/clock.js";
import { TICKS_MS } from "./read-pacing.js";

/** Called at its tick; the next tick must be asked for anew. */
interface Ticking {
  onTick(): void;
}

interface Tick {
  readonly periodMs: number;
  readonly waiting: Set<Ticking>;
  /** The next multiple of the period, on the clock; infinite while no source waits. */
  dueMs: number;
}

export class Ticker {
  readonly #ticks: readonly Tick[] = TICKS_MS.map(periodMs => ({
    periodMs,
    waiting: new Set<Ticking>(),
    dueMs: Number.POSITIVE_INFINITY,
  }));
  readonly #clock: Clock;
  #cancelTimer: Cancel | null = null;
  #timerDueMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `source` once at the next common moment of TICKS_MS[tick]: within that time, not after it. */
  at(tick: number, source: Ticking): void {
    const wanted = this.#ticks[tick];
    if (wanted === undefined) return;
    if (wanted.waiting.size === 0) {
      wanted.dueMs = (Math.floor(this.#clock.nowMs() / wanted.periodMs) + 1) * wanted.periodMs;
    }
    wanted.waiting.add(source);
    if (wanted.dueMs < this.#timerDueMs) this.#schedule(wanted.dueMs);
  }

  cancel(source: Ticking): void {
    for (const tick of this.#ticks) tick.waiting.delete(source);
  }

  #schedule(dueMs: number): void {
    this.#cancelTimer?.();
    this.#timerDueMs = dueMs;
    this.#cancelTimer = this.#clock.after(Math.max(1, Math.round(dueMs - this.#clock.nowMs())), this.#run);
  }

  readonly #run = (): void => {
    this.#cancelTimer = null;
    this.#timerDueMs = Number.POSITIVE_INFINITY;
    const now = this.#clock.nowMs() + 0.5; // timers are counted in whole milliseconds
    for (const tick of this.#ticks) {
      if (tick.dueMs > now) continue;
      const due = [...tick.waiting];
      tick.waiting.clear();
      tick.dueMs = Number.POSITIVE_INFINITY;
      for (const source of due) source.onTick();
    }
    const next = Math.min(...this.#ticks.map(tick => tick.dueMs));
    if (next < this.#timerDueMs) this.#schedule(next);
  };
}

/** The seconds that inactivity is counted in: one timer for all ports, running only while it has listeners. */
export class Heartbeat {
  /** Whole seconds since the first listener, not a clock. */
  second = 0;
  readonly #listeners = new Set<() => void>();
  readonly #clock: Clock;
  #stopBeating: Cancel | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(listener: () => void): void {
    this.#listeners.add(listener);
    this.#stopBeating ??= this.#clock.every(1000, () => this.#beat());
  }

  remove(listener: () => void): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    this.#stopBeating?.();
    this.#stopBeating = null;
  }

  #beat(): void {
    this.second++;
    for (const listener of [...this.#listeners]) listener();
  }
}
