/** Opens the sockets of a network port; what cannot be opened yet (a name, an address to come) is tried again. */
import type { NetworkPort } from "../config/network-port.js";
import { type Cancel, type Clock, systemClock } from "../line/clock.js";
import { reasonOf, SystemError } from "../native/errors.js";
import { loadModule } from "../native/load-module.js";
import { type ListenAddress, listenAddresses, lookUp } from "./addresses.js";
import type { Inherited } from "./inherited.js";
import type { Link, Listener, PeerAddress } from "./link.js";
import { adoptTcp, type ListenEvents, listenTcp } from "./tcp.js";

type Udp = typeof import("./udp.js");

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 30_000;

export interface PortListenEvents extends ListenEvents {
  /** Not one socket can be opened yet, for that reason; it is tried again until one can. Called once. */
  readonly waiting: (reason: string) => void;
  /** The first socket is open, after `waiting`. */
  readonly opened?: () => void;
  /** A network port that another program has is tried again too. Without it that is thrown. */
  readonly retryInUse?: boolean;
}

/**
 * Throws SystemError when not one socket can be opened and waiting would not help (the port is taken, say).
 * @param udp loads the bundle udp.cjs; throws when it cannot be loaded
 */
export function listen(
  spec: NetworkPort,
  inherited: Inherited,
  events: PortListenEvents,
  clock: Clock = systemClock,
  udp: () => Udp = loadUdp,
): Listener {
  const open: Open =
    spec.transport === "udp"
      ? addresses => udp().listenUdp(spec, addresses, events)
      : addresses => listenTcp(spec, addresses, events, clock);
  const handed = inherited.take(spec);
  if (handed.length > 0) {
    const giveBack = (given: readonly number[]): void => inherited.giveBack(given);
    return spec.transport === "udp"
      ? udp().adoptUdp(handed, events, giveBack)
      : adoptTcp(handed, events, giveBack, clock);
  }
  const addresses = listenAddresses(spec);
  if (addresses === null) return new LateListener(spec, events, clock, open);
  try {
    return open(addresses);
  } catch (error) {
    if (mayCome(error, events.retryInUse === true)) return new LateListener(spec, events, clock, open);
    throw error;
  }
}

type Open = (addresses: readonly ListenAddress[]) => Listener;

function loadUdp(): Udp {
  return loadModule<Udp>("./udp.cjs");
}

/** The address may come with the network, and so may the interface it names (`%eth1`); another program may end. */
function mayCome(error: unknown, retryInUse: boolean): boolean {
  if (!(error instanceof SystemError)) return error instanceof TypeError;
  return error.code === "EADDRNOTAVAIL" || (retryInUse && error.code === "EADDRINUSE");
}

/** Tries to listen until it succeeds. */
class LateListener implements Listener {
  readonly #spec: NetworkPort;
  readonly #events: PortListenEvents;
  readonly #clock: Clock;
  readonly #open: Open;
  #listener: Listener | null = null;
  #accepting = true;
  #closed = false;
  #cancelRetry: Cancel | null = null;
  #waitMs = FIRST_RETRY_MS;
  #error: string | null = null;

  constructor(spec: NetworkPort, events: PortListenEvents, clock: Clock, open: Open) {
    this.#spec = spec;
    this.#events = events;
    this.#clock = clock;
    this.#open = open;
    void this.#try();
  }

  get addresses(): readonly PeerAddress[] {
    return this.#listener?.addresses ?? [];
  }

  get error(): string | null {
    return this.#error;
  }

  get isBroken(): boolean {
    return this.#listener?.isBroken ?? false;
  }

  get accepting(): boolean {
    return this.#accepting;
  }

  set accepting(on: boolean) {
    this.#accepting = on;
    if (this.#listener !== null) this.#listener.accepting = on;
  }

  connect(peer: PeerAddress): Link | null {
    return this.#listener?.connect(peer) ?? null;
  }

  close(): void {
    this.#closed = true;
    this.#cancelRetry?.();
    this.#listener?.close();
  }

  async #try(): Promise<void> {
    try {
      const addresses = listenAddresses(this.#spec) ?? (await lookUp(this.#spec));
      if (this.#closed) return;
      this.#listener = this.#open(addresses);
      this.#listener.accepting = this.#accepting;
      const hasWaited = this.#error !== null;
      this.#error = null;
      if (hasWaited) this.#events.opened?.();
    } catch (error) {
      if (this.#closed) return;
      this.#error = reasonOf(error);
      if (this.#waitMs === FIRST_RETRY_MS) this.#events.waiting(this.#error);
      this.#cancelRetry = this.#clock.after(this.#waitMs, () => void this.#try());
      this.#waitMs = Math.min(this.#waitMs * 2, LAST_RETRY_MS);
    }
  }
}
