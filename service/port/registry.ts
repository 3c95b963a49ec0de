/** All ports, in configuration order. */

import type { Port } from "./port.js";
import type { ManagedPort } from "./status.js";

export class Registry {
  readonly #ports = new Map<string, Port>();

  add(port: Port): void {
    this.#ports.set(port.name, port);
  }

  remove(port: ManagedPort): void {
    if (this.#ports.get(port.name) === port) this.#ports.delete(port.name);
  }

  list(): readonly Port[] {
    return [...this.#ports.values()];
  }

  /** By the network port exactly as configured. */
  find(name: string): Port | null {
    return this.#ports.get(name) ?? null;
  }

  /**
   * Whether a port other than `by` holds the device; a closing port still does
   * (docs/reference.md, "One device on several ports").
   */
  deviceInUse(identity: string, by: object): boolean {
    for (const port of this.#ports.values()) {
      if (port !== by && !port.isFree && port.deviceIdentity === identity) return true;
    }
    return false;
  }
}
