/** Checks peers once a second while the device is open: for the idle time limit, and for vanished peers that block others. */
import { unmappedText } from "../../line/address.js";
import { LinkError } from "../../net/link.js";
import type { Heartbeat } from "../heartbeat.js";
import type { PortEvents } from "../port-events.js";
import type { ConnectionSlots } from "./connection-slots.js";

/** Seconds between two looks at peers that hold up the others; a peer is gone when it acknowledged nothing in between. */
const GONE_CHECK_SECONDS = 10;

interface PeerChecksOptions {
  readonly heartbeat: Heartbeat;
  readonly slots: ConnectionSlots;
  timeoutSeconds(): number; // 0: none
  readonly events: PortEvents;
}

export class PeerChecks {
  readonly #options: PeerChecksOptions;

  constructor(options: PeerChecksOptions) {
    this.#options = options;
  }

  start(): void {
    this.#options.heartbeat.add(this.#everySecond);
  }

  stop(): void {
    this.#options.heartbeat.remove(this.#everySecond);
  }

  readonly #everySecond = (): void => {
    const { heartbeat, slots, events } = this.#options;
    const { second } = heartbeat;
    if (slots.live.size > 1 && second % GONE_CHECK_SECONDS === 0) this.#endGone();
    const limit = this.#options.timeoutSeconds();
    if (limit === 0) return;
    for (const connection of slots.idle(second, limit)) events.peerMustGo(connection, "timeout");
  };

  /** Closes a vanished peer that holds up the others sooner than one that is alone. */
  #endGone(): void {
    const { slots, events } = this.#options;
    for (const connection of [...slots.live]) {
      if (!connection.tookNothing() || connection.link.isGone?.(GONE_CHECK_SECONDS * 1000) !== true) continue;
      const error = new LinkError("other", unmappedText(connection.link.peer.address), "Connection timed out");
      events.linkFailed(connection, "write", error);
    }
  }
}
