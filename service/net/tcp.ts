/** TCP: listening sockets and the peers they yield. */
import type { NetworkPort } from "../config/network-port.js";
import { type Cancel, type Clock, systemClock } from "../line/clock.js";
import { reasonOf } from "../native/errors.js";
import { READABLE, type Watch } from "../native/poll.js";
import { accept, listenTcp as listenSocket, localAddress, peerAddress, socketKind } from "../native/sockets.js";
import { AcceptScheduler } from "./accept-scheduler.js";
import type { ListenAddress } from "./addresses.js";
import type { Link, Listener, PeerAddress } from "./link.js";
import { closeAll, openEach, openStored, serve, watchEach } from "./sockets.js";
import { TcpLink } from "./tcp-link.js";

/** Connections that the kernel keeps until they are accepted; with the reference's 1, 48 of them at once waited for seconds. */
const BACKLOG = 128;
/** After running out of descriptors or memory. */
const ACCEPT_PAUSE_MS = 1000;
/** One for the process: a storm of peers on many ports must not hold up the ports that work. */
const scheduler = new AcceptScheduler();

export interface ListenEvents {
  /** A new peer. The receiver owns it. */
  readonly accepted: (link: Link) => void;
  /** Of a peer whose socket has no address: the control socket. */
  readonly peerOf?: (fd: number) => PeerAddress;
  /** accept(2) failed for another reason than a peer that has left again. */
  readonly failed: (reason: string) => void;
}

/** Opens every address that can be opened. Throws SystemError when none can. */
export function listenTcp(
  spec: NetworkPort,
  addresses: readonly ListenAddress[],
  events: ListenEvents,
  clock: Clock = systemClock,
): Listener {
  const open = ({ address, v6only }: ListenAddress): number =>
    openStored("l", address, spec.port, () => listenSocket(address, spec.port, { v6only, backlog: BACKLOG }));
  const sockets = openEach(addresses, open);
  return serve(sockets, closeAll, () => new TcpListener(sockets, events, closeAll, clock));
}

/** Wraps listening sockets that exist already (systemd, the control socket); at close they are given back. */
export function adoptTcp(
  sockets: readonly number[],
  events: ListenEvents,
  giveBack: (sockets: readonly number[]) => void,
  clock: Clock = systemClock,
): Listener {
  return serve(sockets, giveBack, () => new TcpListener(sockets, events, giveBack, clock));
}

class TcpListener implements Listener {
  readonly addresses: readonly PeerAddress[];
  readonly #sockets: readonly { readonly fd: number; readonly watch: Watch }[];
  readonly #events: ListenEvents;
  readonly #dispose: (sockets: readonly number[]) => void;
  readonly #clock: Clock;
  readonly error = null;
  #accepting = true;
  #closed = false;
  #endPause: Cancel | null = null;

  constructor(
    sockets: readonly number[],
    events: ListenEvents,
    dispose: (sockets: readonly number[]) => void,
    clock: Clock,
  ) {
    this.#clock = clock;
    this.#events = events;
    this.#dispose = dispose;
    this.addresses = sockets.map(fd => localAddress(fd)).map(({ address, port }) => ({ address, port }));
    this.#sockets = watchEach(sockets, fd => {
      const take = (): boolean => this.#take(fd);
      return () => scheduler.add(take);
    });
    this.#listen();
  }

  get accepting(): boolean {
    return this.#accepting;
  }

  set accepting(on: boolean) {
    this.#accepting = on;
    if (on) this.#listen();
  }

  get isBroken(): boolean {
    return !this.#closed && this.#sockets.some(({ fd }) => !isListening(fd));
  }

  connect(): null {
    return null;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#endPause?.();
    for (const { watch } of this.#sockets) watch.close();
    this.#dispose(this.#sockets.map(({ fd }) => fd));
  }

  #listen(): void {
    if (this.#closed || this.#endPause !== null) return;
    for (const { watch } of this.#sockets) watch.arm(READABLE);
  }

  /** One peer. False: none waits, or none is wanted. */
  #take(fd: number): boolean {
    if (!this.#accepting || this.#closed || this.#endPause !== null) return false;
    let link: TcpLink | null;
    try {
      link = acceptLink(fd, this.#clock, this.#events.peerOf);
    } catch (error) {
      this.#rest(error);
      return false;
    }
    if (link === null) this.#listen();
    else this.#events.accepted(link);
    return link !== null;
  }

  /** Out of descriptors, for example: the waiting peer keeps the socket readable, so it is not watched for a while. */
  #rest(error: unknown): void {
    this.#events.failed(reasonOf(error));
    this.#endPause = this.#clock.after(ACCEPT_PAUSE_MS, () => {
      this.#endPause = null;
      this.#listen();
    });
  }
}

/** Null: none waits. Throws SystemError when there is no descriptor left for it, or it cannot be watched. */
function acceptLink(listener: number, clock: Clock, peerOf: ListenEvents["peerOf"]): TcpLink | null {
  const taken = accept(listener);
  if (taken === null) return null;
  const { fd, address, port } = taken;
  return serve([fd], closeAll, () => new TcpLink(fd, peerOf?.(fd) ?? { address, port }, "tcp", true, clock));
}

/**
 * A connection that the process before this one had. Null: it is not one, or it is gone.
 * @param known a peer that has gone meanwhile has no address any more, but its last bytes and its end are still to be read
 */
export function adoptTcpLink(fd: number, known: PeerAddress | null): Link | null {
  try {
    const { family, address, port } = peerAddress(fd);
    if (family === "unix") return new TcpLink(fd, known ?? { address: "local", port: 0 });
    return family === "other" ? null : new TcpLink(fd, { address, port });
  } catch {
    return known === null ? null : new TcpLink(fd, known); // ENOTCONN
  }
}

function isListening(fd: number): boolean {
  try {
    return socketKind(fd)?.listening ?? false;
  } catch {
    return false;
  }
}
