/** Where the control port listens; reload may open, move and close it, sessions under way go on. */
import { parseNetworkPort, type ServiceLookup } from "./config/network-port.js";
import type { ControlServer } from "./control/server.js";
import { KernelError } from "./kernel/kernel.js";
import type { Log } from "./log/log.js";
import type { Link } from "./net/link.js";
import type { PortListener } from "./net/listen.js";
import type { PortParts } from "./port/parts.js";
import { takePermitted } from "./port/refuse.js";

export type DoorFault = "invalid" | "not-open";

export interface DoorParts {
  readonly server: ControlServer;
  readonly log: Log;
  readonly listen: PortParts["listen"];
  readonly permitted: (link: Link) => boolean | Promise<boolean>;
  readonly serviceLookup: ServiceLookup;
}

export class ControlDoor {
  #spec: string | null = null;
  #listener: PortListener | null = null;
  readonly #parts: DoorParts;

  constructor(parts: DoorParts) {
    this.#parts = parts;
  }

  /** Listens on `spec` and nowhere else; null: nowhere. What was open stays open when it is the same. */
  move(spec: string | null): DoorFault | null {
    if (spec === this.#spec && (spec === null || this.#listener !== null)) return null;
    this.#listener?.close();
    this.#listener = null;
    this.#spec = spec;
    if (spec === null) return null;
    const port = parseNetworkPort(spec, this.#parts.serviceLookup);
    if (typeof port === "string" || port.transport !== "tcp" || port.port === 0) return "invalid";
    try {
      this.#listener = this.#parts.listen(port, {
        accepted: link => this.#accepted(link),
        waiting: reason => this.#parts.log.error(`Unable to create TCP socket: ${reason}`),
        failed: reason => this.#parts.log.error(`Could not accept on controller port: ${reason}`),
      });
    } catch (error) {
      this.#parts.log.error(
        `Unable to create TCP socket: ${error instanceof KernelError ? error.reason : String(error)}`,
      );
      return "not-open";
    }
    return null;
  }

  get isBroken(): boolean {
    return this.#listener?.isBroken ?? false;
  }

  close(): void {
    this.move(null);
    this.#parts.server.close();
  }

  #accepted(link: Link): void {
    takePermitted(link, this.#parts.permitted(link), caller => this.#parts.server.accept(caller));
  }
}
