/**
 * The devices of the board: reports required ones that are missing, and devices that appear late. A profile may name a
 * device by its place in /sys, and its driver may load after the profile was read.
 */
import type { ProfileFacts } from "../board/profile.js";
import type { DeviceLookup } from "../board/validate.js";
import type { DeviceNodeWatcher } from "../device/node-watcher.js";
import { SystemError } from "../native/errors.js";
import { DirectoryWatch } from "../native/inotify.js";

interface BoardDevicesOptions {
  /** The folder of the device files, and what a device of a profile stands for. Called for a board only. */
  readonly machine: () => { readonly dev: string; readonly lookUp: DeviceLookup };
  readonly nodeWatcher: Pick<DeviceNodeWatcher, "watch" | "isPresent">;
  readonly warn: (text: string) => void;
  /** Called once when hardware below /sys gets its device: the profile has to be read again. */
  readonly found: (path: string) => void;
  /** The result of `missing` may have changed. */
  readonly changed: () => void;
}

export class BoardDevices {
  readonly #options: BoardDevicesOptions;
  #board: ProfileFacts | null = null;
  /** Takes back what `configure` took. */
  #undo: (() => void)[] = [];

  constructor(options: BoardDevicesOptions) {
    this.#options = options;
  }

  /** Watches the devices of this board from now on. */
  configure(board: ProfileFacts | null): void {
    this.close();
    this.#board = board;
    for (const { device } of this.#required)
      this.#undo.push(this.#options.nodeWatcher.watch(device, this.#options.changed));
    // All others have been looked up, and lie below /dev.
    const late = board?.hardware.map(({ device }) => device).filter(device => device.startsWith("/sys/")) ?? [];
    if (late.length > 0) this.#waitFor(late);
  }

  /** The labels of the connectors that are required and have no device. */
  missing(): readonly string[] {
    return this.#required
      .filter(({ device }) => !this.#options.nodeWatcher.isPresent(device))
      .map(({ label }) => label);
  }

  close(): void {
    for (const undo of this.#undo) undo();
    this.#undo = [];
  }

  get #required(): ProfileFacts["hardware"] {
    return this.#board?.hardware.filter(one => one.required) ?? [];
  }

  #waitFor(late: readonly string[]): void {
    const { machine, warn, found } = this.#options;
    const { dev, lookUp } = machine();
    let watch: DirectoryWatch | null = null;
    const stop = (): void => {
      watch?.close();
      watch = null;
    };
    const look = (): void => {
      const path = late.find(device => lookUp(device).problem === null);
      if (path === undefined || watch === null) return;
      stop();
      found(path);
    };
    this.#undo.push(stop);
    try {
      watch = new DirectoryWatch(look);
      watch.add(dev);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      warn(`${late.join(", ")}: looked for again only at a reload: ${error.reason}`);
      stop();
    }
    setImmediate(look); // one may have come since it was looked up
  }
}
