/** LEDs of the kernel with its transient trigger: one write lights one for its duration (ledtrig-transient.rst). */
import { closeSync, constants, openSync, readFileSync, writeSync } from "node:fs";
import type { LedConfig } from "../config/configuration.js";
import { errorReason } from "../kernel/kernel.js";
import type { Led } from "./led.js";

export interface Leds {
  /** Never throws: a LED that does not work stays dark, and `warn` hears of it once. */
  open(config: LedConfig): Led;
  /** Gives all of them back, at once: for the end of the process too. */
  close(): void;
}

export interface LedSystem {
  readonly root: string;
  /** Milliseconds that never go back. */
  readonly now: () => number;
}

/** Setting the trigger makes the files; udev sets their permissions a little later (ev3dev/ev3dev#225). */
const PATIENCE_MS = 1000;
const RETRY_MS = 50;
const ONE = Uint8Array.of(0x31); // "1"

export function createLeds(
  warn: (text: string) => void,
  { root, now }: LedSystem = { root: "/sys/class/leds", now: () => performance.now() },
): Leds {
  const devices = new Map<string, SysfsDevice>();
  return {
    open(config) {
      const device = devices.get(config.device) ?? new SysfsDevice(`${root}/${config.device}`, warn, now);
      devices.set(config.device, device);
      device.users++;
      device.setUp(config);
      let open = true;
      return {
        flash: () => device.flash(),
        close() {
          if (open && --device.users === 0) {
            if (devices.get(config.device) === device) devices.delete(config.device);
            device.release();
          }
          open = false;
        },
      };
    },
    close() {
      for (const device of devices.values()) device.release();
      devices.clear();
    },
  };
}

/** One LED, under however many names: each sets it up in turn, the last one decides (config spec 9). */
class SysfsDevice {
  users = 0;
  readonly #path: string;
  readonly #warn: (text: string) => void;
  readonly #now: () => number;
  #name = "";
  #durationMs = 0;
  /** The `activate` file, kept open; null while the LED does not work. */
  #activate: number | null = null;
  #litUntil = 0;
  /** The trigger is ours, to be given back. */
  #taken = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(path: string, warn: (text: string) => void, now: () => number) {
    this.#path = path;
    this.#warn = warn;
    this.#now = now;
  }

  setUp(config: LedConfig): void {
    this.#name = config.name;
    this.#durationMs = config.durationMs;
    this.#try(config, this.#now() + PATIENCE_MS);
  }

  flash(): void {
    if (this.#activate === null) return;
    const now = this.#now();
    if (now < this.#litUntil) return; // the kernel would ignore it
    this.#litUntil = now + this.#durationMs;
    try {
      writeSync(this.#activate, ONE, 0, 1, 0);
    } catch (error) {
      this.#closeActivate();
      this.#warn(`LED '${this.#name}' does not work any more: ${reasonOf(error)}`);
    }
  }

  release(): void {
    clearTimeout(this.#retry);
    this.#closeActivate();
    if (!this.#taken) return;
    this.#taken = false;
    try {
      this.#write("trigger", "none");
      this.#write("brightness", "0");
    } catch {
      // The LED is gone: there is nothing to give back.
    }
  }

  #try(config: LedConfig, deadline: number): void {
    clearTimeout(this.#retry);
    this.#closeActivate();
    try {
      this.#arm(config);
    } catch (error) {
      if (this.#now() < deadline) {
        this.#retry = setTimeout(() => this.#try(config, deadline), RETRY_MS).unref();
      } else {
        this.#warn(`LED '${config.name}' does not work: ${reasonOf(error)}`);
      }
    }
  }

  /** A trigger that is set already is left alone: setting it again would make the files, and their owner, anew. */
  #arm({ durationMs, state }: LedConfig): void {
    const triggers = readFileSync(this.#file("trigger"), "latin1");
    if (!triggers.includes("transient")) throw new Error("the kernel has no 'transient' trigger");
    if (!triggers.includes("[transient]")) this.#write("trigger", "transient");
    this.#taken = true;
    this.#write("duration", String(durationMs));
    this.#write("state", String(state));
    this.#activate = openSync(this.#file("activate"), constants.O_WRONLY);
    this.#litUntil = 0;
  }

  #closeActivate(): void {
    if (this.#activate !== null) closeSync(this.#activate);
    this.#activate = null;
  }

  #write(file: string, text: string): void {
    const fd = openSync(this.#file(file), constants.O_WRONLY | constants.O_TRUNC);
    try {
      writeSync(fd, text);
    } finally {
      closeSync(fd);
    }
  }

  #file(name: string): Buffer {
    return Buffer.from(`${this.#path}/${name}`, "latin1");
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "errno" in error && typeof error.errno === "number" ? errorReason(-error.errno) : error.message;
}
