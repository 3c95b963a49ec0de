/** UDP: a port's sockets, and peers told apart by the address their datagrams come from (manual page, "UDP"). */
import type { NetworkPort } from "../config/network-port.js";
import { EAGAIN, EINTR, ENODEV } from "../native/errors.js";
import { READABLE, type Watch, WRITABLE } from "../native/poll.js";
import { bindUdp, localAddress, receiveFrom, sendTo } from "../native/sockets.js";
import type { ListenAddress } from "./addresses.js";
import type { Link, Listener, PeerAddress } from "./link.js";
import { closeAll, openEach, openStored, serve, watchEach } from "./sockets.js";
import type { ListenEvents } from "./tcp.js";

/** The largest datagram there is; one buffer for all ports, since each datagram is passed on or copied at once. */
const datagram = new Uint8Array(65_536);
/** Datagrams taken in one turn. */
const READS_PER_TURN = 32;
/** Datagrams a peer that is not being read may have waiting; the next ones of all peers wait in the kernel. */
const INBOX = 8;

/** Opens every address that can be opened. Throws SystemError when none can. */
export function listenUdp(spec: NetworkPort, addresses: readonly ListenAddress[], events: ListenEvents): Listener {
  const open = ({ address, v6only }: ListenAddress): number =>
    openStored("u", address, spec.port, () => bindUdp(address, spec.port, { v6only }));
  const sockets = openEach(addresses, open);
  return serve(sockets, closeAll, () => new UdpListener(sockets, events, closeAll));
}

/** Wraps bound sockets that exist already (systemd); at close they are given back. */
export function adoptUdp(
  sockets: readonly number[],
  events: ListenEvents,
  giveBack: (sockets: readonly number[]) => void,
): Listener {
  return serve(sockets, giveBack, () => new UdpListener(sockets, events, giveBack));
}

interface UdpSocket {
  readonly fd: number;
  readonly family: "ipv4" | "ipv6";
  readonly local: PeerAddress;
  readonly watch: Watch;
  /** Links that wait until it takes a datagram. */
  readonly writers: Set<UdpLink>;
}

class UdpListener implements Listener {
  readonly addresses: readonly PeerAddress[];
  readonly #sockets: readonly UdpSocket[];
  readonly #links = new Map<string, UdpLink>();
  /** Those whose inbox is full. */
  readonly #crowded = new Set<UdpLink>();
  /** Those whose datagrams may not wait for a tick. */
  readonly #readAtOnce = new Set<UdpLink>();
  readonly #events: ListenEvents;
  readonly #dispose: (sockets: readonly number[]) => void;
  /** A bound socket does not cease to be one. */
  readonly isBroken = false;
  readonly error = null;
  #accepting = true;
  #closed = false;

  constructor(sockets: readonly number[], events: ListenEvents, dispose: (sockets: readonly number[]) => void) {
    this.#events = events;
    this.#dispose = dispose;
    const locals = sockets.map(fd => localAddress(fd));
    this.#sockets = watchEach(sockets, fd => events => this.#ready(fd, events)).map(({ fd, watch }, index) => {
      const { family, address = "", port = 0 } = locals[index] ?? {};
      return { fd, watch, family: family === "ipv6" ? family : "ipv4", local: { address, port }, writers: new Set() };
    });
    this.addresses = this.#sockets.map(({ local }) => local);
    this.#listen();
  }

  get accepting(): boolean {
    return this.#accepting;
  }

  set accepting(on: boolean) {
    this.#accepting = on;
    // What arrives meanwhile is read when the port is free again; its own peers are gone.
    if (on) this.#listen();
    else for (const { watch } of this.#sockets) watch.disarm(READABLE);
  }

  connect(peer: PeerAddress): Link | null {
    const family = peer.address.includes(":") ? "ipv6" : "ipv4";
    const socket = this.#sockets.find(candidate => candidate.family === family);
    if (socket !== undefined) return this.#reach(socket, peer);
    // A dual-stack socket of the service manager reports IPv4 peers as IPv4-mapped addresses.
    const both = family === "ipv4" ? this.#sockets.find(({ local }) => local.address === "::") : undefined;
    return both === undefined ? null : this.#reach(both, { ...peer, address: `::ffff:${peer.address}` });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { watch } of this.#sockets) watch.close();
    this.#dispose(this.#sockets.map(({ fd }) => fd));
    for (const link of this.#links.values()) link.hangUp();
    this.#links.clear();
    this.#crowded.clear();
  }

  #ready(fd: number, events: number): void {
    const socket = this.#sockets.find(one => one.fd === fd);
    if (socket === undefined) return;
    if ((events & READABLE) !== 0) this.#datagrams(socket);
    if ((events & WRITABLE) === 0) return;
    const waiting = [...socket.writers];
    socket.writers.clear();
    for (const link of waiting) link.wakeWriter();
  }

  get #listens(): boolean {
    return this.#accepting && !this.#closed && this.#crowded.size === 0;
  }

  #listen(): void {
    if (!this.#listens) return;
    const atTick = this.#links.size > 0 && this.#readAtOnce.size === 0;
    for (const { watch } of this.#sockets) watch.arm(READABLE, atTick);
  }

  #datagrams(socket: UdpSocket): void {
    for (let taken = 0; taken < READS_PER_TURN && this.#listens; taken++) {
      const received = receiveFrom(socket.fd, datagram);
      if (received === null) break;
      const peer = { address: received.address, port: received.port };
      const known = this.#links.get(keyOf(peer));
      if (known !== undefined) {
        known.deliver(datagram.subarray(0, received.length));
      } else {
        const link = this.#open(socket, peer);
        link.deliver(datagram.subarray(0, received.length));
        this.#events.accepted(link);
      }
    }
    this.#listen();
  }

  #reach(socket: UdpSocket, peer: PeerAddress): UdpLink | null {
    return this.#closed || this.#links.has(keyOf(peer)) ? null : this.#open(socket, peer);
  }

  #open(socket: UdpSocket, peer: PeerAddress): UdpLink {
    const link = new UdpLink(peer, socket, {
      crowded: on => this.#setCrowded(link, on),
      closed: () => this.#links.delete(keyOf(peer)) && this.#readAtOnce.delete(link),
      waits: atTick => this.#pace(link, atTick),
    });
    this.#links.set(keyOf(peer), link);
    this.#readAtOnce.add(link);
    return link;
  }

  #pace(link: UdpLink, atTick: boolean): void {
    const allAtTicks = this.#readAtOnce.size === 0;
    if (atTick) this.#readAtOnce.delete(link);
    else this.#readAtOnce.add(link);
    if ((this.#readAtOnce.size === 0) !== allAtTicks) this.#listen();
  }

  #setCrowded(link: UdpLink, on: boolean): void {
    if (on) this.#crowded.add(link);
    else if (this.#crowded.delete(link)) this.#listen();
  }
}

interface UdpLinkEvents {
  /** It waits for a datagram. */
  waits(atTick: boolean): void;
  /** Its inbox is full, or not any more. */
  crowded(on: boolean): void;
  closed(): void;
}

class UdpLink implements Link {
  readonly transport = "udp";
  readonly peer: PeerAddress;
  onKeepalive: (() => void) | null = null;
  readonly #socket: UdpSocket;
  readonly #events: UdpLinkEvents;
  readonly #inbox: Uint8Array[] = [];
  #readable: (() => void) | null = null;
  #writable: (() => void) | null = null;
  /** No socket any more: its number may mean another descriptor by now. */
  #ended = false;
  #closed = false;
  readonly hasEnded = (): boolean => this.#ended && !this.#closed; // the port does not listen any more

  constructor(peer: PeerAddress, socket: UdpSocket, events: UdpLinkEvents) {
    this.peer = peer;
    this.#socket = socket;
    this.#events = events;
  }

  local(): PeerAddress {
    return this.#socket.local;
  }

  /** The bytes are only lent. An empty datagram carries no data, but keeps the connection alive. */
  deliver(bytes: Uint8Array): void {
    if (bytes.length === 0) {
      this.onKeepalive?.();
      return;
    }
    this.#inbox.push(bytes.slice());
    if (this.#inbox.length >= INBOX) this.#events.crowded(true);
    this.#wake();
  }

  inbox(): readonly Uint8Array[] {
    return this.#inbox;
  }

  hangUp(): void {
    this.#ended = true;
    queueMicrotask(() => this.#wake());
  }

  read(into: Uint8Array): number {
    const next = this.#inbox[0];
    if (next === undefined) return this.#ended ? -1 : 0;
    const count = Math.min(next.length, into.length);
    into.set(next.subarray(0, count));
    if (count < next.length) {
      this.#inbox[0] = next.subarray(count);
      return count;
    }
    this.#inbox.shift();
    this.#events.crowded(false);
    return count;
  }

  write(bytes: Uint8Array): number {
    if (this.#ended) return bytes.length;
    const count = this.#sendTo(bytes);
    // A datagram the network cannot take now or ever is lost, as datagrams are; only a full socket is worth waiting for.
    return count === -EAGAIN || count === -EINTR ? 0 : bytes.length;
  }

  whenReadable(callback: () => void, atTick = false): void {
    if (this.#closed) return;
    this.#readable = callback;
    this.#events.waits(atTick);
    if (this.#hasNews) queueMicrotask(() => this.#wake());
  }

  ignoreReadable(): void {
    this.#readable = null;
  }

  whenWritable(callback: () => void): void {
    if (this.#ended) return;
    this.#writable = callback;
    this.#socket.writers.add(this);
    this.#socket.watch.arm(WRITABLE);
  }

  /** The socket takes datagrams again. */
  wakeWriter(): void {
    const callback = this.#writable;
    this.#writable = null;
    callback?.();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ended = true;
    this.#readable = null;
    this.#writable = null;
    this.#inbox.length = 0;
    this.#events.closed();
    this.#events.crowded(false);
  }

  get #hasNews(): boolean {
    return this.#inbox.length > 0 || this.#ended;
  }

  #wake(): void {
    const callback = this.#readable;
    if (callback === null || !this.#hasNews) return;
    this.#readable = null;
    callback();
  }

  #sendTo(bytes: Uint8Array): number {
    try {
      return sendTo(this.#socket.fd, bytes, this.peer.address, this.peer.port);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return -ENODEV; // a link-local address on an interface that is gone
    }
  }
}

function keyOf(peer: PeerAddress): string {
  return `${peer.address},${peer.port}`;
}
