/** Checks peers once a second while the device is open: for the idle time limit, and for vanished peers that block others. */
import { unmappedText } from "../../line/address.js";
import { LinkError } from "../../net/link.js";
import type { Heartbeat, HeartbeatListener } from "../heartbeat.js";
import type { PortEvents } from "../port-events.js";
import type { ConnectionSlots } from "./connection-slots.js";

/** Seconds between two looks at peers that hold up the others; a peer is gone when it acknowledged nothing in between. */
const GONE_CHECK_SECONDS = 10;

export class PeerChecks implements HeartbeatListener {
  readonly #heartbeat: Heartbeat;
  readonly #slots: ConnectionSlots;
  readonly #port: { timeoutSeconds(): number };
  readonly #events: PortEvents;

  /** @param port its idle time limit; 0: none */
  constructor(heartbeat: Heartbeat, slots: ConnectionSlots, port: { timeoutSeconds(): number }, events: PortEvents) {
    this.#heartbeat = heartbeat;
    this.#slots = slots;
    this.#port = port;
    this.#events = events;
  }

  start(): void {
    this.#heartbeat.add(this);
  }

  stop(): void {
    this.#heartbeat.remove(this);
  }

  /** For the heartbeat. */
  everySecond(): void {
    const [slots, { second }] = [this.#slots, this.#heartbeat];
    if (slots.live.size > 1 && second % GONE_CHECK_SECONDS === 0) this.#endGone();
    const limit = this.#port.timeoutSeconds();
    if (limit === 0) return;
    for (const connection of slots.idle(second, limit)) this.#events.peerMustGo(connection, "timeout");
  }

  /** Closes a vanished peer that holds up the others sooner than one that is alone. */
  #endGone(): void {
    for (const connection of [...this.#slots.live]) {
      if (!connection.tookNothing() || connection.link.isGone?.(GONE_CHECK_SECONDS * 1000) !== true) continue;
      const error = new LinkError("other", unmappedText(connection.link.peer.address), "Connection timed out");
      this.#events.linkFailed(connection, "write", error);
    }
  }
}
