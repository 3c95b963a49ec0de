/** Breaks on a line, without the wait the kernel would put before them: its ioctl blocks until all output has left. */
import type { BreakState } from "../handover/state.js";
import { type Cancel, type Clock, systemClock } from "../line/clock.js";
import { queued, setBreak } from "../native/serial.js";

/** The length of tcsendbreak(fd, 0): at least 0.25 s. */
const BREAK_MS = 250;
/** How often to look whether all output has left. */
const LOOK_MS = 10;

export const NO_BREAK: BreakState = { at: "off", on: false, timed: false, leftMs: 0 };

export class Break {
  /** What was asked for last. */
  on = false;
  readonly #fd: number;
  readonly #released: () => void;
  readonly #clock: Clock;
  #at: "off" | "waiting" | "sending" = "off";
  /** Ends by itself. */
  #timed = false;
  #cancelTimer: Cancel | null = null;
  /** Of one that ends by itself, on the clock. */
  #endMs = 0;

  /**
   * @param released called when output may go on
   * @param before of the process before this one: what it had begun goes on
   */
  constructor(fd: number, released: () => void, clock: Clock = systemClock, before: BreakState = NO_BREAK) {
    this.#clock = clock;
    this.#fd = fd;
    this.#released = released;
    this.on = before.on;
    this.#timed = before.timed;
    this.#at = before.at;
    if (before.at === "waiting") this.#cancelTimer = this.#clock.after(LOOK_MS, () => this.#look());
    if (before.at === "sending" && before.timed) this.#endAfter(Math.min(before.leftMs, BREAK_MS));
  }

  state(): BreakState {
    const leftMs = Math.max(0, Math.round(this.#endMs - this.#clock.nowMs()));
    return { at: this.#at, on: this.on, timed: this.#timed, leftMs };
  }

  /** True while output would overtake the break, or be lost in it. */
  get holdsOutput(): boolean {
    return this.#at === "waiting" || (this.#at === "sending" && this.#timed);
  }

  /** One of the usual length. */
  send(): void {
    this.#ask(true);
  }

  set(on: boolean): void {
    if (on) this.#ask(false);
    else if (this.#at !== "waiting") this.#end();
    else {
      this.on = false;
      this.#timed = true; // asked to begin and to end while it waited: it becomes one of the usual length
    }
  }

  /** The device is being closed. */
  stop(): void {
    if (this.#at === "sending" && this.#timed) this.#tell(false);
    this.#cancel();
    this.#at = "off";
  }

  #ask(timed: boolean): void {
    this.on = true;
    this.#timed = timed;
    this.#cancel();
    if (this.#at === "sending") this.#run();
    else this.#look();
  }

  #look(): void {
    this.#at = this.#isSending() ? "waiting" : "sending";
    if (this.#at === "waiting") {
      this.#cancelTimer = this.#clock.after(LOOK_MS, () => this.#look());
      return;
    }
    this.#tell(true);
    this.#run();
  }

  #run(): void {
    if (this.#timed) this.#endAfter(BREAK_MS);
    else this.#released();
  }

  #endAfter(ms: number): void {
    this.#endMs = this.#clock.nowMs() + ms;
    this.#cancelTimer = this.#clock.after(ms, () => this.#end());
  }

  #end(): void {
    this.#cancel();
    this.#tell(false);
    this.#at = "off";
    this.on = false;
    this.#released();
  }

  #cancel(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  #isSending(): boolean {
    try {
      return queued(this.#fd).output > 0;
    } catch {
      return false; // the driver does not tell
    }
  }

  #tell(on: boolean): void {
    try {
      setBreak(this.#fd, on);
    } catch {
      // A device that knows no break has none to send.
    }
  }
}
