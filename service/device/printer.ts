/** A line printer (rawlp): written to, never read, its settings left alone. */
import { storedName } from "../native/stored-descriptors.js";
import { NO_BREAK } from "./break.js";
import type { Device, DeviceHandover } from "./device.js";
import { DeviceStream } from "./stream.js";
import type { Lock } from "./uucp-lock.js";

export class Printer implements Device {
  readonly path: string;
  readonly line = null;
  readonly #stream: DeviceStream;

  constructor(fd: number, path: string, lock: Lock | null) {
    this.path = path;
    this.#stream = new DeviceStream(fd, path, lock);
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

  state(): DeviceHandover | null {
    const name = storedName(this.#stream.fd);
    return name === null ? null : { name, kind: "printer", line: null, virtualControl: null, break: NO_BREAK };
  }

  close(limitMs: number): Promise<void> {
    return this.#stream.close(limitMs, 0, () => {});
  }
}
