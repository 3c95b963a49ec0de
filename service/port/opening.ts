/** Opens a device: at once, or over some time in which everybody may leave again. */
import type { Device } from "../device/device.js";

export interface OpeningEvents {
  opened(device: Device): void;
  failed(error: unknown): void;
}

export class Opening {
  /** Tells one that took time and that nobody waited for from the next. */
  #count = 0;

  /** One of the events follows, now or later, unless this is given up. */
  start(open: () => Device | Promise<Device>, { opened, failed }: OpeningEvents): void {
    const number = ++this.#count;
    let device: Device | Promise<Device>;
    try {
      device = open();
    } catch (error) {
      failed(error);
      return;
    }
    if (!(device instanceof Promise)) {
      opened(device);
      return;
    }
    const isWanted = (): boolean => number === this.#count;
    device.then(
      late => (isWanted() ? opened(late) : late.close(0)),
      error => (isWanted() ? failed(error) : undefined),
    );
  }

  /** What opens now is closed. */
  abandon(): void {
    this.#count++;
  }
}
