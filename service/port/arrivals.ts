/** Callers on their way to a place at the port: let in, refused, or waiting until a closing port is free again. */
import type { PortConfig } from "../config/configuration.js";
import { unmappedText } from "../line/address.js";
import type { Link } from "../net/link.js";
import { admit } from "./admission.js";
import type { Life } from "./life.js";
import type { PortParts } from "./parts.js";
import { refuse, takePermitted } from "./refuse.js";
import { UdpRefusals } from "./udp-refusals.js";

export interface ArrivalsParts {
  readonly outside: PortParts;
  readonly life: Life;
  config(): PortConfig;
  /** Another port holds the device. */
  deviceBusy(): boolean;
}

export class Arrivals {
  readonly #parts: ArrivalsParts;
  /** One who kicked, those whose permission took a while. */
  readonly #lobby: Link[] = [];
  readonly #udpRefusals = new UdpRefusals();

  constructor(parts: ArrivalsParts) {
    this.#parts = parts;
  }

  /** Called at the door. A UDP peer has spoken already, and TCP wrappers are about connections. */
  called(link: Link): void {
    if (link.transport === "udp") this.arrive(link);
    else takePermitted(link, this.#parts.outside.permitted(link), caller => this.arrive(caller));
  }

  arrive(link: Link): void {
    const { outside, life } = this.#parts;
    const { phase, seats } = life;
    if (phase === "closing") {
      this.#lobby.push(link);
      return;
    }
    if (phase === "disabled") {
      link.close(); // switched off while its permission was looked up
      return;
    }
    const { remaddr, kickolduser } = this.#parts.config().options;
    const admission = admit({
      admittedByAddress: outside.admits(remaddr, link.peer),
      slots: seats.taken,
      fixed: seats.fixed,
      kickolduser,
      deviceBusy: phase === "idle" && this.#parts.deviceBusy(),
    });
    if (admission.verdict === "refuse") {
      this.#refuse(link, admission.text);
    } else if (admission.verdict === "seat") {
      life.seat(link, admission.slot, false);
    } else {
      // If it was the only user, the port closes now and opens anew for this one.
      life.kick(admission.slot);
      this.arrive(link);
    }
  }

  #refuse(link: Link, text: string): void {
    if (link.transport !== "udp") {
      refuse(link, text);
    } else if (!this.#udpRefusals.refuse(link, text)) {
      const { log } = this.#parts.outside;
      log.warning(
        `Port ${this.#parts.config().name}: refused datagrams from ${unmappedText(link.peer.address)} are not answered`,
      );
    }
  }

  /** The port is free: who waited comes in. */
  letIn(): void {
    for (const link of this.#lobby.splice(0)) this.arrive(link);
  }

  dismiss(): void {
    for (const link of this.#lobby.splice(0)) link.close();
  }
}
