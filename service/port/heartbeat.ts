import type { Cancel, Clock } from "../line/clock.js";

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
