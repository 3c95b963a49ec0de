/** The link of a control session, where a fault ends the session and is logged. */
import type { Log } from "../log/log.js";
import { type Link, LinkError } from "../net/link.js";

export class SessionLink {
  readonly #link: Link;
  readonly #log: Log;
  readonly #failed: () => void;

  /** @param failed called for each fault */
  constructor(link: Link, log: Log, failed: () => void) {
    this.#link = link;
    this.#log = log;
    this.#failed = failed;
  }

  /** -1: the session is over. */
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
