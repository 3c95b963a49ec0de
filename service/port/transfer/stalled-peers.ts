/**
 * Peers that disconnect while they are not read, since the device is full. Their bytes follow as long as the device takes
 * any; a device that takes none is not kept for a peer that is gone (BUG-29).
 */
import type { Cancel, Clock } from "../../line/clock.js";
import type { Connection } from "../peers/connection.js";

/**
 * After this time without progress of the device, a peer whose connection broke is closed. The same as the limit of a
 * closing port.
 */
const BROKEN_MS = 4000;
/** After this time without progress of the device, a peer that ended its connection in order is closed too. */
const ENDED_MS = 600_000;

const discardBuffer = new Uint8Array(4096);

/** The peer is gone (`error` null: it ended in order); `bytes` that it sent were discarded. */
export type Gone = (connection: Connection, bytes: number, error: unknown) => void;

interface StalledPeersOptions {
  readonly clock: Clock;
  /** The live set. */
  readonly connections: Iterable<Connection>;
  /** Its `bytes` grow while it takes any. */
  readonly device: { readonly bytes: number; readonly blocked: boolean };
  readonly gone: Gone;
}

export class StalledPeers {
  readonly #options: StalledPeersOptions;
  #cancelTimer: Cancel | null = null;

  constructor(options: StalledPeersOptions) {
    this.#options = options;
  }

  /** Called whenever it becomes so: cheap, as that may be often. */
  deviceFull(): void {
    if (this.#cancelTimer === null) this.#wait();
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  #wait(stuckMs = 0): void {
    const { clock, device } = this.#options;
    const before = device.bytes;
    this.#cancelTimer = clock.after(BROKEN_MS, () => {
      this.#cancelTimer = null;
      if (!device.blocked) return;
      const isStuck = device.bytes === before;
      this.#wait(isStuck ? stuckMs + BROKEN_MS : 0);
      if (isStuck) this.#release(before, stuckMs + BROKEN_MS >= ENDED_MS);
    });
  }

  /** Closes peers that have disconnected, or whose connection breaks before the device takes more. */
  #release(stuckAt: number, endedToo: boolean): void {
    for (const peer of [...this.#options.connections]) {
      if (endedToo && peer.link.hasEnded?.() === true) {
        this.#discard(peer);
        continue;
      }
      peer.link.whenBroken?.(() => {
        if (this.#options.device.bytes === stuckAt) this.#discard(peer);
      });
    }
  }

  /** Reads what the peer left up to the end of it: an error, or end-of-file where a write has taken the error already. */
  #discard(peer: Connection): void {
    let bytes = 0;
    let error: unknown = null;
    try {
      for (let count = peer.link.read(discardBuffer); count > 0; count = peer.link.read(discardBuffer)) bytes += count;
    } catch (reason) {
      error = reason;
    }
    this.#options.gone(peer, bytes, error);
  }
}
