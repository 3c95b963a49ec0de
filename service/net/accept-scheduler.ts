/** Lets all listening sockets accept in turn, within one time budget for each turn of the event loop. */
import { type Clock, systemClock } from "../line/clock.js";

/**
 * Time in one turn for accepting and for opening devices; then data moves before the next peer. A longer budget accepts no
 * more connections in a second: a peer that leaves at once costs as much in a later turn.
 */
const BUDGET_MS = 0.3;
/**
 * When more peers wait than one turn takes, the next ones are taken so much later: a daemon that never sleeps waits behind
 * other programs for the processor when data comes.
 */
const PAUSE_MS = 1;

export class AcceptScheduler {
  /** Takers whose socket has waiting connections, the next one first. */
  readonly #waiting = new Set<() => boolean>();
  readonly #clock: Clock;
  #scheduled = false;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** `take` accepts one peer; it returns false when none waits any more, and is called until it does. */
  add(take: () => boolean): void {
    this.#waiting.add(take);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.size === 0) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#run();
    this.#scheduled = this.#waiting.size > 0;
    if (this.#scheduled) this.#clock.after(PAUSE_MS, this.#turn);
  };

  /** A set is walked in the order of insertion, and what is added on the way is met too: that is the round. */
  #run(): void {
    const end = this.#clock.nowMs() + BUDGET_MS;
    for (const take of this.#waiting) {
      this.#waiting.delete(take);
      if (take()) this.#waiting.add(take);
      if (this.#clock.nowMs() >= end) return;
    }
  }
}
