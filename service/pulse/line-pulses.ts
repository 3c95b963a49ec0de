/** What plays on the modem lines of one open device: a pulse at a time, and resets of esptool that are recognised. */
import type { OptionContext } from "../config/configuration.js";
import type { Clock } from "../line/clock.js";
import type { ModemControl } from "../line/modem.js";
import { BUILT_IN } from "./built-in.js";
import { EspAutoReset } from "./esp-auto-reset.js";
import { playPulse, type RunningPulse } from "./player.js";
import { readPulse } from "./steps.js";

export interface PulsedLine {
  /** The lines now. */
  control(): ModemControl;
  /** All in one call. False: the device is gone. */
  drive(lines: Partial<ModemControl>): boolean;
}

export class LinePulses {
  readonly #line: PulsedLine;
  readonly #defined: OptionContext["pulses"];
  readonly #clock: Clock;
  #running: RunningPulse | null = null;
  #autoReset: EspAutoReset | null = null;

  /** @param defined by PULSE lines: they come before the built-in ones */
  constructor(line: PulsedLine, defined: OptionContext["pulses"], clock: Clock) {
    this.#line = line;
    this.#defined = defined;
    this.#clock = clock;
  }

  /** Starts the pulse of that name, whose first step is driven at once. Null, or why not. */
  play(name: string): string | null {
    if (this.#running?.isOver === false) return "Another pulse is being played";
    const builtIn = BUILT_IN.get(name);
    const steps = this.#defined.get(name)?.steps ?? (builtIn === undefined ? [] : readPulse(builtIn));
    if ("message" in steps || steps.length === 0) return `Unknown pulse: ${name}; known are ${this.#names()}`;
    this.#running = playPulse(steps, lines => this.#line.drive(lines), this.#clock);
    return null;
  }

  /** Lines that an RFC 2217 client asks for, at a port with `esp-auto-reset`. */
  request(lines: Partial<ModemControl>): void {
    // Others may have driven the lines since the last reset.
    if (this.#autoReset?.isIdle !== false) {
      const drive = (wanted: Partial<ModemControl>): void => void this.#line.drive(wanted);
      this.#autoReset = new EspAutoReset(this.#line.control(), drive, this.#clock);
    }
    this.#autoReset.request(lines);
  }

  /** The lines as RFC 2217 clients asked for them last. */
  get asked(): ModemControl {
    return this.#autoReset?.isIdle === false ? this.#autoReset.asked : this.#line.control();
  }

  /** Ends what plays. @param drives true: the lines get the states they have at its end; false: the device is gone */
  end(drives: boolean): void {
    this.#running?.end(drives);
    this.#autoReset?.end(drives);
  }

  #names(): string {
    return [...new Set([...this.#defined.keys(), ...BUILT_IN.keys()])].sort().slice(0, MOST_NAMES).join(", ");
  }
}

/** Names in a refusal. */
const MOST_NAMES = 20;
