/** Where the callers of a port arrive: its sockets, or standard input. */
import type { NetworkPort } from "../config/network-port.js";
import { reasonOf } from "../native/reason.js";
import type { Link, PeerAddress } from "../net/link.js";
import type { PortListener } from "../net/listen.js";
import type { PortEnvironment } from "./environment.js";

export class Acceptor {
  readonly #port: string;
  readonly #environment: Pick<PortEnvironment, "listen" | "standardInput" | "log">;
  readonly #accepted: (link: Link) => void;
  readonly #opened: () => void;
  #listener: PortListener | null = null;
  #input: Link | null = null;
  #error: string | null = null;

  constructor(
    port: string,
    environment: Pick<PortEnvironment, "listen" | "standardInput" | "log">,
    events: { readonly accepted: (link: Link) => void; readonly opened: () => void },
  ) {
    this.#port = port;
    this.#environment = environment;
    this.#accepted = events.accepted;
    this.#opened = events.opened;
  }

  /** Why no socket is open; null: one is, or none is wanted. */
  get error(): string | null {
    return this.#listener?.error ?? this.#error;
  }

  /** No socket is open, and it is tried again. */
  get isWaiting(): boolean {
    return this.#listener !== null && this.#listener.error !== null;
  }

  get isListening(): boolean {
    return this.#listener !== null;
  }

  get isBroken(): boolean {
    return this.#listener?.isBroken === true;
  }

  /**
   * False: not one socket could be opened, see `error`.
   * @param retry true: a network port that another program has is tried again until it is free
   */
  open(spec: NetworkPort, retry: boolean): boolean {
    try {
      if (spec.port === 0) this.#input = this.#environment.standardInput();
      else this.#listener = this.#listen(spec, retry);
      this.#error = null;
      return true;
    } catch (error) {
      this.#error = reasonOf(error);
      return false;
    }
  }

  close(): void {
    this.#listener?.close();
    this.#listener = null;
  }

  /** Who is on standard input, told once. */
  takeInput(): Link | null {
    const input = this.#input;
    this.#input = null;
    return input;
  }

  accept(on: boolean): void {
    if (this.#listener !== null) this.#listener.accepting = on;
  }

  /** UDP: a peer that has not spoken yet. Null where that is not possible. */
  connect(peer: PeerAddress): Link | null {
    return this.#listener?.connect(peer) ?? null;
  }

  logError(reason = this.#error): void {
    this.#environment.log.error(`Unable to create network socket for port ${this.#port}: ${reason}`);
  }

  #listen(spec: NetworkPort, retryInUse: boolean): PortListener {
    return this.#environment.listen(spec, {
      accepted: link => this.#accepted(link),
      waiting: reason => this.logError(reason),
      opened: () => this.#opened(),
      retryInUse,
      failed: reason => this.#environment.log.error(`Could not accept on port ${this.#port}: ${reason}`),
    });
  }
}
