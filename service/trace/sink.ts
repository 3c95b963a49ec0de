/**
 * An append-only file that never delays the data path: it is written in the background, one write at a time, in order. Blocks
 * that do not fit in the queue are dropped whole.
 *
 * With a rotation (docs/console.md, "Logs") it is rotated at a size, is written again after a full disk has room, and then says
 * how many bytes are missing. Without one it is as in ser2net 3.5.4: the first error ends it, until `reopen`.
 */
import { constants } from "node:fs";
import { open, stat } from "node:fs/promises";
import { TEXT_ENCODING, toBytes } from "../line/bytes.js";
import { type Clock, pause, systemClock } from "../line/clock.js";
import { reasonOf } from "../native/errors.js";
import type { RotatedFile } from "./rotation.js";

type FileHandle = Awaited<ReturnType<typeof open>>;

/** `overrun`: the disk is too slow and blocks were dropped; the file goes on. */
type TraceErrorCode = "open-failed" | "write-failed" | "overrun";

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
/** Pause after an error, with a rotation. */
const RETRY_MS = 1000;
/** A disk that hangs is not waited for when the port closes; what can still be written is written. */
const CLOSE_LIMIT_MS = 2000;
const TOO_SLOW = "written too slowly";
/** The open blocks neither for a FIFO without a reader nor for a tty without carrier. */
const OPEN_FLAGS =
  constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOCTTY | constants.O_NONBLOCK;
const LF = 10;

interface TraceSinkOptions {
  /** In latin1. */
  readonly file: string;
  /** Null: no rotation, and the first error ends the file. */
  readonly rotation: RotatedFile | null;
  /** Called once for each kind of fault. */
  readonly report: (error: TraceError) => void;
  readonly clock?: Clock;
}

export class TraceSink {
  readonly #file: string;
  readonly #rotation: RotatedFile | null;
  readonly #report: (error: TraceError) => void;
  readonly #clock: Clock;
  #handle: FileHandle | null = null;
  /** Takes new blocks while `#batch` is written; then the two are swapped. */
  #filling: Buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  #length = 0;
  #batch: Buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  /** The part of `#batch` that is not in the file yet. */
  #start = 0;
  #end = 0;
  /** How many bytes of it are in a system call: they are written even if this process ends now. */
  #inFlight = 0;
  /** Bytes that did not fit behind those in `#filling`, and why. */
  #dropped = 0;
  #dropReason = "";
  #overrun = false;
  /** The fault of the last attempt; empty: it worked. */
  #reason = "";
  /** The file must be opened, or compared with the one that has its name. */
  #isDue = true;
  #failed = false;
  #closing = false;
  #work: Promise<void> | null;

  /** Nothing throws. */
  constructor({ file, rotation, report, clock = systemClock }: TraceSinkOptions) {
    this.#file = file;
    this.#rotation = rotation;
    this.#report = report;
    this.#clock = clock;
    this.#work = this.#run();
  }

  /** For the process after this one: the write under way is finished at the exit of this one. */
  state(): { readonly file: string; readonly unwritten: Uint8Array; readonly overrun: boolean } {
    const waiting = [
      this.#batch.subarray(this.#start + this.#inFlight, this.#end),
      this.#filling.subarray(0, this.#length),
    ];
    return { file: this.#name, unwritten: Buffer.concat([...waiting, this.#note()]), overrun: this.#overrun };
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

  /** Goes on in a new file if this one was moved away. A file that has failed is tried again. */
  reopen(): void {
    if (this.#closing) return;
    this.#isDue = true;
    this.#failed = false;
    this.#work ??= this.#run();
  }

  /** Idempotent. Resolves when everything is written and the file is closed, at an error, or when the disk hangs. */
  close(): Promise<void> {
    this.#closing = true;
    this.#work ??= this.#run();
    const done = this.#work;
    return new Promise(resolve => {
      const cancel = this.#clock.after(CLOSE_LIMIT_MS, resolve);
      void done.then(() => {
        cancel();
        resolve();
      });
    });
  }

  get #name(): string {
    return this.#rotation?.name ?? this.#file;
  }

  #makeRoom(bytes: number): boolean {
    if (this.#failed || this.#closing || bytes === 0) return false;
    if (this.#length >= QUEUE_LIMIT) {
      this.#drop(bytes);
      return false;
    }
    this.#reserve(bytes);
    return true;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#filling.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.#length + bytes));
    this.#filling.copy(larger, 0, 0, this.#length);
    this.#filling = larger;
  }

  #appended(bytes: number): void {
    this.#length += bytes;
    this.#work ??= this.#run();
  }

  #drop(bytes: number): void {
    this.#dropped += bytes;
    this.#dropReason = this.#reason || TOO_SLOW;
    if (this.#overrun || this.#reason !== "") return;
    this.#overrun = true;
    this.#report(new TraceError("overrun", this.#name, TOO_SLOW));
  }

  /** The line that stands for dropped bytes: behind those in `#filling`, which was full then. */
  #note(): Buffer {
    if (this.#dropped === 0 || this.#rotation === null) return Buffer.alloc(0);
    const lineEnd = this.#filling[this.#length - 1] === LF ? "" : "\n";
    return toBytes(`${lineEnd}[${this.#dropped} bytes dropped: ${this.#dropReason}]\n`);
  }

  async #run(): Promise<void> {
    while (this.#isDue || this.#start < this.#end || this.#length > 0) {
      if (this.#start === this.#end) this.#swap();
      try {
        await this.#writeBatch();
        this.#reason = "";
      } catch (error) {
        this.#fail(error);
        if (this.#failed || this.#closing) break;
        await pause(RETRY_MS, this.#clock);
      }
    }
    this.#work = null;
    if (this.#failed || this.#closing) await this.#closeFile();
  }

  #swap(): void {
    const note = this.#note();
    this.#dropped = 0;
    this.#reserve(note.length);
    this.#filling.set(note, this.#length);
    [this.#start, this.#end] = [0, this.#length + note.length];
    [this.#filling, this.#batch] = [this.#batch, this.#filling];
    this.#length = 0;
  }

  #fail(error: unknown): void {
    const reason = reasonOf(error);
    const code: TraceErrorCode = this.#handle === null ? "open-failed" : "write-failed";
    if (reason !== this.#reason) this.#tell(code, error);
    this.#reason = reason;
    if (this.#rotation !== null) return;
    this.#failed = true;
    this.#isDue = false;
    this.#start = this.#end = this.#length = 0;
  }

  async #writeBatch(): Promise<void> {
    while (this.#isDue || this.#start < this.#end) {
      const handle = await this.#current();
      const waiting = this.#batch.subarray(this.#start, this.#end);
      const part = this.#rotation?.fitting(waiting, (await handle.stat()).size) ?? waiting.length;
      if (part === 0 && waiting.length > 0) await this.#rotation?.rotate();
      else if (part > 0) await this.#write(handle, part);
    }
  }

  async #write(handle: FileHandle, bytes: number): Promise<void> {
    this.#inFlight = bytes;
    try {
      this.#start += (await handle.write(this.#batch, this.#start, bytes)).bytesWritten;
    } finally {
      this.#inFlight = 0;
    }
  }

  /** The open file, if it still has its name; else (it was moved, by logrotate or another port) a new one of that name. */
  async #current(): Promise<FileHandle> {
    const before = this.#handle;
    const isDue = this.#isDue || this.#rotation !== null; // other ports may rotate it at any time
    this.#isDue = false;
    if (before !== null && !(isDue && (await this.#wasMoved(before)))) return before;
    try {
      this.#handle = await open(toBytes(this.#name), OPEN_FLAGS, 0o600);
    } catch (error) {
      if (before !== null && this.#rotation === null) {
        this.#tell("open-failed", error); // the old one still takes bytes
        return before;
      }
      await this.#closeFile();
      throw error;
    }
    await before?.close();
    return this.#handle;
  }

  async #wasMoved(handle: FileHandle): Promise<boolean> {
    const [own, named] = await Promise.all([handle.stat(), stat(toBytes(this.#name)).catch(() => null)]);
    return named?.ino !== own.ino || named.dev !== own.dev;
  }

  async #closeFile(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close().catch(() => {});
  }

  #tell(code: TraceErrorCode, cause: unknown): void {
    this.#report(new TraceError(code, this.#name, reasonOf(cause), { cause }));
  }
}
