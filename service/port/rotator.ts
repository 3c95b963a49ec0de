/** A network port that hands each new connection to the first free port of a list (manual page, ROTATOR). */
import type { RotatorConfig } from "../config/configuration.js";
import type { RotatorState } from "../handover/state.js";
import type { Link, Listener } from "../net/link.js";
import { logConnection } from "./connection-log.js";
import type { PortEnvironment } from "./environment.js";
import { acceptPermitted, REFUSAL, refuse } from "./peers/admission.js";
import type { Registry } from "./registry.js";

type RotatorEnvironment = Pick<
  PortEnvironment,
  "listen" | "permitted" | "isDraining" | "log" | "label" | "time" | "quiet" | "handover" | "count"
>;

export class Rotator {
  #config: RotatorConfig;
  readonly #ports: Registry;
  readonly #environment: RotatorEnvironment;
  #listener: Listener | null = null;
  /** Where the next search starts: after the port that was used last. */
  #next = 0;

  constructor(config: RotatorConfig, ports: Registry, environment: RotatorEnvironment) {
    this.#config = config;
    this.#ports = ports;
    this.#environment = environment;
    this.#next = environment.handover?.nextOfRotator(config.name) ?? 0;
  }

  /** Throws when no socket can be opened. */
  start(): void {
    this.#listener = this.#environment.listen(this.#config.networkPort, {
      accepted: link => this.#accepted(link),
      waiting: reason =>
        this.#environment.log.error(`Unable to create TCP socket for rotator ${this.#config.name}: ${reason}`),
      retryInUse: true,
      failed: reason => this.#environment.log.error(`Could not accept on rotator ${this.#config.name}: ${reason}`),
    });
  }

  /** Another list of ports; the search starts at its begin. */
  reconfigure(config: RotatorConfig): void {
    this.#config = config;
    this.#next = 0;
  }

  /** For the process after this one. */
  state(): RotatorState {
    return { name: this.#config.name, next: this.#next };
  }

  /** A permanent failure that needs a restart, or null. */
  problem(): string | null {
    return this.#listener?.isBroken === true ? `rotator ${this.#config.name} does not listen any more` : null;
  }

  close(): void {
    this.#listener?.close();
    this.#listener = null;
  }

  #accepted(link: Link): void {
    acceptPermitted(
      link,
      this.#environment.permitted(link),
      accepted => this.#place(accepted),
      (denied, text) => this.#refuse(denied, text),
    );
  }

  #place(link: Link): void {
    if (this.#environment.isDraining()) {
      this.#refuse(link, REFUSAL.draining);
      return;
    }
    const { ports } = this.#config;
    for (let step = 0; step < ports.length; step++) {
      const index = (this.#next + step) % ports.length;
      if (this.#ports.find(ports[index] ?? "")?.takeFromRotator(link) !== true) continue;
      this.#next = (index + 1) % ports.length;
      return;
    }
    this.#refuse(link, REFUSAL.noFreePort);
  }

  #refuse(link: Link, text: string): void {
    refuse(link, text);
    logConnection(this.#environment, { name: this.#config.name }, "refuse", { link }, text);
  }
}
