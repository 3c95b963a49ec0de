/**
 * Peers whose connection breaks while they are not read, since the device is full. What they left behind goes on as long
 * as the device takes bytes; a device that takes none is not kept for somebody who is gone (BUG-29).
 */
import type { Connection } from "../peers/connection.js";

/** As long as a port that closes waits for its device. */
const PATIENCE_MS = 4000;

const discardBuffer = new Uint8Array(4096);

export interface StalledPeersOptions {
  /** Grows while the device takes bytes. */
  bytesToDevice(): number;
  waitsForDevice(): boolean;
  peers(): Iterable<Connection>;
  lost(connection: Connection, error: unknown): void;
}

export class StalledPeers {
  readonly #options: StalledPeersOptions;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: StalledPeersOptions) {
    this.#options = options;
  }

  /** Called whenever it becomes so: cheap, as that may be often. */
  deviceFull(): void {
    if (this.#timer === null) this.#wait();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #wait(): void {
    const { bytesToDevice, waitsForDevice } = this.#options;
    const before = bytesToDevice();
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (!waitsForDevice()) return;
      this.#wait();
      if (bytesToDevice() === before) this.#watch(before);
    }, PATIENCE_MS);
  }

  /** The device has taken nothing for a while: whoever is gone, or goes before it takes more, is let go. */
  #watch(stuckAt: number): void {
    for (const peer of this.#options.peers()) {
      peer.link.whenBroken?.(() => {
        if (this.#options.bytesToDevice() === stuckAt) this.#discard(peer);
      });
    }
  }

  /** What it left has nowhere to go; the error comes after it. */
  #discard(peer: Connection): void {
    try {
      while (peer.link.read(discardBuffer) > 0);
    } catch (error) {
      this.#options.lost(peer, error);
    }
  }
}
