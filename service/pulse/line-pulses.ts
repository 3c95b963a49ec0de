/** Plays pulses on the modem lines of one open device, one at a time, and the resets of esptool that it recognises. */
import type { OptionContext } from "../config/configuration.js";
import type { Clock } from "../line/clock.js";
import type { ModemControl } from "../line/modem.js";
import { BUILT_IN } from "./built-in.js";
import { EspAutoReset } from "./esp-auto-reset.js";
import { type PlayedLines, playPulse, type RunningPulse } from "./player.js";
import { readPulse } from "./steps.js";

export interface PulsedLine extends PlayedLines {
  /** The present states of the lines. */
  control(): ModemControl;
}

export class LinePulses {
  readonly #line: PulsedLine;
  readonly #defined: OptionContext["pulses"];
  readonly #clock: Clock;
  #running: RunningPulse | null = null;
  #autoReset: EspAutoReset | null = null;

  /** @param defined the pulses of PULSE lines; they hide built-in ones of the same name */
  constructor(line: PulsedLine, defined: OptionContext["pulses"], clock: Clock) {
    this.#line = line;
    this.#defined = defined;
    this.#clock = clock;
  }

  /** Starts a pulse: its first step is driven at once. Null, or the reason why it cannot be played. */
  play(name: string): string | null {
    if (this.#running?.isOver === false) return "Another pulse is being played";
    const builtIn = BUILT_IN.get(name);
    const steps = this.#defined.get(name)?.steps ?? (builtIn === undefined ? [] : readPulse(builtIn));
    if ("message" in steps || steps.length === 0) return `Unknown pulse: ${name}; known are ${this.#names()}`;
    this.#running = playPulse(steps, this.#line, this.#clock);
    return null;
  }

  /** Takes a request for lines of an RFC 2217 client. Only for a port with `esp-auto-reset`. */
  request(lines: Partial<ModemControl>): void {
    // Others may have driven the lines since the last reset.
    if (this.#autoReset?.isIdle !== false) {
      const drive = (wanted: Partial<ModemControl>): void => void this.#line.drive(wanted);
      this.#autoReset = new EspAutoReset(this.#line.control(), drive, this.#clock);
    }
    this.#autoReset.request(lines);
  }

  /** The lines as RFC 2217 clients requested them last. */
  get asked(): ModemControl {
    return this.#autoReset?.isIdle === false ? this.#autoReset.asked : this.#line.control();
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
