/** Does long work in short turns: one job at a time, so that the ports have the event loop in between. */
import { type Clock, systemClock } from "../line/clock.js";

/** How long a job may work before others have a turn. */
const TURN_MS = 3;

export class TaskQueue {
  readonly #tasks: Iterator<unknown>[] = [];
  readonly #failed: (error: unknown) => void;
  readonly #clock: Clock;

  /** @param failed called with what a step throws; its job ends */
  constructor(failed: (error: unknown) => void, clock: Clock = systemClock) {
    this.#failed = failed;
    this.#clock = clock;
  }

  /** Starts in a later turn, when those before it are done; each step is a small part of the work. */
  add(job: Iterator<unknown>): void {
    this.#tasks.push(job);
    if (this.#tasks.length === 1) setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    const end = this.#clock.nowMs() + TURN_MS;
    while (this.#tasks[0] !== undefined && this.#clock.nowMs() < end) {
      if (this.#isDone(this.#tasks[0])) this.#tasks.shift();
    }
    if (this.#tasks.length > 0) setImmediate(this.#turn);
  };

  #isDone(job: Iterator<unknown>): boolean {
    try {
      return job.next().done ?? false;
    } catch (error) {
      this.#failed(error);
      return true;
    }
  }
}
