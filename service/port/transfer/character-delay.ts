/** The manual page's character delay, for port lines that set it: device bytes gather in a buffer until a pause. */
import type { Chardelay } from "../../config/configuration.js";
import type { GatheredState } from "../../handover/state.js";
import type { Cancel, Clock } from "../../line/clock.js";
import type { LineSettings } from "../../line/settings.js";
import { chardelayUs } from "../../line/timing.js";

/**
 * The deadline is chardelay-max after the first byte; each read restarts the wait of chardelay within it
 * (docs/reference.md, "Character delay"). Times are in microseconds; the timer's grain is a millisecond, as in the
 * reference.
 */
interface DelayOutput {
  /** False while a peer has unsent output. */
  ready(): boolean;
  emit(bytes: Uint8Array): void;
}

export class CharacterDelay {
  readonly #chardelay: Chardelay;
  readonly #buffer: Uint8Array;
  readonly #out: DelayOutput;
  /** The wait is over, but a peer is still busy with what it got before (BUG-5). */
  #held = false;
  #delayUs = 0;
  #used = 0;
  #deadlineUs = 0;
  /** Of the timer, on the clock. */
  #dueMs = 0;
  readonly #clock: Clock;
  #cancelTimer: Cancel | null = null;

  /** @param before gathered by the process before this one */
  constructor(
    chardelay: Chardelay,
    bufferBytes: number,
    clock: Clock,
    out: DelayOutput,
    before: GatheredState | null = null,
  ) {
    this.#chardelay = chardelay;
    // Telnet may double a byte, so one byte of room is not enough to go on with (BUG-12).
    this.#buffer = new Uint8Array(Math.max(2, bufferBytes, before?.bytes.length ?? 0));
    this.#clock = clock;
    this.#out = out;
    if (before === null || before.bytes.length === 0) return;
    this.#buffer.set(before.bytes);
    this.#used = before.bytes.length;
    const nowMs = clock.nowMs();
    this.#deadlineUs = (nowMs + before.limitMs) * 1000;
    this.#wait(nowMs, before.waitMs);
  }

  /** For the process after this one; null: nothing has gathered. */
  state(): GatheredState | null {
    if (this.#used === 0) return null;
    const nowMs = this.#clock.nowMs();
    const left = (endMs: number): number => Math.max(0, Math.ceil(endMs - nowMs));
    const waitMs = this.#cancelTimer === null ? 0 : left(this.#dueMs);
    return { bytes: this.#buffer.slice(0, this.#used), waitMs, limitMs: left(this.#deadlineUs / 1000) };
  }

  lineChanged(line: LineSettings): void {
    this.#delayUs = chardelayUs(line, this.#chardelay);
  }

  /** How much may be read now; at least 1, since a full buffer is sent at once. */
  room(telnet: boolean): number {
    const free = this.#buffer.length - this.#used;
    return telnet ? Math.max(1, free >> 1) : free;
  }

  add(bytes: Uint8Array): void {
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
    if (this.#used >= this.#buffer.length || this.#delayUs === 0) {
      this.release();
      return;
    }
    const nowUs = this.#clock.nowMs() * 1000;
    if (this.#cancelTimer === null) this.#deadlineUs = nowUs + this.#chardelay.maxUs;
    else this.#cancelTimer();
    const leftUs = this.#deadlineUs - nowUs;
    if (leftUs <= 0) {
      this.#cancelTimer = null;
      this.release();
      return;
    }
    this.#wait(nowUs / 1000, Math.ceil(Math.min(this.#delayUs, leftUs) / 1000));
  }

  #wait(nowMs: number, waitMs: number): void {
    this.#dueMs = nowMs + waitMs;
    this.#cancelTimer = this.#clock.after(waitMs, () => this.release());
  }

  /** Sends what has gathered. */
  release(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (this.#used === 0) return;
    this.#held = !this.#out.ready();
    if (this.#held) return;
    const bytes = this.#buffer.subarray(0, this.#used);
    this.#used = 0;
    this.#out.emit(bytes);
  }

  /** A peer has become ready: sends what was held for it. */
  retry(): void {
    if (this.#held) this.release();
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#used = 0;
  }
}
