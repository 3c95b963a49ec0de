/**
 * Gives back what a start, a reload and many new connections leave: half of V8's young generation, objects that are not used
 * any more, and pages that are almost empty. V8 itself would keep them, as it collects only when more is needed.
 */
import { backgroundClock, type Clock, processorMs } from "../line/clock.js";
import { releaseMemory } from "../native/memory.js";

/** So many leave about a megabyte behind. */
const MANY_CONNECTIONS = 64;
const LOOK_MS = 500;
/** Processor time within LOOK_MS of a daemon that may stop for a moment. */
const IDLE_MS = 25;

export class SpareMemory {
  readonly #clock: Clock;
  readonly #cpuMs: () => number;
  readonly #release: () => void;
  #connections = 0;
  #isDue = false;

  constructor(clock: Clock = backgroundClock, cpuMs = processorMs, release = releaseMemory) {
    this.#clock = clock;
    this.#cpuMs = cpuMs;
    this.#release = release;
  }

  /** A connection has come. */
  connected(): void {
    if (++this.#connections >= MANY_CONNECTIONS) this.releaseWhenIdle();
  }

  /** After the first half second in which the daemon does little. */
  releaseWhenIdle(): void {
    this.#connections = 0;
    if (!this.#isDue) this.#look();
    this.#isDue = true;
  }

  #look(): void {
    const before = this.#cpuMs();
    this.#clock.after(LOOK_MS, () => {
      if (this.#cpuMs() - before > IDLE_MS) {
        this.#look();
        return;
      }
      this.#isDue = false;
      this.#release();
    });
  }
}
