/** The UDP socket of one SOL session: datagrams to and from one address of a BMC. */
import { SystemError } from "../native/errors.js";
import { READABLE, Watch } from "../native/poll.js";
import { bindUdp, receiveFrom, sendTo } from "../native/sockets.js";
import { endDescriptor } from "../native/stored-descriptors.js";

/** Longer datagrams are cut, which makes them invalid. One buffer: the protocol keeps no view of it. */
const datagram = new Uint8Array(2048);
/** Datagrams taken in one turn. */
const READS_PER_TURN = 32;

export interface BmcAddress {
  /** Numeric. */
  readonly address: string;
  readonly port: number;
}

export class BmcSocket {
  readonly fd: number;
  readonly #watch: Watch;
  readonly #peer: BmcAddress;
  readonly #received: (datagram: Uint8Array) => void;
  #closed = false;

  /**
   * @param received gets bytes that are valid during the call
   * @param fd the socket of the process before this one. Throws SystemError where no socket can be opened.
   */
  constructor(peer: BmcAddress, received: (datagram: Uint8Array) => void, fd: number | null = null) {
    this.#peer = { ...peer, address: canonical(peer.address) };
    this.#received = received;
    this.fd = fd ?? bindUdp(this.#peer.address.includes(":") ? "::" : "0.0.0.0", 0, { v6only: true });
    try {
      this.#watch = new Watch(this.fd, () => this.#ready());
      this.#watch.arm(READABLE);
    } catch (error) {
      endDescriptor(this.fd);
      throw error;
    }
  }

  /** A datagram that cannot be sent is lost, as on the way: the protocol sends it again. */
  send(bytes: Uint8Array): void {
    if (this.#closed) return;
    try {
      sendTo(this.fd, bytes, this.#peer.address, this.#peer.port);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // a link-local address on an interface that is gone
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.close();
    endDescriptor(this.fd);
  }

  #ready(): void {
    for (let taken = 0; taken < READS_PER_TURN && !this.#closed; taken++) {
      const from = this.#receive();
      if (from === null) break;
      // Datagrams of other senders are ignored.
      if (from.address !== this.#peer.address || from.port !== this.#peer.port) continue;
      this.#received(datagram.subarray(0, from.length));
    }
    if (!this.#closed) this.#watch.arm(READABLE);
  }

  /** An error of the network is reported once; it is not a datagram. */
  #receive(): ReturnType<typeof receiveFrom> {
    try {
      return receiveFrom(this.fd, datagram);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      return null;
    }
  }
}

/** As the system writes it (RFC 5952), so that it can be compared: `::1` for `0:0:0:0:0:0:0:1`. */
function canonical(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [host = "", ...zone] = address.split("%");
  if (!host.includes(":")) return address;
  try {
    return [new URL(`http://[${host}]`).hostname.slice(1, -1), ...zone].join("%");
  } catch {
    return address;
  }
}
