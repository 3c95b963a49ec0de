/** Time that passes when the test says so. */
import type { Clock } from "../../service/line/clock.js";

export class FakeClock implements Clock {
  #nowMs = 0;
  #timers: { readonly dueMs: number; readonly run: () => void }[] = [];

  get waiting(): number {
    return this.#timers.length;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { dueMs: this.#nowMs + delayMs, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter(one => one !== timer);
    };
  }

  every(periodMs: number, run: () => void): () => void {
    let cancel = this.after(periodMs, turn);
    const again = () => {
      cancel = this.after(periodMs, turn);
    };
    function turn(): void {
      again();
      run();
    }
    return () => cancel();
  }

  /** Since the epoch as since the start. */
  date(): Date {
    return new Date(this.#nowMs);
  }

  /** Lets time pass; each timer runs at its time. */
  pass(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (let next = this.#take(endMs); next !== undefined; next = this.#take(endMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.run();
    }
    this.#nowMs = Math.max(this.#nowMs, endMs);
  }

  /** A loop that turns only now: what came due meanwhile runs late. */
  stall(ms: number): void {
    this.#nowMs += ms;
    this.pass(0);
  }

  /** Time passes within a call, as in a blocking one: nothing runs. */
  jump(ms: number): void {
    this.#nowMs += ms;
  }

  #take(endMs: number) {
    const next = [...this.#timers].sort((a, b) => a.dueMs - b.dueMs)[0];
    if (next === undefined || next.dueMs > endMs) return undefined;
    this.#timers = this.#timers.filter(one => one !== next);
    return next;
  }
}
