/** UDP: a port's sockets, and peers told apart by the address their datagrams come from (manual page, "UDP"). */
import type { NetworkPort } from "../config/network-port.js";
import { bindUdp, EAGAIN, EINTR, localAddress, receiveFrom, sendTo } from "../kernel/kernel.js";
import { READABLE, Watch, WRITABLE } from "../kernel/poll.js";
import type { ListenAddress } from "./addresses.js";
import type { Link, Listener, PeerAddress } from "./link.js";
import { closeAll, openEach } from "./sockets.js";
import type { ListenEvents } from "./tcp.js";

/** The largest datagram there is; one buffer for all ports, since each datagram is passed on or copied at once. */
const datagram = new Uint8Array(65_536);
/** Datagrams taken in one turn. */
const READS_PER_TURN = 32;
/** Datagrams a peer that is not being read may have waiting; the kernel drops what comes after them. */
const INBOX = 8;

export interface UdpListener extends Listener {
  /** A peer that is there without having spoken: a fixed remote address. Null without a socket of its family. */
  connect(peer: PeerAddress): Link | null;
}

/** Opens every address that can be opened. Throws KernelError when none can. */
export function listenUdp(spec: NetworkPort, addresses: readonly ListenAddress[], events: ListenEvents): UdpListener {
  const open = ({ address, v6only }: ListenAddress): number => bindUdp(address, spec.port, { v6only });
  return new UdpSockets(openEach(addresses, open), events, closeAll);
}

/** Wraps bound sockets that exist already (systemd); at close they are given back. */
export function adoptUdp(
  sockets: readonly number[],
  events: ListenEvents,
  giveBack: (sockets: readonly number[]) => void,
): UdpListener {
  return new UdpSockets(sockets, events, giveBack);
}

interface Door {
  readonly fd: number;
  readonly family: "ipv4" | "ipv6";
  readonly watch: Watch;
  readonly writers: Set<() => void>;
}

class UdpSockets implements UdpListener {
  readonly addresses: readonly PeerAddress[];
  readonly #doors: readonly Door[];
  readonly #links = new Map<string, UdpLink>();
  readonly #events: ListenEvents;
  readonly #dispose: (sockets: readonly number[]) => void;
  /** A bound socket does not cease to be one. */
  readonly isBroken = false;
  #accepting = true;
  #closed = false;

  constructor(sockets: readonly number[], events: ListenEvents, dispose: (sockets: readonly number[]) => void) {
    this.#events = events;
    this.#dispose = dispose;
    const local = sockets.map(fd => ({ fd, ...localAddress(fd) }));
    this.addresses = local.map(({ address, port }) => ({ address, port }));
    this.#doors = local.map(({ fd, family }) => this.#door(fd, family === "ipv6" ? "ipv6" : "ipv4"));
    this.#listen();
  }

  get accepting(): boolean {
    return this.#accepting;
  }

  set accepting(on: boolean) {
    this.#accepting = on;
    // Whoever sends meanwhile is read when the port is free again; nobody else sends: its peers are gone.
    if (on) this.#listen();
    else for (const { watch } of this.#doors) watch.unwant(READABLE);
  }

  connect(peer: PeerAddress): Link | null {
    const family = peer.address.includes(":") ? "ipv6" : "ipv4";
    const door = this.#doors.find(candidate => candidate.family === family);
    if (door === undefined || this.#closed) return null;
    return this.#links.get(keyOf(peer)) ?? this.#open(door, peer);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { watch } of this.#doors) watch.close();
    this.#dispose(this.#doors.map(({ fd }) => fd));
    this.#links.clear();
  }

  #door(fd: number, family: Door["family"]): Door {
    const writers = new Set<() => void>();
    const door: Door = {
      fd,
      family,
      writers,
      watch: new Watch(fd, events => {
        if ((events & READABLE) !== 0) this.#datagrams(door);
        if ((events & WRITABLE) === 0) return;
        const waiting = [...writers];
        writers.clear();
        for (const callback of waiting) callback();
      }),
    };
    return door;
  }

  #listen(): void {
    if (this.#closed || !this.#accepting) return;
    for (const { watch } of this.#doors) watch.want(READABLE);
  }

  #datagrams(door: Door): void {
    for (let taken = 0; taken < READS_PER_TURN && this.#accepting && !this.#closed; taken++) {
      const received = receiveFrom(door.fd, datagram);
      if (received === null) break;
      const peer = { address: received.address, port: received.port };
      const known = this.#links.get(keyOf(peer));
      if (known !== undefined) {
        known.deliver(datagram.subarray(0, received.length));
      } else {
        const link = this.#open(door, peer);
        link.deliver(datagram.subarray(0, received.length));
        this.#events.accepted(link);
      }
    }
    this.#listen();
  }

  #open(door: Door, peer: PeerAddress): UdpLink {
    const link = new UdpLink(peer, door, () => this.#links.delete(keyOf(peer)));
    this.#links.set(keyOf(peer), link);
    return link;
  }
}

class UdpLink implements Link {
  readonly transport = "udp";
  readonly peer: PeerAddress;
  onKeepalive: (() => void) | null = null;
  readonly #door: Door;
  readonly #forget: () => void;
  readonly #inbox: Uint8Array[] = [];
  #readable: (() => void) | null = null;
  #closed = false;

  constructor(peer: PeerAddress, door: Door, forget: () => void) {
    this.peer = peer;
    this.#door = door;
    this.#forget = forget;
  }

  local(): PeerAddress {
    const { address, port } = localAddress(this.#door.fd);
    return { address, port };
  }

  /** The bytes are only lent. An empty datagram carries no data, but keeps the connection alive. */
  deliver(bytes: Uint8Array): void {
    if (bytes.length === 0) {
      this.onKeepalive?.();
      return;
    }
    if (this.#inbox.length < INBOX) this.#inbox.push(bytes.slice());
    this.#wake();
  }

  read(into: Uint8Array): number {
    const next = this.#inbox[0];
    if (next === undefined) return 0;
    const count = Math.min(next.length, into.length);
    into.set(next.subarray(0, count));
    if (count === next.length) this.#inbox.shift();
    else this.#inbox[0] = next.subarray(count);
    return count;
  }

  write(bytes: Uint8Array): number {
    const count = sendTo(this.#door.fd, bytes, this.peer.address, this.peer.port);
    // A datagram the network cannot take now or ever is lost, as datagrams are; only a full socket is worth waiting for.
    return count === -EAGAIN || count === -EINTR ? 0 : bytes.length;
  }

  whenReadable(callback: () => void): void {
    this.#readable = callback;
    if (this.#inbox.length > 0) queueMicrotask(() => this.#wake());
  }

  ignoreReadable(): void {
    this.#readable = null;
  }

  whenWritable(callback: () => void): void {
    if (this.#closed) return;
    this.#door.writers.add(callback);
    this.#door.watch.want(WRITABLE);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#readable = null;
    this.#inbox.length = 0;
    this.#forget();
  }

  #wake(): void {
    const callback = this.#readable;
    if (callback === null || this.#inbox.length === 0) return;
    this.#readable = null;
    callback();
  }
}

function keyOf(peer: PeerAddress): string {
  return `${peer.address},${peer.port}`;
}
