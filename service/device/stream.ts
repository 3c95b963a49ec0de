/** The byte stream of an open device descriptor, shared by tty and printer. */
import { type Clock, pause, systemClock } from "../line/clock.js";
import { read, write } from "../native/descriptors.js";
import { EAGAIN, EINTR, errorReason, SystemError } from "../native/errors.js";
import { AT_ARRIVAL, READABLE, Watch, WRITABLE } from "../native/poll.js";
import { flush, queued } from "../native/serial.js";
import { endDescriptor } from "../native/stored-descriptors.js";
import { DeviceError } from "./device.js";
import type { Lock } from "./uucp-lock.js";

const DRAIN_POLL_MS = 10;

export class DeviceStream {
  readonly fd: number;
  readonly path: string;
  readonly #watch: Watch;
  readonly #lock: Lock | null;
  readonly #clock: Clock;
  #readable: (() => void) | null = null;
  /** Bytes may be there that no event will report. */
  #unread = false;
  #writable: (() => void) | null = null;
  #closed: Promise<void> | null = null;

  /**
   * Throws DeviceError "setup-failed" for descriptors that cannot be polled, such as files and /dev/null.
   * @param lock released when the descriptor is closed
   */
  constructor(fd: number, path: string, lock: Lock | null, clock: Clock = systemClock) {
    this.fd = fd;
    this.#clock = clock;
    this.path = path;
    this.#lock = lock;
    try {
      this.#watch = new Watch(fd, events => this.#ready(events), AT_ARRIVAL);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      throw new DeviceError("setup-failed", path, error.reason, { cause: error });
    }
  }

  read(into: Uint8Array): number {
    const count = read(this.fd, into);
    this.#unread = count === into.length || count === -EINTR;
    if (count > 0) return count;
    if (count === 0) return -1; // a hung-up tty reads as its end
    if (count === -EAGAIN || count === -EINTR) return 0;
    throw this.#lost(-count);
  }

  write(bytes: Uint8Array): number {
    const count = write(this.fd, bytes);
    if (count >= 0) return count;
    if (count === -EAGAIN || count === -EINTR) return 0;
    throw this.#lost(-count);
  }

  whenReadable(callback: () => void, atTick = false): void {
    this.#readable = callback;
    this.#watch.arm(READABLE, atTick, this.#unread);
  }

  ignoreReadable(): void {
    this.#readable = null;
    this.#watch.disarm(READABLE);
  }

  whenWritable(callback: () => void): void {
    this.#writable = callback;
    this.#watch.arm(WRITABLE);
  }

  /** @param byteMs how long the line takes for one byte of the output queue, in milliseconds; 0 grants it nothing */
  close(limitMs: number, byteMs: number, beforeClose: () => void): Promise<void> {
    this.#closed ??= this.#drainAndClose(limitMs, byteMs, beforeClose);
    return this.#closed;
  }

  #ready(events: number): void {
    if ((events & WRITABLE) !== 0) {
      const callback = this.#writable;
      this.#writable = null;
      callback?.();
    }
    if ((events & READABLE) !== 0) {
      const callback = this.#readable;
      this.#readable = null;
      this.#unread = true;
      callback?.();
    }
  }

  /**
   * Output is given `limitMs` to leave, and while bytes leave also the time that the line needs for them. Then it is thrown
   * away: close(2) would wait for it inside the kernel, on this thread. (The reference throws it away at once and loses the
   * close string.)
   */
  async #drainAndClose(limitMs: number, byteMs: number, beforeClose: () => void): Promise<void> {
    this.#watch.close();
    let pending = this.#pendingOutput();
    const endMs = this.#clock.nowMs() + limitMs + pending * byteMs;
    let progressMs = this.#clock.nowMs();
    for (
      let nowMs = progressMs;
      pending > 0 && nowMs < endMs && nowMs < progressMs + limitMs;
      nowMs = this.#clock.nowMs()
    ) {
      await pause(DRAIN_POLL_MS, this.#clock);
      const left = this.#pendingOutput();
      if (left < pending) progressMs = this.#clock.nowMs();
      pending = left;
    }
    try {
      beforeClose();
      // Only what is stuck: on a pseudo-terminal a flush would take back what the other side has not read yet.
      if (this.#pendingOutput() > 0) flush(this.fd, "output");
    } catch {
      // A device that is gone has nothing left to flush.
    }
    try {
      endDescriptor(this.fd);
    } finally {
      this.#lock?.release();
    }
  }

  #pendingOutput(): number {
    try {
      return queued(this.fd).output;
    } catch {
      return 0; // gone, or a printer that does not tell
    }
  }

  #lost(errno: number): DeviceError {
    return new DeviceError("lost", this.path, errorReason(errno));
  }
}
