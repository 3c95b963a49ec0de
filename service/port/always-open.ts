/** Opens the device of a port with `always-open`: at the start, and again when it comes back. */
import type { Cancel, Clock } from "../line/clock.js";
import type { PortLifecycle } from "./lifecycle.js";

interface AlwaysOpenOptions {
  readonly clock: Clock;
  readonly lifecycle: PortLifecycle;
  /** The device is to be open without a connection too. */
  staysOpen(): boolean;
  /** Another port has it. */
  isBusy(): boolean;
}

export class AlwaysOpen {
  readonly #options: AlwaysOpenOptions;
  #cancel: Cancel | null = null;

  constructor(options: AlwaysOpenOptions) {
    this.#options = options;
  }

  /** The definition has changed, or the node of the device has: opens it or closes it, as it is to be. */
  check(): void {
    const { lifecycle, staysOpen } = this.#options;
    if (lifecycle.isUnattended && !staysOpen()) lifecycle.end("All network connections free");
    this.#attemptAfter(0);
  }

  /** It was closed, or could not be opened. The pause grows for one that is lost at once each time. */
  later(): void {
    this.#attemptAfter(this.#options.lifecycle.device.pauseMs);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  get #isWanted(): boolean {
    return this.#options.lifecycle.phase === "idle" && this.#options.staysOpen();
  }

  #attemptAfter(ms: number): void {
    this.stop();
    if (this.#isWanted) this.#cancel = this.#options.clock.after(ms, () => this.#attempt());
  }

  /** Without its node nothing is tried: `check` follows when it appears. */
  #attempt(): void {
    this.#cancel = null;
    const { lifecycle, isBusy } = this.#options;
    if (!this.#isWanted || !lifecycle.device.isPresent) return;
    if (isBusy()) this.later();
    else lifecycle.openDevice();
  }
}
