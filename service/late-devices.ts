/** Devices that a profile names by their place in /sys, and that the kernel has not made yet: drivers may load late. */
import type { ProfileFacts } from "./board/facts.js";
import { deviceLookup, type Machine } from "./board/serial-devices.js";
import { DirectoryWatch } from "./kernel/inotify.js";
import { KernelError } from "./kernel/kernel.js";

export class LateDevices {
  readonly #machine: Machine;
  readonly #warn: (text: string) => void;
  readonly #found: (path: string) => void;
  #watch: DirectoryWatch | null = null;

  /** `found` is called once, later, when one of them is there: the profile is to be read anew. */
  constructor(machine: Machine, warn: (text: string) => void, found: (path: string) => void) {
    this.#machine = machine;
    this.#warn = warn;
    this.#found = found;
  }

  /** Waits for those of this board, and for no other any more. */
  configure(board: ProfileFacts | null): void {
    this.close();
    // All others have been looked up, and lie below /dev.
    const late = board?.hardware.map(({ device }) => device).filter(device => device.startsWith("/sys/")) ?? [];
    if (late.length === 0) return;
    const lookUp = deviceLookup(this.#machine);
    const look = (): void => {
      const path = late.find(device => lookUp(device).problem === null);
      if (path === undefined || this.#watch !== watch) return;
      this.close();
      this.#found(path);
    };
    let watch: DirectoryWatch | null = null;
    try {
      watch = new DirectoryWatch(look);
      this.#watch = watch;
      watch.add(this.#machine.dev);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#warn(`${late.join(", ")}: looked for again only at a reload: ${error.reason}`);
      this.close();
    }
    setImmediate(look); // one may have come since it was looked up
  }

  close(): void {
    this.#watch?.close();
    this.#watch = null;
  }
}
