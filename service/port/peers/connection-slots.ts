/** The connection slots of a port, and the connections in them. */
import type { PortConfig, RemoteAddress } from "../../config/configuration.js";
import type { ConnectionState } from "../../handover/state.js";
import type { Link } from "../../net/link.js";
import { logConnection, peerText } from "../connection-log.js";
import type { PortEnvironment } from "../environment.js";
import { refuse } from "./admission.js";
import { Connection, type ConnectionEvents } from "./connection.js";
import { Writers } from "./writers.js";

interface NewConnection {
  readonly link: Link;
  readonly slot: number;
  readonly fixed: boolean;
  /** Of the process before this one; null: the peer has just come. */
  readonly before: ConnectionState | null;
  readonly config: PortConfig;
  readonly environment: PortEnvironment;
  readonly events: ConnectionEvents;
}

export class ConnectionSlots {
  /** All connections in a slot; both directions read this set itself. */
  readonly live = new Set<Connection>();
  readonly #config: () => PortConfig;
  readonly #log: Parameters<typeof logConnection>[0];
  #slots: (Connection | null)[] = [];
  #fixedPeers: readonly RemoteAddress[] = [];

  /** @param log for who takes over from whom */
  constructor(config: () => PortConfig, log: Parameters<typeof logConnection>[0]) {
    this.#config = config;
    this.#log = log;
    this.arrange(config());
  }

  get #writers(): Writers {
    const config = this.#config();
    const tookOver = (one: Connection, from: Connection) =>
      logConnection(this.#log, config, "take-over", one, `from ${peerText(from.link)}`);
    return new Writers({ live: this.live, rule: () => config.options.writer, tookOver });
  }

  /** Call only while no slot is in use. */
  arrange({ networkPort, options }: PortConfig): void {
    this.#slots = Array.from({ length: options.maxConnections }, () => null);
    const fixed = networkPort.transport === "udp" ? (options.remaddr ?? []).filter(remote => remote.port !== 0) : [];
    this.#fixedPeers = fixed.slice(0, options.maxConnections);
  }

  /** The fixed UDP peers without a connection, with their slots (manual page, "UDP"). */
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

  /** By slot; null: free. */
  get all(): readonly (Connection | null)[] {
    return this.#slots;
  }

  /** For the process after this one. */
  state(port: string, second: number): readonly ConnectionState[] {
    return [...this.live].map(one => one.state(port, second));
  }

  at(slot: number): Connection | null {
    return this.#slots[slot] ?? null;
  }

  /** That slot if it is free, or the first that is; -1: none is. */
  free(wanted: number | null): number {
    return wanted !== null && this.#slots[wanted] === null ? wanted : this.#slots.indexOf(null);
  }

  /** Makes a connection of the link, in that slot. */
  connect({ link, slot, fixed, before, config, environment, events }: NewConnection): Connection {
    const { heartbeat, time } = environment;
    const isRaw = link.attached !== undefined || config.state !== "telnet";
    const isTelnet = before === null ? !isRaw : before.telnet !== null;
    const nowMs = time.date().getTime();
    const sinceMs = before?.sinceMs ?? nowMs;
    const connection = new Connection({
      id: before?.id ?? environment.nextConnectionId(),
      link,
      slot,
      mode: isTelnet ? "telnet" : "raw",
      telnet: config.options,
      fixed,
      second: heartbeat.second - (before?.idleSeconds ?? 0),
      ...{ sinceMs, startedMs: time.nowMs() - Math.max(0, nowMs - sinceMs) },
      events,
      before,
    });
    if (link.transport === "udp") {
      link.onKeepalive = () => {
        connection.lastActiveSecond = heartbeat.second;
      };
    }
    this.#slots[slot] = connection;
    this.live.add(connection);
    if (before === null) this.#writers.joined(connection);
    return connection;
  }

  /** The connection writes from now on. */
  takeOver(connection: Connection): void {
    this.#writers.take(connection);
  }

  /** A line of text for the peers that read notices. */
  tell(text: string): void {
    for (const peer of [...this.live]) peer.tell(text);
  }

  /** False when it was not in a slot of this port (any more). */
  release(connection: Connection): boolean {
    if (!this.live.delete(connection)) return false;
    this.#slots[connection.slot] = null;
    this.#writers.left(connection);
    return true;
  }

  /** Releases every slot; returns their connections. */
  releaseAll(): readonly Connection[] {
    const released = [...this.live];
    this.live.clear();
    this.#slots.fill(null);
    return released;
  }

  /** Releases every slot; TCP peers are told why. Returns their connections. */
  refuseAll(text: string): readonly Connection[] {
    const refused = this.releaseAll();
    for (const { link } of refused) {
      if (link.transport === "udp") link.close();
      else refuse(link, text);
    }
    return refused;
  }

  /** Ends connections when their output has left; returns those that have none. */
  endWhenSent(reason: string): readonly Connection[] {
    return [...this.live].filter(one => {
      const ends = one.isSent && !one.suspended;
      if (!ends) one.endWhenSent = reason;
      return ends;
    });
  }

  restartTimeouts(second: number): void {
    for (const connection of this.live) connection.lastActiveSecond = second;
  }

  /** Connections idle for more than `limitSeconds`, at most one second more (docs/reference.md, "Idle time limit"). */
  idle(second: number, limitSeconds: number): readonly Connection[] {
    return [...this.live].filter(peer => !peer.fixed && second - peer.lastActiveSecond > limitSeconds);
  }
}
