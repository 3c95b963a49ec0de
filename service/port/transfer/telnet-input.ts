/** The bytes of one read of a telnet peer, decoded only as far as they are taken: a full device makes the rest wait. */
import { encodeEvents, TelnetDecoder, type TelnetEvent } from "../../telnet/decoder.js";
import type { Connection } from "../peers/connection.js";

/** Bytes decoded at a time, so that many small commands do not fill the memory as events. */
const PIECE_BYTES = 2048;

/** What of it the process after this one has to take. */
interface Rest {
  /** What has been decoded, and then what has not. */
  readonly decoded: Uint8Array;
  readonly bytes: Uint8Array;
}

export class TelnetInput {
  readonly connection: Connection;
  readonly #decoder: TelnetDecoder;
  #bytes: Uint8Array;
  #events: readonly TelnetEvent[] = [];
  #taken = 0; // of the events
  /** How many pieces have been decoded. */
  pieces = 0;

  /** The bytes are only lent, see `keep`. */
  constructor(connection: Connection, decoder: TelnetDecoder, bytes: Uint8Array) {
    this.connection = connection;
    this.#decoder = decoder;
    this.#bytes = bytes;
  }

  /** Null: that was all. To be used before `next` is called again. */
  next(): TelnetEvent | null {
    while (this.#taken === this.#events.length) {
      if (this.#bytes.length === 0) return null;
      this.#events = this.#decoder.push(this.#bytes.subarray(0, PIECE_BYTES));
      this.pieces++;
      this.#taken = 0;
      this.#bytes = this.#bytes.subarray(PIECE_BYTES);
    }
    return this.#events[this.#taken++] ?? null;
  }

  /** What was not taken. */
  rest(): Rest {
    return { decoded: encodeEvents(this.#events.slice(this.#taken)), bytes: this.#bytes };
  }

  /** Takes up what the process before this one left. */
  static resume(connection: Connection, decoder: TelnetDecoder, rest: Rest): TelnetInput {
    const input = new TelnetInput(connection, decoder, rest.bytes);
    input.#events = new TelnetDecoder().push(rest.decoded);
    return input;
  }

  /** Bytes of data in what was not taken. Nothing may be taken after that. */
  dataLeft(): number {
    let bytes = 0;
    for (let event = this.next(); event !== null; event = this.next()) {
      if (event.kind === "data") bytes += event.bytes.length;
    }
    return bytes;
  }

  /** The rest is wanted later, when others have used the buffer. (Of events that came together, none is a view of it.) */
  keep(): void {
    this.#bytes = this.#bytes.slice();
  }
}
