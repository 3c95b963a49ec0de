/** An append-only file that never delays the data path: it is written in the background, one write at a time, in order. */
import { close, constants, openSync, write } from "node:fs";
import { TEXT_ENCODING, toBytes } from "../line/bytes.js";
import { type Clock, systemClock } from "../line/clock.js";
import { reasonOf } from "../native/errors.js";

/** `overrun`: the disk is too slow and blocks were dropped; the file goes on. The others end it. */
export type TraceErrorCode = "open-failed" | "write-failed" | "overrun";

export class TraceError extends Error {
  override readonly name = "TraceError";
  readonly code: TraceErrorCode;
  readonly file: string;
  /** The text of the system: `No space left on device`. */
  readonly reason: string;

  constructor(code: TraceErrorCode, file: string, reason: string, options?: ErrorOptions) {
    super(`${file}: ${reason}`, options);
    this.code = code;
    this.file = file;
    this.reason = reason;
  }
}

/** While this many bytes wait for the disk, further blocks are dropped whole. */
const QUEUE_LIMIT = 65536;
const FIRST_CAPACITY = 4096;
/** A disk that hangs is not waited for when the port closes; what can still be written is written. */
const CLOSE_LIMIT_MS = 2000;
/** The open blocks neither for a FIFO without a reader nor for a tty without carrier. */
export const OPEN_FLAGS =
  constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOCTTY | constants.O_NONBLOCK;

export class TraceSink {
  readonly #file: string;
  readonly #report: (error: TraceError) => void;
  #fd: number | null = null;
  /** Takes new blocks while `#inFlight` is written; then the two are swapped. */
  #filling: Buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  #inFlight: Buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  #length = 0;
  #writing = false;
  #overrun = false;
  #closing = false;
  #gone: () => void = () => {};
  readonly #clock: Clock;

  /** `file` is latin1, up to its first NUL. Each kind of fault is reported once; nothing throws. */
  constructor(file: string, report: (error: TraceError) => void, clock: Clock = systemClock) {
    this.#clock = clock;
    this.#file = file.split("\0", 1)[0] ?? "";
    this.#report = report;
    try {
      this.#fd = openSync(toBytes(this.#file), OPEN_FLAGS, 0o600);
    } catch (error) {
      this.#tell("open-failed", error);
    }
  }

  /** For the process after this one: the write under way is finished at the exit of this one. */
  state(): { readonly file: string; readonly unwritten: Uint8Array; readonly overrun: boolean } {
    return { file: this.#file, unwritten: this.#filling.subarray(0, this.#length), overrun: this.#overrun };
  }

  append(block: Uint8Array): void {
    if (this.#makeRoom(block.length)) {
      this.#filling.set(block, this.#length);
      this.#appended(block.length);
    }
  }

  /** In latin1. */
  appendText(block: string): void {
    if (this.#makeRoom(block.length)) {
      this.#filling.write(block, this.#length, TEXT_ENCODING);
      this.#appended(block.length);
    }
  }

  /** Idempotent. Resolves when everything is written and the file closed, or the disk hangs. */
  close(): Promise<void> {
    this.#closing = true;
    if (this.#fd === null) return Promise.resolve();
    return new Promise(resolve => {
      const cancel = this.#clock.after(CLOSE_LIMIT_MS, resolve);
      const before = this.#gone;
      this.#gone = () => {
        cancel();
        before();
        resolve();
      };
      if (!this.#writing) this.#end();
    });
  }

  #makeRoom(bytes: number): boolean {
    if (this.#fd === null || this.#closing || bytes === 0) return false;
    if (this.#length >= QUEUE_LIMIT) {
      if (!this.#overrun) this.#report(new TraceError("overrun", this.#file, "written too slowly"));
      this.#overrun = true;
      return false;
    }
    if (this.#length + bytes > this.#filling.length) {
      const larger = Buffer.allocUnsafeSlow(2 * (this.#length + bytes));
      this.#filling.copy(larger, 0, 0, this.#length);
      this.#filling = larger;
    }
    return true;
  }

  #appended(bytes: number): void {
    this.#length += bytes;
    if (!this.#writing) this.#writeFilled();
  }

  #writeFilled(): void {
    const length = this.#length;
    [this.#filling, this.#inFlight] = [this.#inFlight, this.#filling];
    this.#length = 0;
    this.#writing = true;
    this.#writeFrom(0, length);
  }

  #writeFrom(start: number, end: number): void {
    if (this.#fd === null) return;
    write(this.#fd, this.#inFlight, start, end - start, null, (error, written) => {
      if (error) {
        this.#tell("write-failed", error);
        this.#end();
      } else if (start + written < end) this.#writeFrom(start + written, end);
      else if (this.#length > 0) this.#writeFilled();
      else {
        this.#writing = false;
        if (this.#closing) this.#end();
      }
    });
  }

  #end(): void {
    const fd = this.#fd;
    this.#fd = null;
    this.#length = 0;
    if (fd !== null) close(fd, () => this.#gone());
  }

  #tell(code: TraceErrorCode, cause: unknown): void {
    this.#report(new TraceError(code, this.#file, reasonOf(cause), { cause }));
  }
}
