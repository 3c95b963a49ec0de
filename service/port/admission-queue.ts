/** Callers on their way to a place at the port: let in, refused, or waiting until a closing port is free again. */
import type { PortConfig } from "../config/configuration.js";
import { unmappedText } from "../line/address.js";
import type { Link } from "../net/link.js";
import type { PortEnvironment } from "./environment.js";
import type { PortLifecycle } from "./lifecycle.js";
import { acceptPermitted, decideAdmission, refuse } from "./peers/admission.js";
import { UdpRefusals } from "./peers/udp-refusals.js";

export interface AdmissionQueueOptions {
  readonly environment: PortEnvironment;
  readonly lifecycle: PortLifecycle;
  config(): PortConfig;
  /** Another port holds the device. */
  deviceBusy(): boolean;
}

export class AdmissionQueue {
  readonly #options: AdmissionQueueOptions;
  /** One who kicked, those whose permission took a while. */
  readonly #pending: Link[] = [];
  readonly #udpRefusals = new UdpRefusals();

  constructor(options: AdmissionQueueOptions) {
    this.#options = options;
  }

  /** Called at the door. A UDP peer has spoken already, and TCP wrappers are about connections. */
  onAccepted(link: Link): void {
    if (link.transport === "udp") this.admit(link);
    else acceptPermitted(link, this.#options.environment.permitted(link), accepted => this.admit(accepted));
  }

  admit(link: Link): void {
    const { environment, lifecycle } = this.#options;
    const { phase, slots } = lifecycle;
    if (phase === "closing") {
      this.#pending.push(link);
      return;
    }
    if (phase === "disabled") {
      link.close(); // switched off while its permission was looked up
      return;
    }
    const { remaddr, kickolduser } = this.#options.config().options;
    const admission = decideAdmission({
      admittedByAddress: environment.admits(remaddr, link.peer),
      slots: slots.taken,
      fixed: slots.fixed,
      kickolduser,
      deviceBusy: phase === "idle" && this.#options.deviceBusy(),
    });
    if (admission.verdict === "refuse") {
      this.#refuse(link, admission.text);
    } else if (admission.verdict === "seat") {
      lifecycle.attach(link, admission.slot, false);
    } else {
      // If it was the only user, the port closes now and opens anew for this one.
      lifecycle.kick(admission.slot);
      this.admit(link);
    }
  }

  #refuse(link: Link, text: string): void {
    if (link.transport !== "udp") {
      refuse(link, text);
    } else if (!this.#udpRefusals.refuse(link, text)) {
      const { log } = this.#options.environment;
      log.warning(
        `Port ${this.#options.config().name}: refused datagrams from ${unmappedText(link.peer.address)} are not answered`,
      );
    }
  }

  /** The port is free: who waited comes in. */
  admitPending(): void {
    for (const link of this.#pending.splice(0)) this.admit(link);
  }

  closePending(): void {
    for (const link of this.#pending.splice(0)) link.close();
  }
}
