/** One TCP peer, a peer of the control socket, or the stream socket on standard input. */
import { type Cancel, type Clock, systemClock } from "../line/clock.js";
import { read, write } from "../native/descriptors.js";
import { EAGAIN, ECONNRESET, EINTR, EPIPE, ETIMEDOUT, errorReason } from "../native/errors.js";
import { type Credentials, peerCredentials } from "../native/local-sockets.js";
import { ERROR_OR_HANGUP, READABLE, Watch, WRITABLE } from "../native/poll.js";
import {
  localAddress,
  setKeepalive,
  setNoDelay,
  setOobInline,
  setUserTimeout,
  type TcpInfo,
  tcpInfo,
} from "../native/sockets.js";
import { endDescriptor, storeDescriptor, storedName } from "../native/stored-descriptors.js";
import { type Link, LinkError, type PeerAddress } from "./link.js";

/**
 * A peer that vanished is noticed after 45 s: by keepalive while nothing is under way to it, by the user timeout while
 * something is. (With both set, Linux goes by the user timeout.) Once a write was short, the kernel would also end the
 * connection of a peer that only stopped reading, so the user timeout is off then, and TCP_INFO tells the two apart:
 * a peer that stopped reading still answers the probes of the closed window.
 */
const KEEPALIVE = { idleSeconds: 30, intervalSeconds: 5, count: 3 } as const;
const USER_TIMEOUT_MS = 45_000;
const SYSTEM_TIMEOUT = 0;
const GONE_MS = 60_000;
const CHECK_MS = 5000;
/** A peer that seems gone must seem so for this long: the answer to a probe may be under way. */
const CONFIRM_MS = 2000;
/** Takes what is read to be thrown away. */
const discarded = new Uint8Array(4096);

/** A connected stream socket: a TCP peer, or descriptor 0 of an inetd-style service. */
export class TcpLink implements Link {
  readonly peer: PeerAddress;
  readonly transport: "tcp" | "stdio";
  readonly #fd: number;
  readonly #isTcp: boolean;
  readonly #clock: Clock;
  readonly #watch: Watch;
  #readable: (() => void) | null = null;
  #writable: (() => void) | null = null;
  #broken: (() => void) | null = null;
  /** Ends the checks; set while the last write was short: the peer's window or our buffer is full. */
  #stalled: Cancel | null = null;
  #gone = false;
  /** Since when what waits is unanswered, on the clock; the same for every limit that is asked for. */
  #suspectedMs: number | null = null;
  #closed = false;

  /** @param isTcp false: a pipe, a terminal or a socket of another kind is on standard input */
  constructor(
    fd: number,
    peer: PeerAddress,
    transport: "tcp" | "stdio" = "tcp",
    isTcp = true,
    clock: Clock = systemClock,
  ) {
    this.#fd = fd;
    this.#clock = clock;
    this.peer = peer;
    this.transport = transport;
    this.#isTcp = isTcp;
    this.#watch = new Watch(fd, events => this.#ready(events));
    try {
      if (isTcp) {
        setNoDelay(fd);
        setKeepalive(fd, KEEPALIVE);
        setUserTimeout(fd, USER_TIMEOUT_MS);
      }
    } catch {
      // The peer is gone already: reading will tell.
    }
  }

  local(): PeerAddress {
    if (this.#closed) return { address: "unknown", port: 0 }; // the number of the descriptor may be another one's
    const { address, port } = localAddress(this.#fd);
    return { address, port };
  }

  credentials(): Credentials | null {
    return this.#closed ? null : peerCredentials(this.#fd);
  }

  store(kind: "c" | "m"): void {
    if (!this.#closed && this.#isTcp) storeDescriptor(this.#fd, kind);
  }

  get storedName(): string | null {
    return this.#closed ? null : storedName(this.#fd);
  }

  /** Urgent data stays in the stream, so that a telnet SYNC loses no byte (docs/reference.md, "Urgent data"). */
  keepUrgentInline(): void {
    if (this.#closed) return;
    try {
      setOobInline(this.#fd);
    } catch {
      // As above.
    }
  }

  read(into: Uint8Array): number {
    if (this.#closed) return -1;
    const count = read(this.#fd, into);
    if (count > 0) return count;
    if (count === 0) return -1;
    return this.#fault(-count);
  }

  write(bytes: Uint8Array): number {
    if (this.#closed) return bytes.length;
    if (this.#gone) return this.#fault(ETIMEDOUT);
    const count = write(this.#fd, bytes);
    if (count < bytes.length && this.#stalled === null) this.#setStalled(true);
    return count >= 0 ? count : this.#fault(-count);
  }

  whenReadable(callback: () => void, atTick = false): void {
    if (this.#closed) return;
    if (this.#broken !== null) this.#watch.disarm(ERROR_OR_HANGUP);
    this.#broken = null;
    this.#readable = callback;
    this.#watch.arm(READABLE, atTick);
  }

  ignoreReadable(): void {
    this.#readable = null;
    if (!this.#closed) this.#watch.disarm(READABLE);
  }

  whenWritable(callback: () => void): void {
    if (this.#closed) return;
    this.#writable = callback;
    this.#watch.arm(WRITABLE);
  }

  whenBroken(callback: () => void): void {
    if (this.#closed || !this.#isTcp) return;
    this.#broken = callback;
    this.#watch.arm(ERROR_OR_HANGUP);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stalled?.();
    this.#watch.close();
    this.#takeUnread();
    endDescriptor(this.#fd);
  }

  #ready(events: number): void {
    if ((events & ERROR_OR_HANGUP) !== 0) {
      const callback = this.#broken;
      this.#broken = null;
      callback?.();
    }
    if ((events & WRITABLE) !== 0 && !this.#closed) {
      if (this.#stalled !== null) this.#setStalled(false);
      const callback = this.#writable;
      this.#writable = null;
      callback?.();
    }
    if ((events & READABLE) !== 0 && !this.#closed) {
      const callback = this.#readable;
      this.#readable = null;
      callback?.();
    }
  }

  /** See USER_TIMEOUT_MS. */
  #setStalled(stalled: boolean): void {
    this.#stalled?.();
    this.#stalled = stalled ? this.#clock.every(CHECK_MS, () => this.#check()) : null;
    if (!this.#isTcp) return;
    try {
      setUserTimeout(this.#fd, stalled ? SYSTEM_TIMEOUT : USER_TIMEOUT_MS);
    } catch {
      // The peer is gone: reading or writing will tell.
    }
  }

  hasEnded(): boolean {
    return this.#info()?.ended ?? false;
  }

  isGone(limitMs: number): boolean {
    const info = this.#info();
    const nowMs = this.#clock.nowMs();
    const waits = info !== null && (info.unacknowledged > 0 || info.probes > 0);
    if (!waits || nowMs - info.sinceLastAckMs > (this.#suspectedMs ?? nowMs)) {
      this.#suspectedMs = null; // all is acknowledged, or something was since
    }
    if (!waits) return false;
    this.#suspectedMs ??= nowMs;
    return info.sinceLastAckMs >= limitMs && nowMs - this.#suspectedMs >= CONFIRM_MS;
  }

  /** Null where the kernel knows nothing of it: no TCP, or closed. */
  #info(): TcpInfo | null {
    if (this.#closed || !this.#isTcp) return null;
    try {
      return tcpInfo(this.#fd);
    } catch {
      return null;
    }
  }

  /** The next write fails; a callback that waits for room is called, and makes it. */
  #check(): void {
    if (!this.isGone(GONE_MS)) return;
    this.#gone = true;
    this.#setStalled(false);
    this.#ready(WRITABLE);
  }

  /** Closing over unread input sends a reset, and the peer may lose our last words to it. */
  #takeUnread(): void {
    for (let rounds = 0; rounds < 16 && read(this.#fd, discarded) === discarded.length; rounds++);
  }

  #fault(errno: number): number {
    if (errno === EAGAIN || errno === EINTR) return 0;
    const code = errno === EPIPE ? "pipe" : errno === ECONNRESET ? "reset" : "other";
    throw new LinkError(code, `${this.peer.address},${this.peer.port}`, errorReason(errno));
  }
}
