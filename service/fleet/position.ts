/** A place in the spool, kept in a file of its own: up to it the broker has everything. */
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import type { Cancel, Clock } from "../line/clock.js";
import { FILE_MODE, FLAGS } from "./segment.js";
import { crc32 } from "./spool-format.js";

interface Place {
  readonly segment: number;
  readonly offset: number;
}

/** Segment, offset, and their CRC-32, little endian. */
const BYTES = 20;
/** After a crash what was confirmed within this time is published again, with its numbers and epochs. */
const WRITE_MS = 200;

export class Position {
  readonly #fd: number;
  readonly #clock: Clock;
  #value: Place;
  #cancel: Cancel | null = null;

  /**
   * Reads the file. @param first where there is none, or where it tells an earlier place
   * @param last where it tells a later place: after a power failure, what was written last may be missing
   */
  constructor(path: string, first: Place, last: Place, clock: Clock) {
    this.#clock = clock;
    this.#fd = openSync(path, FLAGS, FILE_MODE);
    this.#value = first;
    const bytes = Buffer.alloc(BYTES);
    if (readSync(this.#fd, bytes, 0, BYTES, 0) < BYTES || bytes.readUInt32LE(16) !== crc32(bytes.subarray(0, 16)))
      return;
    const written = { segment: Number(bytes.readBigUInt64LE(0)), offset: Number(bytes.readBigUInt64LE(8)) };
    this.move(isBefore(last, written) ? last : written);
  }

  get value(): Place {
    return this.#value;
  }

  /** Does nothing for an earlier place. */
  move(place: Place): void {
    if (!isBefore(this.#value, place)) return;
    this.#value = place;
    this.#cancel ??= this.#clock.after(WRITE_MS, () => this.#write());
  }

  close(): void {
    if (this.#cancel !== null) this.#write();
    closeSync(this.#fd);
  }

  #write(): void {
    this.#cancel?.();
    this.#cancel = null;
    const bytes = Buffer.alloc(BYTES);
    bytes.writeBigUInt64LE(BigInt(this.#value.segment), 0);
    bytes.writeBigUInt64LE(BigInt(this.#value.offset), 8);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 16)), 16);
    try {
      writeSync(this.#fd, bytes, 0, BYTES, 0);
    } catch {
      // Disk full: what was confirmed is published again after a crash, with its numbers and epochs.
    }
  }
}

function isBefore(one: Place, other: Place): boolean {
  return one.segment < other.segment || (one.segment === other.segment && one.offset < other.offset);
}
