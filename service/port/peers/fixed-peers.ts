/** Fixed UDP peers have their connections without having spoken (manual page, "UDP"). */
import type { RemoteAddress } from "../../config/configuration.js";
import type { Cancel, Clock } from "../../line/clock.js";
import type { Link, PeerAddress } from "../../net/link.js";

/** Interval of the attempts for a name that is not known yet, or a device that cannot be opened. */
const RETRY_MS = 5000;

interface FixedPeersOptions {
  readonly clock: Clock;
  /** The fixed peers without a connection, with their slots. */
  missing(): readonly { readonly slot: number; readonly remote: RemoteAddress }[];
  /** The addresses of a peer; empty while its name is not known. */
  addressesOf(remote: RemoteAddress): readonly string[];
  /** Null where that is not possible. */
  connect(peer: PeerAddress): Link | null;
  attach(link: Link, slot: number): void;
  /** `free`: the device is there, and no other port uses it. A missing one is waited for, not tried again. */
  deviceState(): "free" | "busy" | "missing";
}

export class FixedPeers {
  readonly #options: FixedPeersOptions;
  #cancelRetry: Cancel | null = null;

  constructor(options: FixedPeersOptions) {
    this.#options = options;
  }

  /** Attaches the missing peers as far as that is possible now; the others follow later. */
  attach(): void {
    for (const { slot, remote } of this.#options.missing()) {
      const link = this.#options.deviceState() === "free" ? this.#reach(remote) : null;
      if (link === null) continue;
      this.#options.attach(link, slot);
      // The device could not be opened; the other peers would fail too.
      if (this.#options.missing().some(one => one.slot === slot)) break;
    }
    this.attachLater();
  }

  /** Connects to the first of its addresses that a socket of the port can reach. */
  #reach(remote: RemoteAddress): Link | null {
    for (const address of this.#options.addressesOf(remote)) {
      const link = this.#options.connect({ address, port: remote.port });
      if (link !== null) return link;
    }
    return null;
  }

  attachLater(): void {
    this.stop();
    if (this.#options.missing().length === 0 || this.#options.deviceState() === "missing") return;
    this.#cancelRetry = this.#options.clock.after(RETRY_MS, () => this.attach());
  }

  stop(): void {
    this.#cancelRetry?.();
  }
}
