/**
 * The messages that the broker has not confirmed, on the disk, at most so many bytes of them: the oldest ones are dropped and
 * counted. A message that was appended survives the end of the process at any moment. A repeated message has its number and its
 * epoch again.
 */
import { randomBytes } from "node:crypto";
import { fdatasync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Cancel, Clock } from "../line/clock.js";
import { codeOf } from "../native/errors.js";
import { Position } from "./position.js";
import { Segment } from "./segment.js";
import { encodeCounters, encodeRecord, FRAME_BYTES, type SpoolRecord } from "./spool-format.js";

const SEGMENTS = 8;
const MAX_SEGMENT = 4 * 1024 * 1024;
/** A power failure loses what was appended within this time. */
const SYNC_MS = 5000;

/** A message to publish. */
export interface Entry extends SpoolRecord {
  /** Its segment, and the place behind it. */
  readonly segment: number;
  readonly end: number;
}

export class Spool {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #clock: Clock;
  readonly #segments: Segment[] = [];
  readonly #counters = new Map<string, number>();
  /** After a power failure, or in an empty folder, numbers are given that stood for other messages: each start has its own epoch. */
  readonly #epoch = randomBytes(4).toString("hex");
  readonly #confirmed: Position;
  /** What `next` reads. */
  #reading: { segment: number; offset: number };
  /** Given by `next`, in order; the broker has not confirmed the first one. */
  readonly #given: { readonly entry: Entry; isConfirmed: boolean }[] = [];
  readonly #dropped = new Map<string, number>();
  #droppedTotal = 0;
  #cancelSync: Cancel | null = null;

  /** Goes on with what is in the folder. Throws the system's error. @param maxBytes on the disk, about */
  constructor(folder: string, maxBytes: number, clock: Clock) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
    this.#clock = clock;
    makeFolder(folder);
    const numbers = readdirSync(folder).flatMap(name => Segment.numberOf(name) ?? []);
    for (const number of numbers.sort((one, other) => one - other)) this.#segments.push(new Segment(folder, number));
    this.#recover();
    while (this.#segments.at(-1)?.size === 0) this.#segments.pop()?.remove();
    const first = { segment: this.#segments[0]?.number ?? 0, offset: 0 };
    const end = this.#segments.at(-1);
    const last = end === undefined ? first : { segment: end.number, offset: end.size };
    this.#confirmed = new Position(join(folder, "confirmed"), first, last, clock);
    this.#reading = { ...this.#confirmed.value };
    this.#removeConfirmed();
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { size }) => sum + size, 0);
  }

  /** Messages that were dropped since the start. */
  get droppedTotal(): number {
    return this.#droppedTotal;
  }

  /**
   * Appends the next message of a stream. Throws the system's error where the disk is full: the message is dropped and counted,
   * and its number is not given to another one.
   */
  append(stream: string, time: string, payloadOf: (seq: number) => Uint8Array): void {
    const seq = (this.#counters.get(stream) ?? 0) + 1;
    try {
      this.#write({ stream, seq, time, payload: payloadOf(seq) });
    } catch (error) {
      this.countDropped(stream);
      throw error;
    } finally {
      this.#counters.set(stream, seq);
    }
  }

  /**
   * Appends a message that tells how many were dropped since the last one, by stream. Where none were, or where the disk takes
   * nothing, it does nothing: the counts stay for the next call.
   */
  appendDropped(stream: string, time: string, payloadOf: (seq: number, streams: object) => Uint8Array): boolean {
    if (this.#dropped.size === 0) return false;
    const seq = (this.#counters.get(stream) ?? 0) + 1;
    try {
      this.#write({ stream, seq, time, payload: payloadOf(seq, Object.fromEntries(this.#dropped)) });
    } catch {
      return false;
    }
    this.#counters.set(stream, seq);
    this.#dropped.clear();
    return true;
  }

  /** The next message that `next` has not given since `rewind`; null: there is none. */
  next(): Entry | null {
    for (;;) {
      const at = this.#segments.findIndex(({ number }) => number >= this.#reading.segment);
      const segment = this.#segments[at];
      if (segment === undefined) return null;
      if (segment.number !== this.#reading.segment) this.#reading = { segment: segment.number, offset: 0 };
      const found = segment.read(this.#reading.offset);
      if (found === null) {
        const following = this.#segments[at + 1];
        if (following === undefined) return null;
        this.#reading = { segment: following.number, offset: 0 };
        continue;
      }
      this.#reading.offset = found.end;
      if (!("seq" in found.record)) continue;
      const entry = { ...found.record, segment: segment.number, end: found.end };
      this.#given.push({ entry, isConfirmed: false });
      return entry;
    }
  }

  /** The broker has it. It is not given again, and is removed when all before it are. */
  confirm(entry: Entry): void {
    const given = this.#given.find(one => one.entry === entry);
    if (given === undefined) return;
    given.isConfirmed = true;
    for (let first = this.#given[0]; first?.isConfirmed === true; first = this.#given[0]) {
      this.#given.shift();
      this.#confirmed.move({ segment: first.entry.segment, offset: first.entry.end });
    }
    this.#removeConfirmed();
  }

  /** The connection is lost: `next` begins with the first message that was not confirmed. */
  rewind(): void {
    this.#given.length = 0;
    this.#reading = { ...this.#confirmed.value };
  }

  /** Counts a message that is lost: in the spool, or behind it. */
  countDropped(stream: string): void {
    this.#dropped.set(stream, (this.#dropped.get(stream) ?? 0) + 1);
    this.#droppedTotal++;
  }

  close(): void {
    this.#cancelSync?.();
    this.#confirmed.close();
    for (const segment of this.#segments) segment.close();
  }

  /** The numbers of the streams: from the last segment that tells them, and the records behind. */
  #recover(): void {
    const last = this.#segments.findLastIndex(segment => segment.read(0) !== null);
    for (const segment of this.#segments.slice(Math.max(last, 0))) {
      let end = 0;
      for (const found of segment.records(0)) {
        end = found.end;
        if ("seq" in found.record) this.#counters.set(found.record.stream, found.record.seq);
        else for (const [stream, seq] of found.record) this.#counters.set(stream, seq);
      }
      segment.truncate(end);
    }
  }

  /** Throws the system's error. */
  #write(record: Omit<SpoolRecord, "epoch">): void {
    const bytes = encodeRecord({ ...record, epoch: this.#epoch });
    this.#makeRoom(bytes.length);
    try {
      this.#current(bytes.length).append(bytes);
    } catch (error) {
      if (!this.#reuseConfirmed()) throw error;
      this.#current(bytes.length).append(bytes);
    }
    this.#cancelSync ??= this.#clock.after(SYNC_MS, () => this.#sync());
  }

  /** The segment that takes so many more bytes. */
  #current(bytes: number): Segment {
    const last = this.#segments.at(-1);
    const largest = Math.min(MAX_SEGMENT, this.#maxBytes / SEGMENTS);
    if (last !== undefined && last.size + bytes <= largest) return last;
    const segment = new Segment(this.#folder, (last?.number ?? 0) + 1);
    try {
      segment.append(encodeCounters(this.#counters));
    } catch (error) {
      segment.remove();
      throw error;
    }
    this.#segments.push(segment);
    return segment;
  }

  /** On a full disk what the broker has gives its space to what comes. False: there is none of it. */
  #reuseConfirmed(): boolean {
    const before = this.bytes;
    this.#removeConfirmed();
    const [last, ...others] = this.#segments;
    const counters = encodeCounters(this.#counters);
    if (last !== undefined && others.length === 0 && this.#isConfirmed(last) && counters.length < last.size) {
      last.restart(counters);
      this.#confirmed.move({ segment: last.number, offset: 0 });
      this.rewind();
    }
    return this.bytes < before;
  }

  #makeRoom(bytes: number): void {
    for (;;) {
      const [oldest, ...others] = this.#segments;
      if (oldest === undefined || others.length === 0 || this.bytes + bytes <= this.#maxBytes) return;
      this.#segments.shift();
      const { segment, offset } = this.#confirmed.value;
      for (const { record } of oldest.records(segment === oldest.number ? offset : 0)) {
        if ("seq" in record) this.countDropped(record.stream);
      }
      this.#confirmed.move({ segment: oldest.number + 1, offset: 0 });
      oldest.remove();
    }
  }

  /** All but the last segment, which has the numbers of the streams. */
  #removeConfirmed(): void {
    for (
      let [first, next] = this.#segments;
      first !== undefined && next !== undefined;
      [first, next] = this.#segments
    ) {
      if (!this.#isConfirmed(first)) return;
      this.#segments.shift();
      first.remove();
    }
  }

  #isConfirmed({ number, size }: Segment): boolean {
    const { segment, offset } = this.#confirmed.value;
    return number < segment || (number === segment && offset >= size);
  }

  #sync(): void {
    this.#cancelSync = null;
    const last = this.#segments.at(-1);
    if (last !== undefined && last.size > FRAME_BYTES) fdatasync(last.fd, () => {}); // a failure shows with the next write
  }
}

/** With the folders above it. The `recursive` of Node tells ENOENT where a file system is read-only. Throws the system's error. */
function makeFolder(folder: string): void {
  const make = () => mkdirSync(folder, { mode: 0o700 });
  try {
    make();
  } catch (error) {
    const code = codeOf(error);
    if (code === "EEXIST") return;
    if (code !== "ENOENT") throw error;
    makeFolder(dirname(folder));
    make();
  }
}
