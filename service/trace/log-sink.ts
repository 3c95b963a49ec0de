/**
 * A trace file for a small flash (docs/console.md, "Logs"): it is rotated at a size, and is written again after a full disk has
 * room. Writes happen in the background, one batch at a time. Blocks that do not fit in the queue are dropped; the file then says
 * how many bytes are missing.
 */
import { open, rename, stat, unlink } from "node:fs/promises";
import { toBytes } from "../line/bytes.js";
import { type Clock, systemClock } from "../line/clock.js";
import { reasonOf } from "../native/errors.js";
import { OPEN_FLAGS, TraceError, type TraceErrorCode } from "./sink.js";

type FileHandle = Awaited<ReturnType<typeof open>>;

/** Further blocks are dropped whole while at least this many bytes wait for the disk. */
const QUEUE_LIMIT = 65536;
/** Pause after an error. */
const RETRY_MS = 1000;
/** The longest wait for the disk in `close`. */
const CLOSE_LIMIT_MS = 2000;
const LF = 10;

export interface Rotation {
  /** Most bytes of a file; 0: no limit. */
  readonly size: number;
  /** Number of old files that are kept. */
  readonly keep: number;
}

interface LogSinkOptions {
  /** Evaluates the template of the name anew. */
  readonly name: () => string;
  /** The name of the first file. */
  readonly file: string;
  readonly rotation: Rotation;
  readonly report: (error: TraceError) => void;
  readonly clock?: Clock;
}

export class LogSink {
  readonly #options: LogSinkOptions;
  readonly #clock: Clock;
  #file: string;
  #handle: FileHandle | null = null;
  #queue: Uint8Array[] = [];
  #queued = 0;
  /** The bytes that are being written: the part that is not in the file yet. */
  #batch: Uint8Array = new Uint8Array(0);
  /** How many of these are in a system call: they are written even if this process ends now. */
  #inFlight = 0;
  #dropped = 0;
  #reason = "";
  #endsLine = true;
  #closing = false;
  /** Names of earlier files, if the name changes with the time. */
  readonly #earlier: string[] = [];
  #work: Promise<void> | null = null;

  constructor(options: LogSinkOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#file = options.file;
  }

  /** For the next process. */
  state(): { readonly file: string; readonly unwritten: Uint8Array; readonly overrun: boolean } {
    const note = this.#dropped > 0 ? [this.#note()] : [];
    return {
      file: this.#file,
      unwritten: Buffer.concat([this.#batch.subarray(this.#inFlight), ...this.#queue, ...note]),
      overrun: false,
    };
  }

  append(block: Uint8Array): void {
    if (this.#closing || block.length === 0) return;
    if (this.#queued >= QUEUE_LIMIT) {
      this.#dropped += block.length;
      return;
    }
    if (this.#dropped > 0) this.#push(this.#note());
    this.#dropped = 0;
    this.#push(block.slice());
    this.#work ??= this.#run();
  }

  /** As `append`, one character a byte. */
  appendText(block: string): void {
    this.append(toBytes(block));
  }

  /** Idempotent. Resolves when everything is written and the file is closed, at an error, or after CLOSE_LIMIT_MS. */
  async close(): Promise<void> {
    if (this.#dropped > 0) this.#push(this.#note());
    this.#dropped = 0;
    this.#closing = true;
    this.#work ??= this.#run();
    await new Promise<void>(resolve => {
      const cancel = this.#clock.after(CLOSE_LIMIT_MS, resolve);
      void this.#work?.then(() => {
        cancel();
        resolve();
      });
    });
    await this.#handle?.close().catch(() => {});
    this.#handle = null;
  }

  #push(block: Uint8Array): void {
    this.#queue.push(block);
    this.#queued += block.length;
    this.#endsLine = block.at(-1) === LF;
  }

  #note(): Uint8Array {
    const text = `[${this.#dropped} bytes dropped: ${this.#reason || "written too slowly"}]\n`;
    return toBytes(this.#endsLine ? text : `\n${text}`);
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0 || this.#batch.length > 0) {
      if (this.#batch.length === 0) {
        this.#batch = Buffer.concat(this.#queue);
        this.#queue = [];
        this.#queued = 0;
      }
      try {
        await this.#writeBatch();
        this.#reason = "";
      } catch (error) {
        this.#fail(error);
        if (this.#closing) break;
        await new Promise<void>(resolve => this.#clock.after(RETRY_MS, resolve));
      }
    }
    this.#work = null;
  }

  #fail(error: unknown): void {
    const reason = reasonOf(error);
    const code: TraceErrorCode = this.#handle === null ? "open-failed" : "write-failed";
    if (reason !== this.#reason) this.#options.report(new TraceError(code, this.#file, reason, { cause: error }));
    this.#reason = reason;
  }

  async #writeBatch(): Promise<void> {
    while (this.#batch.length > 0) {
      const { handle, used } = await this.#current();
      const part = this.#fitting(used);
      if (part === 0) {
        await this.#rotate();
        continue;
      }
      this.#inFlight = part;
      try {
        const { bytesWritten } = await handle.write(this.#batch, 0, part);
        this.#batch = this.#batch.subarray(bytesWritten);
      } finally {
        this.#inFlight = 0;
      }
    }
  }

  /** The open file, if it still has its name; else (it was moved, by logrotate or another port) a new one of that name. */
  async #current(): Promise<{ readonly handle: FileHandle; readonly used: number }> {
    if (this.#handle !== null) {
      const [own, named] = await Promise.all([this.#handle.stat(), stat(toBytes(this.#file)).catch(() => null)]);
      if (named?.ino === own.ino && named.dev === own.dev) return { handle: this.#handle, used: own.size };
      await this.#handle.close();
      this.#handle = null;
    }
    this.#handle = await open(toBytes(this.#file), OPEN_FLAGS, 0o600);
    return { handle: this.#handle, used: (await this.#handle.stat()).size };
  }

  /** How many bytes of the batch go into a file of `used` bytes: up to the last line end that fits. 0: it must be rotated first. */
  #fitting(used: number): number {
    const { size } = this.#options.rotation;
    if (size === 0) return this.#batch.length;
    if (used + this.#batch.length <= size) return this.#batch.length;
    const line = this.#batch.subarray(0, Math.max(0, size - used)).lastIndexOf(LF) + 1;
    return line > 0 || used > 0 ? line : size;
  }

  /** Begins a new file. The oldest is renamed first, so that a crash in between loses only the file that is to go anyway. */
  async #rotate(): Promise<void> {
    const [file, { keep }] = [this.#file, this.#options.rotation];
    const next = this.#options.name();
    if (next !== file) this.#earlier.push(file);
    else if (keep === 0) await unlink(toBytes(file));
    else {
      for (let at = keep - 1; at > 0; at--)
        await rename(toBytes(`${file}.${at}`), toBytes(`${file}.${at + 1}`)).catch(ignoreMissing);
      await rename(toBytes(file), toBytes(`${file}.1`));
    }
    this.#file = next;
    while (this.#earlier.length > keep) await unlink(toBytes(this.#earlier.shift() ?? "")).catch(ignoreMissing);
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
}
