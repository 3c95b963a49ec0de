/** The LEDs of the kernel (docs/reference.md, "LEDs"; sysfs-class-led*, ledtrig-transient.rst). */
import { closeSync, constants, existsSync, openSync, writeSync } from "node:fs";
import type { LedConfig } from "../config/configuration.js";
import { toBytes, toText } from "../line/bytes.js";
import { backgroundClock, type Cancel, type Clock } from "../line/clock.js";
import { reasonOf } from "../native/errors.js";
import { readRegularFile } from "../native/read-file.js";
import type { Led, LedState, SteadyLed, TtyLed } from "./led.js";

/** What lights it: the transient trigger at each write, the tty trigger with its line, or a switch of this program. */
type LedUse =
  | { readonly by: "transient"; readonly durationMs: number; readonly state: 0 | 1 }
  | { readonly by: "tty"; readonly rx: boolean; readonly tx: boolean }
  | { readonly by: "hand" };

type LedSystem = { readonly root: string; readonly clock: Clock };

/** How long to try: setting the trigger makes the files, and udev sets their permissions later (ev3dev/ev3dev#225). */
const PATIENCE_MS = 1000;
const RETRY_MS = 50;
/** On, and off. */
const BLINK_MS = 250;
const ONE = Uint8Array.of(0x31); // "1"
/** The path may lead to a file of another kind, so no open may block. */
const WRITE = constants.O_WRONLY | constants.O_NONBLOCK;
const BY_HAND: LedUse = { by: "hand" };
const TRIGGER = { transient: "transient", tty: "tty", hand: "none" } as const satisfies Record<LedUse["by"], string>;

/** No method throws: a LED that does not work stays dark, and `warn` is called once with the reason. */
export class Leds {
  readonly #warn: (text: string) => void;
  readonly #system: LedSystem;
  readonly #leds = new Map<string, SysfsLed>();

  constructor(warn: (text: string) => void, system: LedSystem = { root: "/sys/class/leds", clock: backgroundClock }) {
    this.#warn = warn;
    this.#system = system;
  }

  open({ name, device, durationMs, state }: LedConfig): Led {
    const { led, close } = this.#take(device);
    led.setUp(name, { by: "transient", durationMs, state });
    return { flash: () => led.flash(), close };
  }

  /** `device` is its directory below /sys/class/leds, `name` its name in the log. */
  openSteady(name: string, device: string): SteadyLed {
    const { led, close } = this.#take(device);
    led.setUp(name, { by: "hand" });
    return { show: light => led.show(light), close };
  }

  /** Null: the kernel has no tty trigger. */
  openTty(name: string, device: string, { rx, tx }: { readonly rx: boolean; readonly tx: boolean }): TtyLed | null {
    const { led, close } = this.#take(device);
    if (led.followsTty(name, rx, tx)) return { follow: tty => led.follow(tty), close };
    close();
    return null;
  }

  /** Blinks in place of its normal state until the returned function is called. Null: the LED is not open. */
  mark(device: string): (() => void) | null {
    return this.#leds.get(device)?.mark() ?? null;
  }

  /** Gives all of them back, synchronously: it is called at the end of the process too. */
  close(): void {
    for (const led of this.#leds.values()) led.release();
    this.#leds.clear();
  }

  #take(device: string): { readonly led: SysfsLed; readonly close: () => void } {
    const led = this.#leds.get(device) ?? new SysfsLed(device, this.#warn, this.#system);
    this.#leds.set(device, led);
    led.users++;
    let open = true;
    const close = (): void => {
      if (open && --led.users === 0) {
        if (this.#leds.get(device) === led) this.#leds.delete(device);
        led.release();
      }
      open = false;
    };
    return { led, close };
  }
}

/** One LED. The last user that set it up controls it. */
class SysfsLed {
  users = 0;
  readonly #path: string;
  readonly #warn: (text: string) => void;
  readonly #clock: Clock;
  #name = "";
  #use: LedUse = BY_HAND;
  #light: LedState = "off";
  #tty: string | null = null;
  /** Number of active mark() calls; blinks while above 0. */
  #marked = 0;
  /** It was set up, and nothing has failed since. */
  #works = false;
  /** The log has the warning that it does not work. */
  #warned = false;
  /** The `activate` file, kept open. */
  #activate: number | null = null;
  #litUntil = 0;
  /** We set the trigger, and have to reset it. */
  #taken = false;
  #cancelRetry: Cancel | null = null;
  #stopBlinking: Cancel | null = null;

  constructor(device: string, warn: (text: string) => void, { root, clock }: LedSystem) {
    this.#path = `${root}/${device}`;
    this.#warn = warn;
    this.#clock = clock;
  }

  setUp(name: string, use: LedUse): void {
    this.#name = name;
    this.#use = use;
    this.#try();
  }

  /** Sets it up for the traffic of a tty. False: the kernel cannot do that; where rx and tx differ it takes Linux 6.8. */
  followsTty(name: string, rx: boolean, tx: boolean): boolean {
    try {
      if (!triggersOf(this.#read("trigger")).includes("tty")) return false;
      this.setUp(name, { by: "tty", rx, tx });
      return rx === tx || existsSync(this.#file("rx"));
    } catch {
      return false; // there is no such LED: setting it up for flashes reports that
    }
  }

  flash(): void {
    if (this.#activate === null) return;
    const now = this.#clock.nowMs();
    if (now < this.#litUntil || this.#use.by !== "transient") return; // the kernel would ignore it
    this.#litUntil = now + this.#use.durationMs;
    try {
      writeSync(this.#activate, ONE, 0, 1, 0);
    } catch (error) {
      this.#fail("does not work any more", error);
    }
  }

  show(light: LedState): void {
    if (light === this.#light) return;
    this.#light = light;
    if (this.#marked === 0) this.#act(() => this.#switch());
  }

  follow(tty: string | null): void {
    if (tty === this.#tty) return;
    this.#tty = tty;
    if (this.#marked === 0) this.#act(() => this.#nameTty());
  }

  /** Blinks until the returned function is called. */
  mark(): () => void {
    if (++this.#marked === 1) this.#try();
    let marked = true;
    return () => {
      if (marked && --this.#marked === 0 && this.users > 0) this.#try();
      marked = false;
    };
  }

  release(): void {
    this.#rest();
    this.users = 0;
    if (!this.#taken) return;
    this.#taken = false;
    try {
      this.#setTrigger("none");
      this.#write("brightness", "0");
    } catch {
      // The LED is gone: there is nothing to give back.
    }
  }

  #try(deadline = this.#clock.nowMs() + PATIENCE_MS): void {
    this.#rest();
    try {
      this.#arm();
      this.#works = true;
      this.#warned = false;
    } catch (error) {
      if (this.#clock.nowMs() < deadline) {
        this.#cancelRetry = this.#clock.after(RETRY_MS, () => this.#try(deadline));
      } else {
        this.#fail("does not work", error);
      }
    }
  }

  #arm(): void {
    const use = this.#marked > 0 ? BY_HAND : this.#use;
    this.#setTrigger(TRIGGER[use.by]);
    this.#taken = true;
    switch (use.by) {
      case "transient":
        this.#write("duration", String(use.durationMs));
        this.#write("state", String(use.state));
        this.#activate = openSync(this.#file("activate"), WRITE);
        this.#litUntil = 0;
        return;
      case "tty":
        for (const which of ["rx", "tx"] as const) {
          if (existsSync(this.#file(which))) this.#write(which, use[which] ? "1" : "0");
        }
        this.#nameTty();
        return;
      case "hand":
        this.#switch();
        return;
      default:
        use satisfies never;
    }
  }

  /** A trigger that is set already is not set again: that would make the files, and their permissions, anew. */
  #setTrigger(wanted: string): void {
    const triggers = this.#read("trigger");
    if (triggers.includes(`[${wanted}]`)) return;
    if (wanted !== "none" && !triggersOf(triggers).includes(wanted))
      throw new Error(`the kernel has no '${wanted}' trigger`);
    if (triggers.includes("[tty]")) this.#write("ttyname", "\n"); // otherwise older kernels keep the line open
    this.#write("trigger", wanted);
  }

  /** The trigger starts to watch a line only if it had none before. */
  #nameTty(): void {
    this.#write("ttyname", "\n");
    if (this.#tty !== null) this.#write("ttyname", this.#tty);
  }

  #switch(): void {
    this.#stopBlinking?.();
    const light = this.#marked > 0 ? "blinking" : this.#light;
    let lit = light !== "off";
    this.#setBrightness(lit);
    if (light !== "blinking") return;
    this.#stopBlinking = this.#clock.every(BLINK_MS, () => {
      lit = !lit;
      this.#act(() => this.#setBrightness(lit));
    });
  }

  #setBrightness(lit: boolean): void {
    const brightest = existsSync(this.#file("max_brightness")) ? this.#read("max_brightness").trim() : "255";
    this.#write("brightness", lit ? brightest : "0");
  }

  /** Does nothing while it does not work: setting it up shows the state too. */
  #act(act: () => void): void {
    if (!this.#works) return;
    try {
      act();
    } catch (error) {
      this.#fail("does not work any more", error);
    }
  }

  #fail(what: string, error: unknown): void {
    this.#rest();
    if (!this.#warned) this.#warn(`LED '${this.#name}' ${what}: ${reasonOf(error)}`);
    this.#warned = true;
  }

  #rest(): void {
    this.#cancelRetry?.();
    this.#stopBlinking?.();
    this.#works = false;
    if (this.#activate !== null) closeSync(this.#activate);
    this.#activate = null;
  }

  #read(file: string): string {
    return toText(readRegularFile(`${this.#path}/${file}`));
  }

  #write(file: string, text: string): void {
    const fd = openSync(this.#file(file), WRITE | constants.O_TRUNC);
    try {
      writeSync(fd, text);
    } finally {
      closeSync(fd);
    }
  }

  #file(name: string): Buffer {
    return toBytes(`${this.#path}/${name}`);
  }
}

function triggersOf(text: string): readonly string[] {
  return text.split(/[\s[\]]+/);
}
