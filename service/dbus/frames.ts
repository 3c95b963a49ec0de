/** Cuts what comes from the bus into messages. */
import { lengthsOf } from "./codec.js";

/** The longest message taken: room for the text of a Check. Of a longer one only the head is kept, to answer it. */
export const MOST_RECEIVED = 262_144;

export interface Frame {
  readonly bytes: Buffer;
  /** False: only the head of a message that is too long. */
  readonly whole: boolean;
}

export class Frames {
  #received: Buffer = Buffer.alloc(0);
  /** Bytes at the start that were taken, or that nobody wants. */
  #skip = 0;

  push(bytes: Buffer): void {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    this.#drop();
  }

  /** The next message; null while it is not there whole. */
  take(): Frame | "not a message" | null {
    for (;;) {
      this.#drop();
      const lengths = this.#skip > 0 ? null : lengthsOf(this.#received);
      if (lengths === null || lengths === "not a message") return lengths;
      const { head, whole } = lengths;
      const wanted = whole > MOST_RECEIVED ? head : whole;
      // Too long even to be answered.
      if (wanted > MOST_RECEIVED) {
        this.#skip = whole;
        continue;
      }
      if (this.#received.length < wanted) return null;
      this.#skip = whole;
      return { bytes: this.#received.subarray(0, wanted), whole: wanted === whole };
    }
  }

  #drop(): void {
    const gone = Math.min(this.#skip, this.#received.length);
    this.#received = this.#received.subarray(gone);
    this.#skip -= gone;
  }
}
