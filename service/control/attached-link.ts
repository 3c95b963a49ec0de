/** The link that a port gets from an attached control session: the session's own link, with its escape character and telnet. */
import type { AttachState } from "../handover/state.js";
import { toBytes } from "../line/bytes.js";
import { type AttachedTo, type Link, LinkError, type PeerAddress } from "../net/link.js";
import { personAt } from "../port/peers/writers.js";
import { BRK } from "../telnet/codes.js";
import { EnterDecoder } from "../telnet/enter.js";
import type { AttachWords } from "./context.js";
import type { Terminal } from "./terminal.js";

/** What an attached link needs from its session. */
interface AttachHost {
  readonly link: Link;
  readonly terminal: Terminal;
  /** False: the user may only look. */
  readonly mayChange: boolean;
  /** Calls back in a later turn of the event loop. */
  soon(run: () => void): void;
  sendBreak(): void;
  takeOver(): void;
  /** The port has released the link. @param unsent to be sent before the next prompt @param rest input behind the escape */
  detached(reason: DetachReason, unsent: Uint8Array, rest: Uint8Array): void;
}

/** The state at the start: of a new attachment, or as it was in the previous process. */
export type AttachStart = AttachState & AttachWords;

/** The user has left, the port has ended the connection, or the peer is gone. */
export type DetachReason = "left" | "ended" | "gone";

/** ^], as in telnet(1). */
const ESCAPE = 0x1d;
const TAKE_OVER = 0x74; // t
const MENU = toBytes("\r\n[^] then . or q: leave, b: break, t: take over, ^]: send ^]]\r\n");
/** Most output of the port that waits until the session has sent its own, and most texts that wait for a slow peer. */
const KEPT_BYTES = 8192;
const NOTHING = new Uint8Array(0);

export class AttachedLink implements Link {
  readonly transport = "attach";
  readonly peer: PeerAddress;
  /** Name of the user; only on the local socket, and with a certificate. */
  readonly user?: string;
  readonly watches: boolean;
  readonly mayWrite: boolean;
  readonly attached: AttachedTo;
  readonly isBinary: boolean;
  readonly #host: AttachHost;
  readonly #enter = new EnterDecoder(true);
  #input: Uint8Array;
  /** Output that the peer has not taken yet, encoded. */
  #output: Uint8Array = NOTHING;
  #isStarted = false;
  #isEscaped: boolean;
  /** Typed behind the key that takes over; what was typed before it is read first, and is dropped if it watches. Null: no such key. */
  #behind: Uint8Array | null = null;
  #isClosed = false;
  /** Null: the port still has the link. */
  #reason: DetachReason | null = null;
  #rest: Uint8Array = NOTHING;
  #readable: { readonly call: () => void; readonly atTick: boolean } | null = null;
  #writable: (() => void) | null = null;

  constructor(host: AttachHost, start: AttachStart) {
    const { watch, isBinary, hasNotices, replayBytes, isEscaped, input } = start;
    this.#host = host;
    this.peer = host.link.peer;
    if (host.terminal.isPlain || host.link.user !== undefined) this.user = personAt(this.peer.address, host.link.user);
    this.isBinary = isBinary;
    this.#isEscaped = isEscaped;
    this.#input = input;
    this.watches = watch;
    this.mayWrite = host.mayChange;
    this.attached = {
      hasNotices,
      replayBytes,
      state: () => ({
        ...{ watch, isBinary, hasNotices, isEscaped: this.#isEscaped },
        input: this.#behind === null ? this.#input : Buffer.concat([this.#input, this.#behind]),
      }),
    };
  }

  get storedName(): string | null {
    return this.#host.link.storedName ?? null;
  }

  /** Output that waits; for the next process. */
  get unsent(): Uint8Array {
    return this.#output;
  }

  /** Lets data through. Call when the session has sent its own output. @param typed input behind the command */
  start(typed: Uint8Array): void {
    this.#isStarted = true;
    this.#keepInput(typed);
    this.#flush();
    if (this.#writable !== null) this.#awaitRoom();
    if (this.#readable !== null) this.whenReadable(this.#readable.call, this.#readable.atTick);
  }

  /** Ends the connection: the session has ended. */
  abandon(): void {
    this.#reason = "gone";
    this.#isStarted = true;
    this.#output = NOTHING;
    if (this.#readable !== null) this.#host.soon(this.#callReadable);
  }

  local(): PeerAddress {
    return this.#host.link.local();
  }

  read(into: Uint8Array): number {
    if (this.#input.length > 0) return this.#readKept(into);
    if (this.#behind !== null) {
      this.#host.takeOver();
      const behind = this.#behind;
      this.#behind = null;
      this.#input = this.#escaped(behind);
      if (this.#input.length > 0) return this.#readKept(into);
    }
    if (this.#isClosed || this.#reason !== null) return -1;
    if (!this.#isStarted) return 0;
    const { link, terminal } = this.#host;
    const count = this.#guard(() => link.read(into));
    if (count < 0) this.#reason = "gone";
    if (count <= 0) return count;
    const { reply, data, commands } = terminal.decode(into.subarray(0, count));
    this.#say(toBytes(reply));
    for (const code of commands) if (code === BRK) this.#host.sendBreak();
    let length = 0;
    for (const piece of data) {
      into.set(piece, length);
      length += piece.length;
    }
    const typed = this.#typed(into.subarray(0, length));
    into.set(typed);
    return typed.length === 0 && this.#reason !== null ? -1 : typed.length;
  }

  write(bytes: Uint8Array): number {
    if (this.#isClosed) return bytes.length;
    if (this.#isStarted) {
      if (this.#output.length > 0) return 0;
      const encoded = this.#host.terminal.encode(bytes);
      const count = this.#guard(() => this.#host.link.write(encoded));
      if (encoded === bytes || count === encoded.length) return Math.min(count, bytes.length);
      this.#output = encoded.slice(count);
      this.#awaitRoom();
      return bytes.length;
    }
    if (this.#output.length + bytes.length > KEPT_BYTES) return 0;
    this.#say(this.#host.terminal.encode(bytes));
    return bytes.length;
  }

  whenReadable(callback: () => void, atTick = false): void {
    if (this.#isClosed) return;
    this.#readable = { call: callback, atTick };
    if (!this.#isStarted) return;
    if (this.#input.length > 0 || this.#behind !== null || this.#reason !== null) this.#host.soon(this.#callReadable);
    else this.#host.link.whenReadable(this.#callReadable, atTick);
  }

  ignoreReadable(): void {
    this.#readable = null;
    if (this.#isStarted && !this.#isClosed) this.#host.link.ignoreReadable();
  }

  whenWritable(callback: () => void): void {
    if (this.#isClosed) return;
    this.#writable = callback;
    if (this.#isStarted) this.#awaitRoom();
  }

  whenBroken(callback: () => void): void {
    this.#host.link.whenBroken?.(callback);
  }

  hasEnded(): boolean {
    return this.#host.link.hasEnded?.() ?? false;
  }

  isGone(limitMs: number): boolean {
    return this.#host.link.isGone?.(limitMs) ?? false;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#isStarted) this.#host.link.ignoreReadable();
    this.#readable = null;
    this.#writable = null;
    this.#host.detached(this.#reason ?? "ended", this.#output, this.#rest);
  }

  readonly #callReadable = (): void => {
    const readable = this.#readable;
    this.#readable = null;
    readable?.call();
  };

  #readKept(into: Uint8Array): number {
    const taken = this.#input.subarray(0, into.length);
    into.set(taken);
    this.#input = this.#input.subarray(taken.length);
    return taken.length;
  }

  #keepInput(typed: Uint8Array): void {
    const input = this.#typed(typed.slice());
    if (input.length > 0) this.#input = Buffer.concat([this.#input, input]);
  }

  /** The part of the input that is for the device, rewritten in place. */
  #typed(bytes: Uint8Array): Uint8Array {
    const { terminal } = this.#host;
    const typed = bytes.subarray(terminal.skipLineEnd(bytes));
    if (this.isBinary) return typed;
    return this.#escaped(terminal.isPlain ? typed : this.#enter.decode(typed));
  }

  #escaped(data: Uint8Array): Uint8Array {
    if (!this.#isEscaped && !data.includes(ESCAPE)) return data;
    let length = 0;
    for (const [at, byte] of data.entries()) {
      if (!this.#isEscaped) {
        if (byte === ESCAPE) this.#isEscaped = true;
        else data[length++] = byte;
        continue;
      }
      this.#isEscaped = false;
      if (byte === ESCAPE) data[length++] = byte;
      else if (byte === TAKE_OVER && this.#host.mayChange) {
        this.#behind = data.slice(at + 1);
        break;
      } else if (this.#command(String.fromCharCode(byte))) {
        this.#reason = "left";
        this.#rest = data.slice(at + 1);
        break;
      }
    }
    return data.subarray(0, length);
  }

  /** Carries out a key behind the escape. True: the user leaves. */
  #command(key: string): boolean {
    if (key === "." || key === "q") return true;
    if (key === "b" && this.#host.mayChange) this.#host.sendBreak();
    else if (this.#output.length < KEPT_BYTES) this.#say(MENU);
    return false;
  }

  /** Sends encoded bytes behind the output that waits. */
  #say(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#output = this.#output.length === 0 ? bytes.slice() : Buffer.concat([this.#output, bytes]);
    if (this.#isStarted) this.#flush();
  }

  #awaitRoom(): void {
    this.#host.link.whenWritable(() => {
      this.#flush();
      if (this.#output.length > 0 || this.#isClosed) return;
      const writable = this.#writable;
      this.#writable = null;
      writable?.();
    });
  }

  /** Ignores an error of the link: the next read or write by the port meets it too. */
  #flush(): void {
    if (this.#output.length === 0 || this.#isClosed) return;
    try {
      this.#output = this.#output.subarray(this.#guard(() => this.#host.link.write(this.#output)));
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      this.#output = NOTHING;
    }
    if (this.#output.length > 0) this.#awaitRoom();
  }

  #guard(call: () => number): number {
    try {
      return call();
    } catch (error) {
      this.#reason = "gone";
      throw error;
    }
  }
}
