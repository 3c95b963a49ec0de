/** Looks up host names of remaddr in the background, so that neither start nor accept waits for a name server. */
import type { NetworkPort } from "../config/network-port.js";
import { backgroundClock, type Clock } from "../line/clock.js";
import { listenAddresses, lookUp } from "./addresses.js";

/** How long an answer is good for. */
const FRESH_MS = 60_000;
/** A name that has no answer yet is asked for this often: the network of a board may come up after us. */
const RETRY_MS = 30_000;
/** Names kept; a configuration holds fewer, so the bound only guards against a bug. */
const MAX_NAMES = 4096;

interface Known {
  readonly addresses: readonly string[];
  readonly since: number;
}

export class RemoteNames {
  readonly #known = new Map<string, Known>();
  readonly #asking = new Set<string>();
  readonly #lookUp: typeof lookUp;
  readonly #clock: Clock;

  constructor(resolver = lookUp, clock: Clock = backgroundClock) {
    this.#lookUp = resolver;
    this.#clock = clock;
  }

  /**
   * The numeric addresses of an entry, IPv6 first; none for one without a host, and for a name that is not known (yet).
   * Asks for the name beside that, so a later call will know it.
   */
  addresses(remote: NetworkPort): readonly string[] {
    if (remote.host === null) return [];
    const numeric = listenAddresses(remote);
    if (numeric !== null) return numeric.map(({ address }) => address);
    const key = `${remote.family} ${remote.host}`;
    const known = this.#known.get(key);
    if (known === undefined || this.#clock.nowMs() - known.since > FRESH_MS) void this.#ask(key, remote);
    return known?.addresses ?? [];
  }

  async #ask(key: string, remote: NetworkPort): Promise<void> {
    if (this.#asking.has(key) || this.#known.size >= MAX_NAMES) return;
    this.#asking.add(key);
    let addresses: readonly string[];
    try {
      addresses = (await this.#lookUp(remote)).map(({ address }) => address);
    } catch {
      addresses = this.#known.get(key)?.addresses ?? []; // the last good answer outlives a name server that is away
    }
    this.#asking.delete(key);
    this.#known.set(key, { addresses, since: this.#clock.nowMs() });
    if (addresses.length === 0) this.#clock.after(RETRY_MS, () => void this.#ask(key, remote));
  }
}
