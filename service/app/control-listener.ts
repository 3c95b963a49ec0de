/** The listening socket of the control port. A reload may open, move and close it; its sessions stay. */

import type { ControlSocket } from "../config/configuration.js";
import { controlPortParts, parseNetworkPort, type ServiceLookup } from "../config/network-port.js";
import type { ControlServer } from "../control/server.js";
import type { Log } from "../log/log.js";
import { reasonOf } from "../native/errors.js";
import type { Link, Listener } from "../net/link.js";
import { closeAll } from "../net/sockets.js";
import { adoptTcp } from "../net/tcp.js";
import type { PortEnvironment } from "../port/environment.js";
import { acceptPermitted } from "../port/peers/admission.js";
import { loader } from "./bundles.js";

type ControlPortError = "invalid" | "not-open";

interface ControlListenerOptions {
  /** Loaded when a control port is configured; throws when it cannot be. */
  readonly createServer: () => ControlServer;
  readonly log: Log;
  readonly listen: PortEnvironment["listen"];
  readonly secure: PortEnvironment["secure"];
  readonly permitted: (link: Link) => boolean | Promise<boolean>;
  readonly serviceLookup: ServiceLookup;
}

export class ControlListener {
  #spec: string | null = null;
  #listener: Listener | null = null;
  readonly #options: ControlListenerOptions;
  readonly #server: () => ControlServer | null;
  #sessions: ControlServer | null = null;

  constructor(options: ControlListenerOptions) {
    this.#options = options;
    this.#server = loader("Commands of the control port", options.createServer, options.log);
  }

  /** Null: no control port was configured so far, and there are no sessions. */
  get sessions(): ControlServer | null {
    return this.#sessions;
  }

  /** Null: it cannot be loaded, which is logged. */
  server(): ControlServer | null {
    this.#sessions = this.#server();
    return this.#sessions;
  }

  /**
   * Listens on `spec` and nowhere else; null, or where there are no commands: nowhere. What was open stays open when it is the same.
   * @param retryInUse true: a network port that another program has is tried again until it is free
   */
  move(spec: string | null, retryInUse: boolean): ControlPortError | null {
    if (spec === this.#spec && (spec === null || this.#listener !== null)) return null;
    this.#listener?.close();
    this.#listener = null;
    this.#spec = spec;
    if (spec === null) return null;
    const { tls, networkPort } = controlPortParts(spec);
    const port = parseNetworkPort(networkPort, this.#options.serviceLookup);
    if (typeof port === "string" || port.transport !== "tcp" || port.port === 0) return "invalid";
    const server = this.server();
    if (server === null) return null;
    try {
      this.#listener = this.#options.listen(port, {
        accepted: link => this.#accepted(link, tls, server),
        waiting: reason => this.#options.log.error(`Unable to create TCP socket: ${reason}`),
        retryInUse,
        failed: reason => this.#options.log.error(`Could not accept on controller port: ${reason}`),
      });
    } catch (error) {
      this.#options.log.error(`Unable to create TCP socket: ${reasonOf(error)}`);
      return "not-open";
    }
    return null;
  }

  /** As `move`, for the local socket. Its failure is logged, and tried again at the next reload. */
  moveSocket(config: ControlSocket | null): void {
    if (config?.path == null && this.#sessions === null) return;
    this.server()?.local.move(config, (fd, events) => adoptTcp([fd], events, closeAll));
  }

  /** As written; null: none is served, or not yet. */
  get served(): string | null {
    return this.#listener?.error === null ? this.#spec : null;
  }

  get isBroken(): boolean {
    return this.#listener?.isBroken ?? false;
  }

  close(): void {
    this.move(null, false);
    this.#sessions?.close();
  }

  #accepted(link: Link, tls: string | null, server: ControlServer): void {
    const { permitted, secure } = this.#options;
    acceptPermitted(link, permitted(link), admitted => secure(tls, admitted, one => server.accept(one)));
  }
}
