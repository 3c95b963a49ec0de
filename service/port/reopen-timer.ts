/** Reopens a device that went away: tries when its node appears, gives up when the time is over. */
import { type Device, DeviceError } from "../device/device.js";
import type { Cancel, Clock } from "../line/clock.js";
import { RETRY_MS } from "./device-failures.js";

interface ReopenTimerOptions {
  readonly limitMs: number;
  /** Pause before the first attempt, while the node does not change. */
  readonly firstMs: number;
  readonly clock: Clock;
  /** The lost device is closed. */
  readonly gone: Promise<void>;
  isPresent(): boolean;
  /** Throws DeviceError, or rejects with it. @param signal aborted when the device is not wanted any more */
  open(signal: AbortSignal): Device | Promise<Device>;
  opened(device: Device): void;
  /** An attempt failed; others follow. */
  failed(reason: string): void;
  /** It did not come back in time. */
  over(): void;
}

export class ReopenTimer {
  readonly #options: ReopenTimerOptions;
  readonly #cancelLimit: Cancel;
  readonly #endMs: number; // on the clock
  #cancelRetry: Cancel | null = null;
  /** The lost device is being closed, or a new one opened. */
  #busy = true;
  readonly #abort = new AbortController();

  constructor(options: ReopenTimerOptions) {
    this.#options = options;
    this.#endMs = options.clock.nowMs() + options.limitMs;
    this.#cancelLimit = options.clock.after(options.limitMs, () => {
      this.end();
      options.over();
    });
    void options.gone.then(() => {
      this.#busy = false;
      this.#attemptLater(options.firstMs);
    });
  }

  /** Until it gives up. */
  get leftMs(): number {
    return Math.max(0, Math.round(this.#endMs - this.#options.clock.nowMs()));
  }

  /** The device may have appeared. */
  attempt(): void {
    if (this.#busy || this.#isEnded || !this.#options.isPresent()) return;
    this.#busy = true;
    this.#cancelRetry?.();
    void this.#open();
  }

  /** Idempotent. A device that is just being opened is closed again. */
  end(): void {
    this.#abort.abort();
    this.#cancelLimit();
    this.#cancelRetry?.();
  }

  get #isEnded(): boolean {
    return this.#abort.signal.aborted;
  }

  #attemptLater(afterMs = RETRY_MS): void {
    if (!this.#isEnded) this.#cancelRetry = this.#options.clock.after(afterMs, () => this.attempt());
  }

  async #open(): Promise<void> {
    let device: Device;
    try {
      device = await this.#options.open(this.#abort.signal);
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      this.#busy = false;
      if (!this.#isEnded) this.#options.failed(error.reason);
      this.#attemptLater(error.retryAfterMs ?? RETRY_MS);
      return;
    }
    if (this.#isEnded) {
      await device.close(0);
    } else {
      this.end();
      this.#options.opened(device);
    }
  }
}
