/** A data session with a port: what a control session becomes by `attach`. */
import type { Socket } from "node:net";
import type { TelnetDecoder } from "../telnet/decoder.js";
import { escapeIac } from "../telnet/encoder.js";

/** Bytes that wait for a device that takes none. More input of a terminal is dropped. */
const MAX_WAITING = 1_048_576;

export class DataSession {
  /** The network port. */
  readonly port: string;
  /** Empty: it has none. */
  readonly label: string;
  readonly isWriter: boolean;
  readonly #socket: Socket;
  readonly #decoder: TelnetDecoder | null;
  readonly #first: Uint8Array;
  #reason = "";
  #isClosed = false;

  /**
   * @param decoder null: no telnet
   * @param line `attached PORT (LABEL), writer|watching`
   * @param first data that came with the line
   */
  constructor(socket: Socket, decoder: TelnetDecoder | null, line: string, first: Uint8Array) {
    const [, port = "", label = "", what = ""] = /^attached (\S+?)(?: \((.*)\))?, (\w+)/.exec(line) ?? [];
    this.port = port;
    this.label = label;
    this.isWriter = what === "writer";
    this.#socket = socket;
    this.#decoder = decoder;
    this.#first = first;
    socket.pause();
    socket.on("error", error => {
      this.#reason = error.message;
    });
  }

  /**
   * Begins to receive.
   * @param receive the bytes are valid within the call only
   * @param ended called once, when the daemon has ended the session or is gone; empty: without an error
   */
  start(receive: (bytes: Uint8Array) => void, ended: (reason: string) => void): void {
    this.#socket.on("data", bytes => {
      if (this.#decoder === null) receive(bytes);
      else for (const event of this.#decoder.push(bytes)) if (event.kind === "data") receive(event.bytes);
    });
    this.#socket.on("close", () => {
      if (!this.#isClosed) ended(this.#reason);
    });
    this.#socket.resume(); // from the next turn on
    if (this.#first.length > 0) receive(this.#first);
  }

  /** No more is received than the chunk at hand, until `resume`. The end is not noticed either. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** False: too much waits already, and nothing was taken. */
  write(bytes: Uint8Array): boolean {
    if (this.#socket.writableLength > MAX_WAITING || this.#socket.destroyed) return false;
    const sent = this.#decoder === null ? bytes : escapeIac(bytes, new Uint8Array(bytes.length * 2));
    this.#socket.write(Uint8Array.from(sent));
    return true;
  }

  /** Resolves when little waits to be sent, or the session has ended. */
  async drained(): Promise<void> {
    const socket = this.#socket;
    while (!socket.destroyed && socket.writableNeedDrain) {
      await new Promise<void>(resolve => {
        const done = () => {
          socket.off("drain", done).off("close", done);
          resolve();
        };
        socket.on("drain", done).on("close", done);
      });
    }
  }

  /** Ends our direction; the daemon ends the session when the device has got everything. */
  finish(): void {
    this.#socket.end();
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }
}
