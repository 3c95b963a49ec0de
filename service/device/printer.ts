/** A line printer (rawlp): written to, never read, its settings left alone. */
import type { Device } from "./device.js";
import { DeviceStream } from "./stream.js";

export class Printer implements Device {
  readonly path: string;
  readonly line = null;
  readonly #stream: DeviceStream;

  /** @param closed called once, when the descriptor is closed */
  constructor(fd: number, path: string, closed: () => void) {
    this.path = path;
    this.#stream = new DeviceStream(fd, path, closed);
  }

  read(): number {
    return 0;
  }

  write(bytes: Uint8Array): number {
    return this.#stream.write(bytes);
  }

  whenReadable(): void {}

  ignoreReadable(): void {}

  whenWritable(callback: () => void): void {
    this.#stream.whenWritable(callback);
  }

  close(limitMs: number): Promise<void> {
    return this.#stream.close(limitMs, 0, () => {});
  }
}
