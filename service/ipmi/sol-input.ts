/** The direction from the BMC to the console: each byte once and in order, refused while there is no room. */
import type { SolInputState } from "../handover/sol-state.js";
import { ByteQueue } from "./byte-queue.js";
import { MAX_DATA_BYTES, type SolPacket } from "./sol-packet.js";

const QUEUE_BYTES = 1024;
/** A BMC that sends a refused packet again at once is answered this often. */
const REFUSAL_INTERVAL_MS = 100;

/** What is sent back for a packet with a sequence number. */
export interface Receipt {
  readonly acknowledged: number;
  readonly acceptedCount: number;
  readonly isNack: boolean;
}

export class SolInput {
  readonly #queue = new ByteQueue(QUEUE_BYTES);
  #lastSequence = 0;
  /** Of the last packet. */
  #acceptedCount = 0;
  /** A packet was refused, and the BMC waits to be told that there is room. */
  #isRefusing = false;
  /** The packet that was refused last, and when. */
  #refused = { sequence: 0, timeMs: Number.NEGATIVE_INFINITY };

  /** Goes on with what the process before this one had. */
  resume(before: SolInputState): void {
    this.#queue.push(before.queue);
    this.#lastSequence = before.lastSequence;
    this.#acceptedCount = before.acceptedCount;
    this.#isRefusing = before.isRefusing;
  }

  /** For the process after this one. */
  state(): SolInputState {
    const queue = this.#queue.peek(this.#queue.length).slice();
    const [lastSequence, acceptedCount, isRefusing] = [this.#lastSequence, this.#acceptedCount, this.#isRefusing];
    return { queue, lastSequence, acceptedCount, isRefusing };
  }

  get length(): number {
    return this.#queue.length;
  }

  /** A packet was refused, and there is room for the longest again. */
  get isRoomToTell(): boolean {
    return this.#isRefusing && this.#queue.free >= MAX_DATA_BYTES;
  }

  /** Bytes put into `into`; 0: none are there. */
  read(into: Uint8Array): number {
    const bytes = this.#queue.peek(into.length);
    into.set(bytes);
    this.#queue.drop(bytes.length);
    return bytes.length;
  }

  discard(): void {
    this.#queue.drop(this.#queue.length);
  }

  /** The same number as that of the packet before: a retransmission. */
  isRepeated({ sequence }: SolPacket): boolean {
    return sequence !== 0 && sequence === this.#lastSequence;
  }

  /** Null for a packet that is not acknowledged. A packet is taken whole or refused whole. */
  receive(packet: SolPacket, nowMs: number): Receipt | null {
    const { sequence, data } = packet;
    if (sequence === 0) return null;
    const fresh = this.isRepeated(packet) ? data.subarray(this.#acceptedCount) : data;
    if (fresh.length > this.#queue.free) {
      this.#isRefusing = true;
      // The BMC may send it under another number, and come round to that of the last packet that was taken.
      if (!this.isRepeated(packet)) [this.#lastSequence, this.#acceptedCount] = [sequence, 0];
      const isAgain = sequence === this.#refused.sequence;
      if (isAgain && nowMs < this.#refused.timeMs + REFUSAL_INTERVAL_MS) return null;
      this.#refused = { sequence, timeMs: nowMs };
      return { acknowledged: sequence, acceptedCount: 0, isNack: true };
    }
    this.#isRefusing = false;
    if (!this.isRepeated(packet)) this.#acceptedCount = 0;
    this.#lastSequence = sequence;
    this.#queue.push(fresh);
    this.#acceptedCount += fresh.length;
    return { acknowledged: sequence, acceptedCount: this.#acceptedCount, isNack: false };
  }
}
