/** Counts the seconds by which inactivity is measured: one timer for all ports, which runs only while there are listeners. */
import type { Cancel, Clock } from "../line/clock.js";

export interface HeartbeatListener {
  everySecond(): void;
}

export class Heartbeat {
  /** Number of seconds in which there were listeners; not a time of day. */
  second = 0;
  readonly #listeners = new Set<HeartbeatListener>();
  readonly #clock: Clock;
  #stopBeating: Cancel | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(listener: HeartbeatListener): void {
    this.#listeners.add(listener);
    this.#stopBeating ??= this.#clock.every(1000, () => this.#beat());
  }

  remove(listener: HeartbeatListener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    this.#stopBeating?.();
    this.#stopBeating = null;
  }

  #beat(): void {
    this.second++;
    for (const listener of [...this.#listeners]) listener.everySecond();
  }
}
