/** The contracts of a link (one connection) and a listener. TCP, UDP and standard input share them. */
import type { AttachState } from "../handover/state.js";
import type { Credentials } from "../native/local-sockets.js";

export interface PeerAddress {
  /**
   * Numeric, as the socket gives it: `::ffff:127.0.0.1` on a dual-stack socket; `unknown` for standard input, `local:root` for
   * a user of this machine on the control socket.
   */
  readonly address: string;
  readonly port: number;
}

/** A control session whose link is used by a port (`attach`). */
export interface AttachedTo {
  /** False: every byte is data to it (`-8`). */
  readonly hasNotices: boolean;
  /** Bytes of the replay that it is shown; null: all. */
  readonly replayBytes: number | null;
  /** For the process after this one. */
  state(): AttachState;
}

/**
 * A callback is called once for each time it is given, never from within the call that gives it; one given later takes the
 * place of one of the same kind that still waits. A closed link is at its end, takes everything and calls nothing.
 * test/support/contracts/link.ts checks this for every link.
 */
export interface Link {
  readonly peer: PeerAddress;
  readonly transport: "tcp" | "udp" | "stdio" | "attach";
  /** The name of the user: of the system, or of the certificate. */
  readonly user?: string;
  /** True: it only watches, until it takes over. */
  readonly watches?: boolean;
  /** False: its user may only look, so it never takes over. */
  readonly mayWrite?: boolean;
  /** Where the peer arrived; asked of the system at each call, `unknown` of a closed TCP link. */
  local(): PeerAddress;
  /** Bytes now waiting; 0: none now; -1: the peer is done. Throws LinkError, after what came before the fault. */
  read(into: Uint8Array): number;
  /** Bytes taken, 0 when it is full. A UDP link takes all as one datagram. Throws LinkError. */
  write(bytes: Uint8Array): number;
  /** @param atTick as for a device */
  whenReadable(callback: () => void, atTick?: boolean): void;
  ignoreReadable(): void;
  whenWritable(callback: () => void): void;
  /** Called when the connection breaks while no `whenReadable` is pending. Not for an orderly end; UDP knows none of this. */
  whenBroken?(callback: () => void): void;
  /** TCP: true when the peer has sent its end, whether or not it was read. */
  hasEnded?(): boolean;
  /**
   * TCP: true when output waits and the peer has acknowledged nothing for `limitMs`: it is gone, not just not reading. To
   * be asked again and again.
   */
  isGone?(limitMs: number): boolean;
  /** UDP: called for an empty datagram, which carries nothing but keeps the connection alive. */
  onKeepalive?: (() => void) | null;
  /** Telnet: keeps urgent data (SYNC) in the stream. Does nothing where there is none. */
  keepUrgentInline?(): void;
  /**
   * TCP: from now on it outlives the process, where the service manager has a store: a connection of a port, or of the
   * control port.
   */
  store?(kind: "c" | "m"): void;
  /** Its name in the store; null: it is not there. */
  readonly storedName?: string | null;
  /** Control socket: who is at the other end. Null for another kind. */
  credentials?(): Credentials | null;
  /** Of a control session that is attached to the port. */
  readonly attached?: AttachedTo;
  /** UDP: datagrams that have come and were not read. */
  inbox?(): readonly Uint8Array[];
  /** UDP: a datagram that came to the process before this one; only lent. */
  deliver?(datagram: Uint8Array): void;
  /** Idempotent; at once. What was written before is still delivered. */
  close(): void;
}

/** Never calls `accepted` from within another call. test/support/contracts/listener.ts checks this for every listener. */
export interface Listener {
  /** The addresses it really listens on. */
  readonly addresses: readonly PeerAddress[];
  /** While false, new connections wait in the kernel's backlog. */
  accepting: boolean;
  /** A socket of it no longer listens: a permanent failure. */
  readonly isBroken: boolean;
  /** Why no socket is open yet; null: they are. */
  readonly error: string | null;
  /** UDP: a link to a peer that has sent nothing yet. Null for TCP, without a socket of its family, or if it has a link. */
  connect(peer: PeerAddress): Link | null;
  /** Idempotent. The links of a UDP listener end with it; those of a TCP listener stay. */
  close(): void;
}

export type LinkErrorCode = "reset" | "pipe" | "other";

export class LinkError extends Error {
  override readonly name = "LinkError";
  readonly code: LinkErrorCode;
  readonly reason: string;

  constructor(code: LinkErrorCode, peer: string, reason: string, options?: ErrorOptions) {
    super(`${peer}: ${reason}`, options);
    this.code = code;
    this.reason = reason;
  }
}
