/** Plays pulses on the modem lines of one open device, one at a time, and the resets of esptool that it recognises. */
import type { OptionContext } from "../config/configuration.js";
import type { Clock } from "../line/clock.js";
import type { ModemControl } from "../line/modem.js";
import { BUILT_IN } from "./built-in.js";
import { EspAutoReset } from "./esp-auto-reset.js";
import { type PlayedLines, playPulse, type RunningPulse } from "./player.js";
import { readPulse } from "./steps.js";

interface Line {
  readonly control: ModemControl;
  /** All in one call. */
  drive(lines: Partial<ModemControl>): void;
  play?: PlayedLines["play"];
}

/** An open port. */
export interface PulsedLine {
  readonly device: { readonly line: Line | null };
  /** False: the device is gone. */
  operate(act: (line: Line) => void): boolean;
}

export class LinePulses {
  readonly #port: PulsedLine;
  readonly #defined: OptionContext["pulses"];
  readonly #clock: Clock;
  #running: RunningPulse | null = null;
  #autoReset: EspAutoReset | null = null;

  /** @param defined the pulses of PULSE lines; they hide built-in ones of the same name */
  constructor(port: PulsedLine, defined: OptionContext["pulses"], clock: Clock) {
    this.#port = port;
    this.#defined = defined;
    this.#clock = clock;
  }

  #drive(lines: Partial<ModemControl>): boolean {
    return this.#port.operate(line => line.drive(lines));
  }

  get #control(): ModemControl {
    return this.#port.device.line?.control ?? { dtr: false, rts: false };
  }

  get #lines(): PlayedLines {
    return {
      drive: lines => this.#drive(lines),
      play: (steps, last) => this.#port.device.line?.play?.(steps, last) ?? null,
    };
  }

  /** Starts a pulse: its first step is driven at once. Null, or the reason why it cannot be played. */
  play(name: string): string | null {
    if (this.#running?.isOver === false) return "Another pulse is being played";
    const builtIn = BUILT_IN.get(name);
    const steps = this.#defined.get(name)?.steps ?? (builtIn === undefined ? [] : readPulse(builtIn));
    if ("message" in steps || steps.length === 0) return `Unknown pulse: ${name}; known are ${this.#names()}`;
    this.#running = playPulse(steps, this.#lines, this.#clock);
    return null;
  }

  /** Takes a request for lines of an RFC 2217 client. Only for a port with `esp-auto-reset`. */
  request(lines: Partial<ModemControl>): void {
    // Others may have driven the lines since the last reset.
    if (this.#autoReset?.isIdle !== false) {
      const drive = (wanted: Partial<ModemControl>): void => void this.#drive(wanted);
      this.#autoReset = new EspAutoReset(this.#control, drive, this.#clock);
    }
    this.#autoReset.request(lines);
  }

  /** The lines as RFC 2217 clients requested them last. */
  get asked(): ModemControl {
    return this.#autoReset?.isIdle === false ? this.#autoReset.asked : this.#control;
  }

  /** Ends the running pulse or reset. @param drives true: the lines get its final states; false: the device is gone */
  end(drives: boolean): void {
    this.#running?.end(drives);
    this.#autoReset?.end(drives);
  }

  #names(): string {
    return [...new Set([...this.#defined.keys(), ...BUILT_IN.keys()])].sort().slice(0, MOST_NAMES).join(", ");
  }
}

/** Most names in a refusal. */
const MOST_NAMES = 20;
