/** The objects on the bus: the daemon, each port, each connection. Nothing is kept: all is read when it is asked for. */
import type { ConnectionStatus, ManagedPort } from "../port/status.js";
import { CONNECTION } from "./connection-interface.js";
import { DAEMON } from "./daemon-interface.js";
import { type BoundInterface, bindInterface } from "./interface.js";
import { CONNECTIONS, connectionPath, decodeLabel, encodeLabel, PORTS, portPath, ROOT } from "./names.js";
import { PORT, shown } from "./port-interface.js";
import type { DbusServiceOptions } from "./service.js";
import { type BusObject, boundInterfaces } from "./standard-interfaces.js";

export interface PortObjects {
  readonly port: BusObject;
  readonly connections: readonly BusObject[];
}

export class ObjectTree {
  readonly #options: DbusServiceOptions;

  constructor(options: DbusServiceOptions) {
    this.#options = options;
  }

  /** Null: nothing is there. */
  find(path: string): { readonly object: BusObject; readonly interfaces: readonly BoundInterface[] } | null {
    const object = this.#object(path);
    if (object === null) return null;
    return { object, interfaces: boundInterfaces(object, path === ROOT ? () => this.#managed() : null) };
  }

  /** The port as it is now, and its connections. */
  objectsOf(port: ManagedPort): PortObjects {
    const status = port.status();
    const { name } = port;
    const subject = {
      port,
      status,
      label: this.#options.label?.(name) ?? null,
      identify: (seconds: number) => this.#options.identify?.(name, seconds) ?? false,
    };
    return {
      port: leaf(portPath(name), bindInterface(PORT, subject)),
      connections: shown(status).map(connection => connectionObject(connection, name)),
    };
  }

  daemon(): BusObject {
    return {
      path: ROOT,
      own: [bindInterface(DAEMON, this.#options)],
      children: () => [nameIn(PORTS), nameIn(CONNECTIONS)],
    };
  }

  *#managed(): Generator<BusObject> {
    for (const port of [...this.#ports()]) {
      const objects = this.objectsOf(port);
      yield objects.port;
      yield* objects.connections;
    }
  }

  #object(path: string): BusObject | null {
    if (path === ROOT) return this.daemon();
    if (path === PORTS) return branch(path, () => this.#ports().map(({ name }) => encodeLabel(name)));
    if (path === CONNECTIONS) return branch(path, () => this.#connections());
    if (path === "/" || ROOT.startsWith(`${path}/`)) {
      const below = ROOT.slice(path === "/" ? 1 : path.length + 1).split("/")[0] ?? "";
      return branch(path, () => [below]);
    }
    const name = below(path, PORTS);
    if (name !== null) {
      const port = this.#options.ports.find(name);
      return port === null ? null : this.objectsOf(port).port;
    }
    const id = below(path, CONNECTIONS);
    return id === null ? null : this.#connection(id);
  }

  #connection(id: string): BusObject | null {
    for (const port of this.#ports()) {
      const status = port.status();
      const connection = shown(status).find(one => String(one.id) === id);
      if (connection !== undefined) return connectionObject(connection, status.name);
    }
    return null;
  }

  #ports(): readonly ManagedPort[] {
    return this.#options.ports.list();
  }

  #connections(): readonly string[] {
    return this.#ports().flatMap(port => shown(port.status()).map(({ id }) => nameIn(connectionPath(id))));
  }
}

function connectionObject(connection: ConnectionStatus, portName: string): BusObject {
  return leaf(connectionPath(connection.id), bindInterface(CONNECTION, { connection, portName }));
}

function leaf(path: string, bound: BoundInterface): BusObject {
  return { path, own: [bound], children: () => [] };
}

function branch(path: string, children: () => readonly string[]): BusObject {
  return { path, own: [], children };
}

/** The decoded name of what is right below `folder`. */
function below(path: string, folder: string): string | null {
  return path.startsWith(`${folder}/`) ? decodeLabel(path.slice(folder.length + 1)) : null;
}

function nameIn(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
