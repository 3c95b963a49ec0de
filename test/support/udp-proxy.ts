/** A network between a console and a BMC that loses, doubles and reorders datagrams: a UDP relay of this process. */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { randomNumbers } from "./random.js";

export interface NetworkFaults {
  /** Probabilities, both ways. */
  readonly drop: number;
  readonly double: number;
  /** Held back until the next datagram of its direction has passed, or for HELD_MS. */
  readonly reorder: number;
  readonly corrupt: number;
  /** Nothing passes: a cable that is out. */
  readonly blocked: boolean;
}

const HELD_MS = 1;
const SEED = 11;
export const GOOD_NETWORK: NetworkFaults = { drop: 0, double: 0, reorder: 0, corrupt: 0, blocked: false };

type Send = (datagram: Buffer) => void;

export class UdpProxy {
  faults: NetworkFaults = GOOD_NETWORK;
  /** Sees each datagram. */
  inspect: (direction: "up" | "down", datagram: Buffer) => void = () => {};
  readonly #front: Socket;
  readonly #bmcPort: number;
  /** One socket for each console, by its port. */
  readonly #consoles = new Map<number, Socket>();
  readonly #random = randomNumbers(SEED);
  readonly #held = new Map<string, () => void>();

  private constructor(front: Socket, bmcPort: number) {
    this.#front = front;
    this.#bmcPort = bmcPort;
    front.on("message", (datagram, peer) => {
      const socket = this.#socketFor(peer);
      this.#pass("up", datagram, one => socket.send(one, this.#bmcPort, "127.0.0.1"));
    });
  }

  static async start(t: { teardown(done: () => unknown): unknown }, bmcPort: number): Promise<UdpProxy> {
    const front = createSocket("udp4");
    front.bind(0, "127.0.0.1");
    await once(front, "listening");
    const proxy = new UdpProxy(front, bmcPort);
    t.teardown(() => proxy.#stop());
    return proxy;
  }

  get port(): number {
    return this.#front.address().port;
  }

  #socketFor(peer: RemoteInfo): Socket {
    const known = this.#consoles.get(peer.port);
    if (known !== undefined) return known;
    const socket = createSocket("udp4");
    socket.on("message", datagram =>
      this.#pass("down", datagram, one => this.#front.send(one, peer.port, "127.0.0.1")),
    );
    this.#consoles.set(peer.port, socket);
    return socket;
  }

  #pass(direction: "up" | "down", datagram: Buffer, send: Send): void {
    const { drop, double, reorder, corrupt, blocked } = this.faults;
    this.inspect(direction, datagram);
    if (blocked || this.#happens(drop)) return;
    if (this.#happens(corrupt)) {
      const at = Math.floor(this.#random() * datagram.length);
      datagram[at] = (datagram[at] ?? 0) ^ 0x5a;
    }
    const release = this.#held.get(direction);
    if (release === undefined && this.#happens(reorder)) {
      this.#hold(direction, datagram, send);
      return;
    }
    send(datagram);
    if (this.#happens(double)) send(datagram);
    release?.();
  }

  #hold(direction: string, datagram: Buffer, send: Send): void {
    const release = (): void => {
      clearTimeout(timer);
      this.#held.delete(direction);
      send(datagram);
    };
    const timer = setTimeout(release, HELD_MS);
    this.#held.set(direction, release);
  }

  /** Draws a number only for what may happen. */
  #happens(probability: number): boolean {
    return probability > 0 && this.#random() < probability;
  }

  #stop(): void {
    for (const release of [...this.#held.values()]) release();
    for (const socket of [this.#front, ...this.#consoles.values()]) socket.close();
  }
}
