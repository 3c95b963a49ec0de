/** A socket to the bus: proves who we are, then carries whole messages. Bounded both ways. */
import { connect, type Socket } from "node:net";
import { decode, lengthsOf, type Received } from "./codec.js";

/** The longest message taken: room for the text of a Check. Of a longer one only the head is kept, to answer it. */
export const MOST_RECEIVED = 262_144;
/** Bytes the bus may leave unread before it counts as lost; all objects of 256 ports are a tenth of that. */
const MOST_UNSENT = 16_777_216;
/** The longest line of the authentication. */
const LONGEST_LINE = 1024;
/** So long messages are worked on in one turn of the event loop: callers in a hurry do not hold up the ports. */
const TURN_MS = 3;

export interface WireEvents {
  /** Messages may come from now on, and be sent. */
  ready(): void;
  /** `whole` is false for a message that was too long: it has no body. */
  message(message: Received, whole: boolean): void;
  /** Called once, the last of all. */
  closed(reason: string): void;
}

export class Wire {
  readonly #socket: Socket;
  readonly #events: WireEvents;
  #received: Buffer = Buffer.alloc(0);
  #ready = false;
  #closed = false;
  /** Bytes of a message nobody wants to see. */
  #skip = 0;
  #reason = "the bus closed the connection";

  constructor(path: string, events: WireEvents) {
    this.#events = events;
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

  /** Nothing happens once it is closed. */
  send(...pieces: readonly Buffer[]): void {
    if (this.#closed) return;
    const length = pieces.reduce((sum, piece) => sum + piece.length, this.#socket.writableLength);
    if (length > MOST_UNSENT) {
      this.close("the bus does not read what it is sent");
      return;
    }
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.uncork();
  }

  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reason = reason;
    this.#socket.destroy();
  }

  #arrived(bytes: Buffer): void {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    if (!this.#ready && !this.#authenticated()) return;
    this.#socket.pause();
    this.#work();
  }

  /** "Authentication Protocol" of the specification: the socket itself tells the bus our uid. */
  #authenticated(): boolean {
    const end = this.#received.indexOf("\r\n");
    const line = this.#received.toString("latin1", 0, end < 0 ? this.#received.length : end);
    if (end < 0 && line.length <= LONGEST_LINE) return false;
    if (end < 0 || !/^OK(?: |$)/.test(line)) {
      this.close("the bus refused the authentication");
      return false;
    }
    this.#received = this.#received.subarray(end + 2);
    this.#ready = true;
    this.#socket.write("BEGIN\r\n");
    this.#events.ready();
    return true;
  }

  #work(): void {
    const end = performance.now() + TURN_MS;
    while (!this.#closed) {
      const next = this.#take();
      if (next === null) {
        this.#socket.resume();
        return;
      }
      const message = decode(next.bytes);
      if (message !== null) this.#events.message(message, next.whole);
      if (performance.now() < end) continue;
      setImmediate(() => this.#work());
      return;
    }
  }

  /** The next message, null while it is not there. */
  #take(): { readonly bytes: Buffer; readonly whole: boolean } | null {
    for (;;) {
      const skipped = Math.min(this.#skip, this.#received.length);
      this.#received = this.#received.subarray(skipped);
      this.#skip -= skipped;
      const lengths = this.#skip > 0 ? null : lengthsOf(this.#received);
      if (lengths === "not a message") this.close("the bus sent what is no message");
      if (lengths === null || lengths === "not a message") return null;
      const { head, whole } = lengths;
      if (head > MOST_RECEIVED) {
        this.#skip = whole;
        continue;
      }
      const wanted = whole > MOST_RECEIVED ? head : whole;
      if (this.#received.length < wanted) return null;
      const bytes = this.#received.subarray(0, wanted);
      this.#skip = whole;
      return { bytes, whole: wanted === whole };
    }
  }
}

/** In hexadecimal, of its decimal digits. */
function ownUid(): string {
  return Buffer.from(String(process.geteuid?.() ?? 0)).toString("hex");
}
