/**
 * Shows one connection what the device sent before, in pieces, as fast as the connection takes them. Until the reader has come to
 * the end of the ring, the connection gets live data from the ring too, and by no other way: no byte is doubled or missing. A
 * slow peer makes the device wait only when the ring is full of bytes that it has not been sent.
 */
import type { Clock } from "../line/clock.js";
import { escapeIac } from "../telnet/encoder.js";
import type { ReplayRing } from "./ring.js";

const PIECE_BYTES = 16_384;
/** Most pieces in one turn of the event loop. */
const MOST_PIECES = 8;

/** Shared by all readers: a piece is sent or copied before the next one is read. */
const piece = new Uint8Array(PIECE_BYTES);
const escaped = new Uint8Array(2 * PIECE_BYTES);

/** The part of a connection that a reader needs. */
export interface ReplayPeer {
  readonly telnet: object | null;
  /** Some of its output has not been sent, or it asked for a pause. */
  readonly isWaiting: boolean;
  replay: object | null;
  /** Tells that the reader can go on: calls `goOn` unless output is waiting. */
  ready(): void;
  sendData(bytes: Uint8Array): void;
}

export class ReplayReader {
  readonly #ring: ReplayRing;
  readonly #peer: ReplayPeer;
  readonly #clock: Clock;
  /** Called at the end of the ring, or when the connection has ended. */
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

  /** Bytes that the connection has not been sent yet. */
  get left(): number {
    return this.#ring.total - this.#position;
  }

  /** One more read of the device could overwrite bytes that the connection has not been sent: the device must wait. */
  get isFull(): boolean {
    return this.left + PIECE_BYTES > this.#ring.size;
  }

  /** Sends as much as the connection takes now. */
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

  /** Sends everything that is left at once, without a limit: the ring is about to be closed. */
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
