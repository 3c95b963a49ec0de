/** A socket to the bus: authenticates, then carries whole messages. Bounded in both directions. */
import { connect, type Socket } from "node:net";
import { toText } from "../line/bytes.js";
import { type Clock, systemClock } from "../line/clock.js";
import { decode, FIXED_BYTES, lengthsOf, type Received } from "./codec.js";

/** The longest message taken: room for the text of a Check. Of a longer one only the head is kept, to answer it. */
export const MAX_RECEIVED = 262_144;
/** Bytes the bus may leave unread before it counts as lost; all objects of 256 ports take 0.2 MB. */
const MAX_UNSENT = 16_777_216;
/** The longest line of the authentication. */
const LONGEST_LINE = 1024;
/** Time for messages in one turn of the event loop, so that clients that send many do not delay the ports. */
const TURN_MS = 3;

export interface TransportEvents {
  /** Messages may be sent and received from now on. */
  ready(): void;
  /** `whole` is false for a message that was too long: it has no body. */
  message(message: Received, whole: boolean): void;
  /** Called once, the last of all. */
  closed(reason: string): void;
}

export class Transport {
  readonly #socket: Socket;
  readonly #events: TransportEvents;
  readonly #clock: Clock;
  /** The line of the authentication that is not yet whole; null once that is over. */
  #line: Buffer | null = Buffer.alloc(0);
  readonly #frames = new Frames();
  #closed = false;
  #reason = "the bus closed the connection";

  constructor(path: string, events: TransportEvents, clock: Clock = systemClock) {
    this.#events = events;
    this.#clock = clock;
    this.#socket = connect({ path });
    this.#socket.on("connect", () => this.#socket.write(`\0AUTH EXTERNAL ${ownUid()}\r\n`));
    this.#socket.on("data", bytes => this.#arrived(bytes));
    this.#socket.on("error", error => {
      this.#reason = error.message;
    });
    this.#socket.on("close", () => {
      this.#closed = true;
      this.#events.closed(this.#reason);
    });
  }

  /** Nothing is sent once it is closed. `sent` is called when the pieces are not needed any more. */
  send(pieces: readonly Buffer[], sent: () => void = () => {}): void {
    const length = pieces.reduce((sum, piece) => sum + piece.length, this.#socket.writableLength);
    if (!this.#closed && length > MAX_UNSENT) this.close("the bus does not read what it is sent");
    if (this.#closed) {
      sent();
      return;
    }
    this.#socket.cork();
    for (const [i, piece] of pieces.entries()) this.#socket.write(piece, i < pieces.length - 1 ? undefined : sent);
    this.#socket.uncork();
  }

  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reason = reason;
    this.#socket.destroy();
  }

  #arrived(bytes: Buffer): void {
    const rest = this.#line === null ? bytes : this.#authenticate(Buffer.concat([this.#line, bytes]));
    if (rest === null) return;
    this.#frames.push(rest);
    this.#socket.pause();
    this.#work();
  }

  /** "Authentication Protocol" of the specification: the socket itself tells the bus our uid. Gives what follows. */
  #authenticate(received: Buffer): Buffer | null {
    const end = received.indexOf("\r\n");
    if (end < 0 && received.length <= LONGEST_LINE) {
      this.#line = received;
      return null;
    }
    if (end < 0 || !/^OK(?: |$)/.test(toText(received.subarray(0, end)))) {
      this.close("the bus refused the authentication");
      return null;
    }
    this.#line = null;
    this.#socket.write("BEGIN\r\n");
    this.#events.ready();
    return received.subarray(end + 2);
  }

  #work(): void {
    const end = this.#clock.nowMs() + TURN_MS;
    while (!this.#closed) {
      const next = this.#frames.take();
      if (next === "not a message") {
        this.close("the bus sent what is not a message");
        return;
      }
      if (next === null) {
        this.#socket.resume();
        return;
      }
      const message = decode(next.bytes);
      if (message !== null) this.#events.message(message, next.whole);
      if (this.#clock.nowMs() < end) continue;
      setImmediate(() => this.#work());
      return;
    }
  }
}

/** In hexadecimal, of its decimal digits. */
function ownUid(): string {
  return Buffer.from(String(process.geteuid?.() ?? 0)).toString("hex");
}

interface Frame {
  readonly bytes: Buffer;
  /** False: only the head of a message that is too long. */
  readonly whole: boolean;
}

/** Cuts the bytes of the bus into messages. */
export class Frames {
  #received: Buffer = Buffer.alloc(0);
  /** Later pieces, joined once a message is complete: joining each piece would be quadratic. */
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
