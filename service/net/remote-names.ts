/** Host names in remaddr: looked up beside the work, so that neither start nor accept waits for a name server. */
import type { NetworkPort } from "../config/network-port.js";
import { listenAddresses, lookUp } from "./addresses.js";

/** How long an answer is good for, and how long a failure is not asked about again. */
const FRESH_MS = 60_000;
/** Names kept; a configuration holds fewer, so the bound only guards against a bug. */
const MAX_NAMES = 4096;

interface Known {
  readonly address: string | null;
  readonly since: number;
}

export class RemoteNames {
  readonly #known = new Map<string, Known>();
  readonly #asking = new Set<string>();

  /**
   * The numeric address of an entry; null for one without a host, and for a name that is not known (yet). Asks for the
   * name beside that, so the next call may know it.
   */
  address(remote: NetworkPort): string | null {
    if (remote.host === null) return null;
    const numeric = listenAddresses(remote);
    if (numeric !== null) return numeric[0]?.address ?? null;
    const key = `${remote.family} ${remote.host}`;
    const known = this.#known.get(key);
    if (known === undefined || performance.now() - known.since > FRESH_MS) void this.#ask(key, remote);
    return known?.address ?? null;
  }

  async #ask(key: string, remote: NetworkPort): Promise<void> {
    if (this.#asking.has(key) || this.#known.size >= MAX_NAMES) return;
    this.#asking.add(key);
    let address: string | null = null;
    try {
      address = (await lookUp(remote))[0]?.address ?? null;
    } catch {
      address = this.#known.get(key)?.address ?? null; // the last good answer outlives a name server that is away
    }
    this.#asking.delete(key);
    this.#known.set(key, { address, since: performance.now() });
  }
}
