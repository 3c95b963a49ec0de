/** Cuts what comes from the bus into messages. */
import { FIXED_BYTES, lengthsOf } from "./codec.js";

/** The longest message taken: room for the text of a Check. Of a longer one only the head is kept, to answer it. */
export const MAX_RECEIVED = 262_144;

export interface Frame {
  readonly bytes: Buffer;
  /** False: only the head of a message that is too long. */
  readonly whole: boolean;
}

export class Frames {
  #received: Buffer = Buffer.alloc(0);
  /** What came after it, joined to it once a message is whole: joining each piece would be quadratic. */
  #pieces: Buffer[] = [];
  /** Bytes of both. */
  #length = 0;
  /** Bytes that must be there before it is worth to look at them again. */
  #needed = FIXED_BYTES;
  /** Bytes at the start that were taken, or that are not wanted. */
  #skip = 0;

  push(bytes: Buffer): void {
    this.#pieces.push(bytes);
    this.#length += bytes.length;
  }

  /** The next message; null while it is not there whole. */
  take(): Frame | "not a message" | null {
    for (;;) {
      this.#drop();
      if (this.#length < this.#needed) return null;
      this.#join();
      const lengths = lengthsOf(this.#received);
      if (lengths === null || lengths === "not a message") return lengths;
      const { head, whole } = lengths;
      const wanted = whole > MAX_RECEIVED ? head : whole;
      const answerable = wanted <= MAX_RECEIVED;
      this.#needed = wanted;
      if (answerable && this.#length < wanted) return null;
      this.#needed = FIXED_BYTES;
      this.#skip = whole;
      if (answerable) return { bytes: this.#received.subarray(0, wanted), whole: wanted === whole };
    }
  }

  #drop(): void {
    while (this.#skip > 0 && this.#length > 0) {
      if (this.#received.length === 0) this.#received = this.#pieces.shift() ?? this.#received;
      const gone = Math.min(this.#skip, this.#received.length);
      this.#received = this.#received.subarray(gone);
      this.#length -= gone;
      this.#skip -= gone;
    }
  }

  #join(): void {
    if (this.#pieces.length > 0) this.#received = Buffer.concat([this.#received, ...this.#pieces]);
    this.#pieces = [];
  }
}
