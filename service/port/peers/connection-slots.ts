/** The places a port has for its peers, and who sits in them. */
import type { PortConfig, RemoteAddress } from "../../config/configuration.js";
import type { ConnectionStatus } from "../status.js";
import type { Connection } from "./connection.js";

export class ConnectionSlots {
  /** Everybody who sits; both directions read this set as it is. */
  readonly live = new Set<Connection>();
  #slots: (Connection | null)[] = [];
  #fixedPeers: readonly RemoteAddress[] = [];

  constructor(config: PortConfig) {
    this.arrange(config);
  }

  /** Only while nobody sits. */
  arrange({ networkPort, options }: PortConfig): void {
    this.#slots = Array.from({ length: options.maxConnections }, () => null);
    const fixed = networkPort.transport === "udp" ? (options.remaddr ?? []).filter(remote => remote.port !== 0) : [];
    this.#fixedPeers = fixed.slice(0, options.maxConnections);
  }

  /** The fixed UDP peers that are not here, with the place that is theirs (manual page, "UDP"). */
  missingFixedPeers(): readonly { readonly slot: number; readonly remote: RemoteAddress }[] {
    return this.#fixedPeers
      .map((remote, slot) => ({ slot, remote }))
      .filter(({ slot }) => (this.#slots[slot] ?? null) === null);
  }

  get taken(): readonly boolean[] {
    return this.#slots.map(slot => slot !== null);
  }

  get fixed(): readonly boolean[] {
    return this.#slots.map(slot => slot?.fixed ?? false);
  }

  status(second: number): readonly (ConnectionStatus | null)[] {
    return this.#slots.map(slot => slot?.status(second) ?? null);
  }

  at(slot: number): Connection | null {
    return this.#slots[slot] ?? null;
  }

  attach(connection: Connection): void {
    this.#slots[connection.slot] = connection;
    this.live.add(connection);
  }

  /** False when it did not sit here (any more). */
  release(connection: Connection): boolean {
    if (!this.live.delete(connection)) return false;
    this.#slots[connection.slot] = null;
    return true;
  }

  /** Everybody gets up; who they were. */
  releaseAll(): readonly Connection[] {
    const everybody = [...this.live];
    this.live.clear();
    this.#slots.fill(null);
    return everybody;
  }

  /** Connections idle for more than `limitSeconds`, at most one second more (docs/reference.md, "Idle time limit"). */
  idle(second: number, limitSeconds: number): readonly Connection[] {
    return [...this.live].filter(peer => !peer.fixed && second - peer.lastActiveSecond > limitSeconds);
  }
}
