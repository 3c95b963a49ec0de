/**
 * A record that survives the crash of its writer: two slots in shared memory, written in turn. A write that was cut off
 * leaves the other slot as it was. There are pairs of slots of several sizes: most records are short, and a short record
 * then uses little memory. The newest record of all pairs counts. A slot is: sequence number (8 bytes), length of the
 * record (4), the first 8 bytes of the SHA-256 of these two fields and the record, and the record.
 */
import { createHash } from "node:crypto";

const SLOTS = 2;
const LENGTH_AT = 8;
const SUM_AT = 12;
const SUM_BYTES = 8;
export const SLOT_HEADER_BYTES = SUM_AT + SUM_BYTES;

interface JournalWrite {
  /** Index of the pair in the list of sizes. */
  readonly pair: number;
  /** From the start of the pair of slots, in bytes. */
  readonly offset: number;
  /** To be written there in one call. */
  readonly bytes: Uint8Array;
}

/** One record, written again and again. */
export class JournalWriter {
  readonly #sizes: readonly number[];
  #sequence: bigint;

  /**
   * @param sizes of a slot of each pair, the smallest first
   * @param sequence of the newest record that is in the slots already; 0n: none
   */
  constructor(sizes: readonly number[], sequence = 0n) {
    this.#sizes = sizes;
    this.#sequence = sequence;
  }

  /** Null: the record does not fit. */
  next(record: Uint8Array): JournalWrite | null {
    const pair = this.#sizes.findIndex(size => SLOT_HEADER_BYTES + record.length <= size);
    const size = this.#sizes[pair];
    if (size === undefined) return null;
    this.#sequence++;
    const bytes = Buffer.alloc(SLOT_HEADER_BYTES + record.length);
    bytes.writeBigUInt64LE(this.#sequence);
    bytes.writeUInt32LE(record.length, LENGTH_AT);
    bytes.set(record, SLOT_HEADER_BYTES);
    bytes.set(sumOf(bytes), SUM_AT);
    return { pair, offset: Number(this.#sequence % BigInt(SLOTS)) * size, bytes };
  }
}

interface JournalRecord {
  readonly sequence: bigint;
  /** A view into the bytes given to `readJournal`. */
  readonly record: Uint8Array;
}

/** The newest whole record of these pairs of slots; null: there is none. Whatever the bytes are, nothing is thrown. */
export function readJournal(pairs: readonly Uint8Array[], sizes: readonly number[]): JournalRecord | null {
  const slots = pairs.flatMap((pair, which) => {
    const size = sizes[which] ?? 0;
    return Array.from({ length: SLOTS }, (_, at) => readSlot(pair.subarray(at * size, (at + 1) * size)));
  });
  return slots.reduce(
    (best, one) => (best === null || (one !== null && one.sequence > best.sequence) ? one : best),
    null,
  );
}

function readSlot(slot: Uint8Array): JournalRecord | null {
  if (slot.length < SLOT_HEADER_BYTES) return null;
  const bytes = Buffer.from(slot.buffer, slot.byteOffset, slot.length);
  const length = bytes.readUInt32LE(LENGTH_AT);
  if (length > bytes.length - SLOT_HEADER_BYTES) return null;
  const whole = bytes.subarray(0, SLOT_HEADER_BYTES + length);
  const sequence = whole.readBigUInt64LE();
  const isWhole = sequence > 0n && sumOf(whole).equals(whole.subarray(SUM_AT, SLOT_HEADER_BYTES));
  return isWhole ? { sequence, record: whole.subarray(SLOT_HEADER_BYTES) } : null;
}

/** The sum over the slot without its own field. */
function sumOf(slot: Buffer): Buffer {
  const hash = createHash("sha256").update(slot.subarray(0, SUM_AT)).update(slot.subarray(SLOT_HEADER_BYTES));
  return hash.digest().subarray(0, SUM_BYTES);
}
