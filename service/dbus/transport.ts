/** A socket to the bus: proves who we are, then carries whole messages. Bounded both ways. */
import { connect, type Socket } from "node:net";
import { toText } from "../line/bytes.js";
import { systemClock } from "../line/clock.js";
import { decode, type Received } from "./codec.js";
import { Frames } from "./frames.js";

/** Bytes the bus may leave unread before it counts as lost; all objects of 256 ports take 0.2 MB. */
const MAX_UNSENT = 16_777_216;
/** The longest line of the authentication. */
const LONGEST_LINE = 1024;
/** So long messages are worked on in one turn of the event loop: clients that send much do not hold up the ports. */
const TURN_MS = 3;

export interface TransportEvents {
  /** Messages may come from now on, and be sent. */
  ready(): void;
  /** `whole` is false for a message that was too long: it has no body. */
  message(message: Received, whole: boolean): void;
  /** Called once, the last of all. */
  closed(reason: string): void;
}

export class Transport {
  readonly #socket: Socket;
  readonly #events: TransportEvents;
  /** The line of the authentication that is not yet whole; null once that is over. */
  #line: Buffer | null = Buffer.alloc(0);
  readonly #frames = new Frames();
  #closed = false;
  #reason = "the bus closed the connection";

  constructor(path: string, events: TransportEvents) {
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
    const end = systemClock.nowMs() + TURN_MS;
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
      if (systemClock.nowMs() < end) continue;
      setImmediate(() => this.#work());
      return;
    }
  }
}

/** In hexadecimal, of its decimal digits. */
function ownUid(): string {
  return Buffer.from(String(process.geteuid?.() ?? 0)).toString("hex");
}
