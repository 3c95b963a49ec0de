/** The link of a control session. An error of the link is logged, and ends the session. */
import type { Log } from "../log/log.js";
import { type Link, LinkError } from "../net/link.js";
import { personAt } from "../port/peers/writers.js";

export class SessionLink {
  readonly #link: Link;
  readonly #log: Log;
  readonly #failed: () => void;

  /** @param failed called for each error */
  constructor(link: Link, log: Log, failed: () => void) {
    this.#link = link;
    this.#log = log;
    this.#failed = failed;
  }

  /** Name of the user, or the address. */
  get person(): string {
    return personAt(this.#link.peer.address, this.#link.user);
  }

  /** As `Link.read`; -1 also after an error. */
  read(into: Uint8Array): number {
    return this.#guard("read error for controller port", -1, () => this.#link.read(into));
  }

  write(bytes: Uint8Array): number {
    return this.#guard("The tcp write for controller had error", 0, () => this.#link.write(bytes));
  }

  #guard(what: string, otherwise: number, call: () => number): number {
    try {
      return call();
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      if (error.code !== "pipe") this.#log.error(`${what}: ${error.reason}`);
      this.#failed();
      return otherwise;
    }
  }
}
