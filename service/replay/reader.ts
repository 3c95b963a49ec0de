/**
 * Shows one connection what the device sent before, in pieces, as the connection takes them. Meanwhile it is sent nothing
 * else: it reads the live data from the ring too, until it has come to its end. So no byte is doubled or missing, and a slow
 * peer does not stop the device before the ring is full of what it has not read.
 */
import type { Clock } from "../line/clock.js";
import { escapeIac } from "../telnet/encoder.js";
import type { ReplayRing } from "./ring.js";

const PIECE_BYTES = 16_384;
/** Pieces that are sent in one turn of the event loop. */
const MOST_PIECES = 8;

/** One for all: a piece is sent or copied at once. */
const piece = new Uint8Array(PIECE_BYTES);
const escaped = new Uint8Array(2 * PIECE_BYTES);

/** A connection, as far as a reader needs it. */
export interface ReplayPeer {
  readonly telnet: object | null;
  /** Some of its output has not left, or it asked for a pause. */
  readonly isWaiting: boolean;
  replay: object | null;
  /** It takes more: calls `goOn` unless it is waiting. */
  ready(): void;
  sendData(bytes: Uint8Array): void;
}

export class ReplayReader {
  readonly #ring: ReplayRing;
  readonly #peer: ReplayPeer;
  readonly #clock: Clock;
  /** It has come to the end, or its connection is gone. */
  readonly #ended: (reader: ReplayReader) => void;
  #position: number;

  constructor(options: {
    readonly ring: ReplayRing;
    readonly peer: ReplayPeer;
    readonly position: number;
    readonly clock: Clock;
    ended(reader: ReplayReader): void;
  }) {
    this.#ring = options.ring;
    this.#peer = options.peer;
    this.#position = options.position;
    this.#clock = options.clock;
    this.#ended = options.ended;
  }

  /** Bytes it has not been sent yet. */
  get left(): number {
    return this.#ring.total - this.#position;
  }

  /** With one more read of the device, bytes would be lost that the connection has not been sent. */
  get isFull(): boolean {
    return this.left + PIECE_BYTES > this.#ring.size;
  }

  /** Sends what the connection takes. */
  goOn(): void {
    for (let pieces = 0; this.#isCurrent; pieces++) {
      if (this.#peer.isWaiting) return;
      if (pieces === MOST_PIECES) {
        this.#clock.after(0, () => this.#peer.ready());
        return;
      }
      const count = this.#ring.read(this.#position, piece);
      if (count === 0) {
        this.end();
        return;
      }
      this.#position += count;
      this.#send(piece.subarray(0, count), escaped);
    }
    this.#ended(this);
  }

  /** Sends all that is left at once, however much that is: the ring goes. */
  finish(): void {
    const rest = new Uint8Array(this.#isCurrent ? this.left : 0);
    const count = this.#ring.read(this.#position, rest);
    this.#position += count;
    this.end();
    if (count > 0) this.#send(rest.subarray(0, count), new Uint8Array(2 * count));
  }

  /** Idempotent. */
  end(): void {
    if (this.#isCurrent) this.#peer.replay = null;
    this.#ended(this);
  }

  get #isCurrent(): boolean {
    return this.#peer.replay === this;
  }

  #send(bytes: Uint8Array, scratch: Uint8Array): void {
    this.#peer.sendData(this.#peer.telnet === null ? bytes : escapeIac(bytes, scratch));
  }
}
