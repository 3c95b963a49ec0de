/** The people at a port: sessions that attach to it, who may write, and what they are told. */
import type { Link } from "../net/link.js";
import type { IncomingPeers } from "./incoming-peers.js";
import type { PortLifecycle } from "./lifecycle.js";
import type { AttachResult, PortUsers } from "./status.js";

export class PortPeople implements PortUsers {
  readonly #lifecycle: PortLifecycle;
  readonly #incoming: IncomingPeers;
  readonly #changed: () => void;

  constructor(lifecycle: PortLifecycle, incoming: IncomingPeers, changed: () => void) {
    this.#lifecycle = lifecycle;
    this.#incoming = incoming;
    this.#changed = changed;
  }

  attach(link: Link, force: boolean): AttachResult {
    const refusal = this.#incoming.attach(link, force);
    if (refusal !== null) return { refusal: refusal.trim() };
    const mine = [...this.#lifecycle.slots.live].find(one => one.link === link);
    if (force && mine?.writes === false && link.watches !== true) this.#lifecycle.slots.takeOver(mine);
    return { writes: mine?.writes ?? link.watches !== true };
  }

  takeOver(wanted: number | Link): boolean {
    const mine = [...this.#lifecycle.slots.live].find(one => one.id === wanted || one.link === wanted);
    if (mine === undefined || mine.link.mayWrite === false) return false;
    this.#lifecycle.slots.takeOver(mine);
    this.#changed();
    return true;
  }

  tell(text: string): void {
    this.#lifecycle.slots.tell(text);
  }
}
