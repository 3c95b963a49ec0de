/** Opens a device: at once, or over some time in which all connections may end. */
import type { Device } from "../device/device.js";

export interface OpeningEvents {
  opened(device: Device): void;
  failed(error: unknown): void;
}

export class Opening {
  /** Null until the first one starts. */
  #abort: AbortController | null = null;

  /** One of the events follows, now or later, unless this is given up. */
  start(open: (signal: AbortSignal) => Device | Promise<Device>, { opened, failed }: OpeningEvents): void {
    const abort = new AbortController();
    this.#abort = abort;
    const { signal } = abort;
    let device: Device | Promise<Device>;
    try {
      device = open(signal);
    } catch (error) {
      failed(error);
      return;
    }
    if (!(device instanceof Promise)) {
      opened(device);
      return;
    }
    device.then(
      late => (signal.aborted ? late.close(0) : opened(late)),
      error => (signal.aborted ? undefined : failed(error)),
    );
  }

  /** What opens now is closed. */
  abandon(): void {
    this.#abort?.abort();
  }
}
