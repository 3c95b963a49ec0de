/** Opens the device of a port with `always-open`: at the start, and again when it comes back. */
import type { Cancel, Clock } from "../line/clock.js";
import type { PortLifecycle } from "./lifecycle.js";
import type { PortLifecycleOptions } from "./lifecycle-options.js";

export class AlwaysOpen {
  readonly #clock: Clock;
  readonly #lifecycle: PortLifecycle;
  readonly #port: Pick<PortLifecycleOptions, "staysOpen" | "deviceBusy">;
  #cancel: Cancel | null = null;

  constructor(clock: Clock, lifecycle: PortLifecycle, port: Pick<PortLifecycleOptions, "staysOpen" | "deviceBusy">) {
    this.#clock = clock;
    this.#lifecycle = lifecycle;
    this.#port = port;
  }

  /** The definition has changed, or the node of the device has: opens it or closes it, as it is to be. */
  check(): void {
    const [lifecycle, port] = [this.#lifecycle, this.#port];
    if (lifecycle.isUnattended && !port.staysOpen()) lifecycle.end("All network connections free");
    this.#attemptAfter(0);
  }

  /** It was closed, or could not be opened. The pause grows for one that is lost at once each time. */
  later(): void {
    this.#attemptAfter(this.#lifecycle.device.pauseMs);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  get #isWanted(): boolean {
    return this.#lifecycle.phase === "idle" && this.#port.staysOpen();
  }

  #attemptAfter(ms: number): void {
    this.stop();
    if (this.#isWanted) this.#cancel = this.#clock.after(ms, () => this.#attempt());
  }

  /** Without its node nothing is tried: `check` follows when it appears. */
  #attempt(): void {
    this.#cancel = null;
    const [lifecycle, port] = [this.#lifecycle, this.#port];
    if (!this.#isWanted || !lifecycle.device.isPresent) return;
    if (port.deviceBusy()) this.later();
    else lifecycle.openDevice();
  }
}
