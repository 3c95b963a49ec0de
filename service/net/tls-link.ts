/** A link that is encrypted: TLS of Node over another link. */
import { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { Clock } from "../line/clock.js";
import { type Link, LinkError, type PeerAddress } from "./link.js";

/** In each direction, as most: what a write takes, and what waits while nothing is read. */
const PIECE_BYTES = 16_384;
/** What was written before `close` may take this long. */
const CLOSE_MS = 4000;
/** One for all: what is read is copied. */
const received = new Uint8Array(PIECE_BYTES);

/** Calls a step of the handshake when there is time for it. */
type Scheduler = (step: () => void) => void;

/** The encrypted side, as the stream that node:tls takes. A full link pauses it, and it pauses the link. */
export class Carrier extends Duplex {
  readonly link: Link;
  /** Null when the handshake is done: what comes is passed on at once. */
  scheduler: Scheduler | null;
  atTick = false;
  /** What ended the link; null: nothing did. */
  fault: LinkError | null = null;
  isReading = false;
  #discards = false;

  constructor(link: Link, scheduler: Scheduler) {
    super({ allowHalfOpen: true, readableHighWaterMark: PIECE_BYTES, writableHighWaterMark: PIECE_BYTES });
    this.link = link;
    this.scheduler = scheduler;
    this.on("error", () => {}); // seen as `fault`
  }

  override _read(): void {
    this.isReading = true;
    this.link.whenReadable(() => {
      if (this.scheduler === null) this.#take();
      else this.scheduler(() => this.#take());
    }, this.atTick);
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    try {
      const count = this.link.write(chunk);
      if (count === chunk.length) done();
      else this.link.whenWritable(() => this._write(chunk.subarray(count), "", done));
    } catch (error) {
      done(this.#failed(error));
    }
  }

  /** From now on what the peer sends is thrown away, and is not seen by OpenSSL. */
  discard(): void {
    this.#discards = true;
    if (!this.isReading) this._read();
  }

  #take(): void {
    if (this.destroyed) return;
    try {
      const count = this.link.read(received);
      if (count === 0 || (this.#discards && count > 0)) {
        this._read();
        return;
      }
      this.isReading = false;
      if (count < 0 && this.scheduler !== null) {
        this.destroy(); // node:tls waits for more of the handshake
        return;
      }
      this.push(count < 0 ? null : Buffer.from(received.subarray(0, count)));
    } catch (error) {
      this.isReading = false;
      this.destroy(this.#failed(error));
    }
  }

  #failed(error: unknown): LinkError {
    if (!(error instanceof LinkError)) throw error;
    this.fault ??= error;
    return error;
  }
}

export interface TlsPeer {
  readonly user: string | null;
  readonly mayWrite: boolean;
}

export class TlsLink implements Link {
  readonly transport = "tcp";
  readonly peer: PeerAddress;
  readonly user?: string;
  readonly watches: boolean;
  readonly mayWrite: boolean;
  readonly #carrier: Carrier;
  readonly #socket: TLSSocket;
  readonly #clock: Clock;
  readonly #gone: () => void;
  /** Decrypted, and not read yet. */
  #chunk: Uint8Array | null = null;
  #ended = false;
  /** To be thrown by the next read. */
  #fault: LinkError | null = null;
  #failed = false;
  #closed = false;
  #readable: (() => void) | null = null;
  #writable: (() => void) | null = null;
  #broken: (() => void) | null = null;

  /** @param gone called once, when nothing is left to be sent after `close` */
  constructor(carrier: Carrier, socket: TLSSocket, { user, mayWrite }: TlsPeer, clock: Clock, gone: () => void) {
    this.#carrier = carrier;
    this.#socket = socket;
    this.#clock = clock;
    this.#gone = gone;
    this.peer = carrier.link.peer;
    if (user !== null) this.user = user;
    this.mayWrite = mayWrite;
    this.watches = !mayWrite;
    socket.disableRenegotiation();
    socket.on("data", chunk => this.#received(chunk));
    socket.on("end", () => this.#hasEnded());
    socket.on("error", error => this.#hasFailed(error));
    socket.on("close", () => this.#hasEnded());
    socket.on("drain", () => this.#callWritable());
  }

  local(): PeerAddress {
    return this.#carrier.link.local();
  }

  read(into: Uint8Array): number {
    if (this.#closed) return -1;
    if (this.#chunk !== null) {
      const taken = this.#chunk.subarray(0, into.length);
      into.set(taken);
      this.#chunk = taken.length < this.#chunk.length ? this.#chunk.subarray(taken.length) : null;
      return taken.length;
    }
    const fault = this.#fault;
    this.#fault = null;
    if (fault !== null) throw fault;
    if (!this.#ended) this.#socket.resume();
    return this.#ended ? -1 : 0;
  }

  write(bytes: Uint8Array): number {
    if (this.#closed) return bytes.length;
    if (this.#failed) throw this.#error("pipe", "Broken pipe");
    if (bytes.length === 0 || this.#socket.writableNeedDrain) return 0;
    const piece = bytes.slice(0, PIECE_BYTES);
    this.#socket.write(piece);
    return piece.length;
  }

  whenReadable(callback: () => void, atTick = false): void {
    if (this.#closed) return;
    this.#broken = null;
    this.#readable = callback;
    this.#carrier.atTick = atTick;
    if (this.#hasNews) this.#clock.after(0, () => (this.#hasNews ? this.#callReadable() : undefined));
    else this.#socket.resume();
  }

  ignoreReadable(): void {
    this.#readable = null;
  }

  whenWritable(callback: () => void): void {
    if (this.#closed) return;
    this.#writable = callback;
    if (!this.#socket.writableNeedDrain || this.#failed) this.#clock.after(0, () => this.#callWritable());
  }

  whenBroken(callback: () => void): void {
    if (this.#closed) return;
    this.#broken = callback;
    if (this.#failed) this.#clock.after(0, () => this.#callBroken());
    else if (!this.#carrier.isReading) this.#carrier.link.whenBroken?.(() => this.#callBroken());
  }

  hasEnded(): boolean {
    return !this.#closed && (this.#ended || (this.#carrier.link.hasEnded?.() ?? false));
  }

  isGone(limitMs: number): boolean {
    return !this.#closed && (this.#carrier.link.isGone?.(limitMs) ?? false);
  }

  /** Tells the peer in order that this is the end, and is at its end for its owner too: the process ends. */
  end(): void {
    if (this.#closed || this.#ended) return;
    this.#sendEnd();
    this.#chunk = null;
    this.#hasEnded();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#chunk = null;
    this.#readable = null;
    this.#writable = null;
    this.#broken = null;
    this.#sendEnd();
  }

  /**
   * Sends what waits and the end of TLS, then closes the link below. Node's end of TLS over a stream fails an assertion where OpenSSL
   * answers to a record meanwhile (an alert, a refused handshake): OpenSSL gets no more records, and this may be within one.
   */
  #sendEnd(): void {
    const { link } = this.#carrier;
    const cancel = this.#clock.after(CLOSE_MS, () => finish());
    const finish = (): void => {
      cancel();
      this.#socket.destroy();
      link.close();
      this.#gone();
    };
    this.#carrier.once("close", finish);
    this.#carrier.once("finish", finish);
    this.#socket.pause();
    this.#carrier.discard();
    this.#clock.after(0, () => {
      this.#socket.end();
      if (this.#carrier.destroyed || this.#carrier.writableFinished) finish();
    });
  }

  get #hasNews(): boolean {
    return this.#chunk !== null || this.#ended;
  }

  #received(chunk: Uint8Array): void {
    if (this.#closed || this.#ended) return;
    this.#chunk = this.#chunk === null ? chunk : Buffer.concat([this.#chunk, chunk]);
    this.#callReadable();
    if (this.#chunk !== null || this.#readable === null) this.#socket.pause();
  }

  #hasEnded(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#callReadable();
  }

  #hasFailed(error: Error): void {
    const { fault } = this.#carrier;
    if (this.#failed) return;
    this.#failed = true;
    this.#fault = fault === null ? this.#error("other", error.message) : fault;
    this.#ended = true;
    if (this.#readable !== null) this.#callReadable();
    else this.#callBroken();
    this.#callWritable();
  }

  #error(code: LinkError["code"], reason: string): LinkError {
    return new LinkError(code, `${this.peer.address},${this.peer.port}`, reason);
  }

  #callReadable(): void {
    const callback = this.#readable;
    this.#readable = null;
    callback?.();
  }

  #callWritable(): void {
    if (this.#socket.writableNeedDrain && !this.#failed) return;
    const callback = this.#writable;
    this.#writable = null;
    callback?.();
  }

  #callBroken(): void {
    const callback = this.#broken;
    this.#broken = null;
    callback?.();
  }
}
