/**
 * One LED of the kernel; the last one that set it up controls it (docs/reference.md, "LEDs"; sysfs-class-led*,
 * ledtrig-transient.rst).
 */
import { closeSync, constants, existsSync, openSync, writeSync } from "node:fs";
import { toBytes, toText } from "../line/bytes.js";
import type { Cancel, Clock } from "../line/clock.js";
import { reasonOf } from "../native/errors.js";
import { readRegularFile } from "../native/read-file.js";
import type { LedState } from "./led.js";

/** What lights it: the transient trigger when we write to it, the tty trigger with its line, or we switch it. */
export type LedUse =
  | { readonly by: "transient"; readonly durationMs: number; readonly state: 0 | 1 }
  | { readonly by: "tty"; readonly rx: boolean; readonly tx: boolean }
  | { readonly by: "hand" };

export interface LedSystem {
  readonly root: string;
  readonly clock: Clock;
}

/** Setting the trigger makes the files; udev sets their permissions a little later (ev3dev/ev3dev#225). */
const PATIENCE_MS = 1000;
const RETRY_MS = 50;
/** So long on, so long off. */
const BLINK_MS = 250;
const ONE = Uint8Array.of(0x31); // "1"
/** The name of an LED may lead to what is none: nothing is waited for. */
const WRITE = constants.O_WRONLY | constants.O_NONBLOCK;
const BY_HAND: LedUse = { by: "hand" };
const TRIGGER = { transient: "transient", tty: "tty", hand: "none" } as const satisfies Record<LedUse["by"], string>;

export class SysfsLed {
  users = 0;
  readonly #path: string;
  readonly #warn: (text: string) => void;
  readonly #clock: Clock;
  #name = "";
  #use: LedUse = BY_HAND;
  #light: LedState = "off";
  #tty: string | null = null;
  /** Blinks instead of what it is used for, for so many who want it. */
  #marked = 0;
  /** Set up, as far as we know. */
  #works = false;
  /** That it does not work: each new user tries it anew. */
  #lastWarning = false;
  /** The `activate` file, kept open. */
  #activate: number | null = null;
  #litUntil = 0;
  /** The trigger is ours, to be given back. */
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
    this.#tryAnew();
  }

  /** Whether the kernel can flash it with a tty's traffic, which makes it do so. Where rx and tx differ it needs switches (Linux 6.8). */
  followsTty(name: string, rx: boolean, tx: boolean): boolean {
    try {
      if (!triggersOf(this.#read("trigger")).includes("tty")) return false;
      this.setUp(name, { by: "tty", rx, tx });
      return rx === tx || existsSync(this.#file("rx"));
    } catch {
      return false; // there is no such LED: who tries to flash it will be told
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
      this.#broken(error);
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

  /** It blinks until the returned function is called; then it shows again what it is used for. */
  mark(): () => void {
    if (++this.#marked === 1) this.#tryAnew();
    let marked = true;
    return () => {
      if (marked && --this.#marked === 0 && this.users > 0) this.#tryAnew();
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

  // ---- setting up

  #tryAnew(): void {
    this.#try(this.#clock.nowMs() + PATIENCE_MS);
  }

  #try(deadline: number): void {
    this.#rest();
    try {
      this.#arm();
      this.#works = true;
      this.#lastWarning = false;
    } catch (error) {
      if (this.#clock.nowMs() < deadline) {
        this.#cancelRetry = this.#clock.after(RETRY_MS, () => this.#try(deadline));
      } else {
        this.#tell("does not work", error);
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

  /** One that is set already is left alone: setting it again would make the files, and their owner, anew. */
  #setTrigger(wanted: string): void {
    const triggers = this.#read("trigger");
    if (triggers.includes(`[${wanted}]`)) return;
    if (wanted !== "none" && !triggersOf(triggers).includes(wanted))
      throw new Error(`the kernel has no '${wanted}' trigger`);
    if (triggers.includes("[tty]")) this.#write("ttyname", "\n"); // older kernels keep the line open else
    this.#write("trigger", wanted);
  }

  // ---- showing

  /** The trigger starts to look at a line only when it had none before. */
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
    const turn = (): void => {
      lit = !lit;
      this.#act(() => this.#setBrightness(lit));
    };
    this.#stopBlinking = this.#clock.every(BLINK_MS, turn);
  }

  #setBrightness(lit: boolean): void {
    const brightest = existsSync(this.#file("max_brightness")) ? this.#read("max_brightness").trim() : "255";
    this.#write("brightness", lit ? brightest : "0");
  }

  /** Does nothing while it does not work: what is to be shown is known when it is set up. */
  #act(act: () => void): void {
    if (!this.#works) return;
    try {
      act();
    } catch (error) {
      this.#broken(error);
    }
  }

  #broken(error: unknown): void {
    this.#rest();
    this.#tell("does not work any more", error);
  }

  #tell(what: string, error: unknown): void {
    if (!this.#lastWarning) this.#warn(`LED '${this.#name}' ${what}: ${reasonOf(error)}`);
    this.#lastWarning = true;
  }

  #rest(): void {
    this.#cancelRetry?.();
    this.#stopBlinking?.();
    this.#works = false;
    if (this.#activate !== null) closeSync(this.#activate);
    this.#activate = null;
  }

  // ---- files

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
