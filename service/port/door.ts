/** Where the callers of a port arrive: its sockets, or standard input. */
import type { NetworkPort } from "../config/network-port.js";
import { reasonOf } from "../kernel/reason.js";
import type { Link, PeerAddress } from "../net/link.js";
import type { PortListener } from "../net/listen.js";
import type { PortParts } from "./parts.js";

export class Door {
  readonly #port: string;
  readonly #outside: Pick<PortParts, "listen" | "standardInput" | "log">;
  readonly #called: (link: Link) => void;
  #listener: PortListener | null = null;
  #input: Link | null = null;
  #fault: string | null = null;

  constructor(
    port: string,
    outside: Pick<PortParts, "listen" | "standardInput" | "log">,
    called: (link: Link) => void,
  ) {
    this.#port = port;
    this.#outside = outside;
    this.#called = called;
  }

  /** Why it could not be opened last; null since it could. */
  get fault(): string | null {
    return this.#fault;
  }

  get isListening(): boolean {
    return this.#listener !== null;
  }

  get isBroken(): boolean {
    return this.#listener?.isBroken === true;
  }

  /** False: not one socket could be opened, see `fault`. */
  open(spec: NetworkPort): boolean {
    try {
      if (spec.port === 0) this.#input = this.#outside.standardInput();
      else this.#listener = this.#listen(spec);
      this.#fault = null;
      return true;
    } catch (error) {
      this.#fault = reasonOf(error);
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

  logFault(reason = this.#fault): void {
    this.#outside.log.error(`Unable to create network socket for port ${this.#port}: ${reason}`);
  }

  #listen(spec: NetworkPort): PortListener {
    return this.#outside.listen(spec, {
      accepted: link => this.#called(link),
      waiting: reason => this.logFault(reason),
      failed: reason => this.#outside.log.error(`Could not accept on port ${this.#port}: ${reason}`),
    });
  }
}
