/** A file of the spool: records one after the other, appended at its end and read from any place. */
import {
  closeSync,
  constants,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { bodyLength, type Counters, decodeRecord, FRAME_BYTES, type SpoolRecord } from "./spool-format.js";

/** Of each file of the spool. */
export const FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK | constants.O_NOFOLLOW;
export const FILE_MODE = 0o600; // the output of a console may show passwords
const NAME = /^([\da-f]{12})\.seg$/;

export class Segment {
  readonly #folder: string;
  readonly #fd: number;
  #number: number;
  #size: number;

  /** Throws the system's error. */
  constructor(folder: string, number: number) {
    this.#folder = folder;
    this.#number = number;
    this.#fd = openSync(this.#path, FLAGS, FILE_MODE);
    this.#size = statSync(this.#path).size;
  }

  /** The number in the name of a file; null: it is not a segment. */
  static numberOf(name: string): number | null {
    const [, digits] = NAME.exec(name) ?? [];
    return digits === undefined ? null : Number.parseInt(digits, 16);
  }

  get number(): number {
    return this.#number;
  }

  get size(): number {
    return this.#size;
  }

  get fd(): number {
    return this.#fd;
  }

  /** Whole or not at all. Throws the system's error. */
  append(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at, bytes.length - at, this.#size + at);
      this.#size += bytes.length;
    } catch (error) {
      ftruncateSync(this.#fd, this.#size);
      throw error;
    }
  }

  /**
   * Becomes the segment of the next number with this record alone, which is not longer than what is there. A full disk does not
   * matter, and the end of the process at any moment loses nothing but what was there. Throws the system's error.
   */
  restart(record: Uint8Array): void {
    writeSync(this.#fd, record, 0, record.length, 0);
    this.truncate(record.length);
    const before = this.#path;
    this.#number++;
    renameSync(before, this.#path);
  }

  /** The record at that place, and where the next one is; null: there is none, or it is broken. */
  read(offset: number): { readonly record: SpoolRecord | Counters; readonly end: number } | null {
    if (offset >= this.#size) return null;
    const frame = Buffer.alloc(FRAME_BYTES);
    const got = readSync(this.#fd, frame, 0, FRAME_BYTES, offset);
    const length = bodyLength(frame.subarray(0, got));
    if (length === null || offset + FRAME_BYTES + length > this.#size) return null;
    const whole = Buffer.alloc(FRAME_BYTES + length);
    readSync(this.#fd, whole, 0, whole.length, offset);
    const decoded = decodeRecord(whole);
    if (decoded.kind === "broken") return null;
    return { record: decoded.kind === "record" ? decoded.record : decoded.counters, end: offset + decoded.length };
  }

  /** All records from that place on, up to the end or to what is broken. */
  *records(offset: number): Generator<{ readonly record: SpoolRecord | Counters; readonly end: number }> {
    for (let next = this.read(offset); next !== null; next = this.read(next.end)) yield next;
  }

  /** A write that a crash cut is forgotten. */
  truncate(size: number): void {
    if (size === this.#size) return;
    ftruncateSync(this.#fd, size);
    this.#size = size;
  }

  close(): void {
    closeSync(this.#fd);
  }

  remove(): void {
    this.close();
    unlinkSync(this.#path);
  }

  get #path(): string {
    return join(this.#folder, `${this.#number.toString(16).padStart(12, "0")}.seg`);
  }
}
