/** The objects on the bus: the daemon, each port, each connection. Nothing is kept: all is read when it is asked for. */
import type { ConnectionFacts, Operable } from "../port/facts.js";
import { CONNECTION } from "./connection-interface.js";
import { DAEMON } from "./daemon-interface.js";
import { CONNECTIONS, connectionPath, decodeLabel, encodeLabel, PORTS, portPath, ROOT } from "./names.js";
import type { DbusParts } from "./parts.js";
import { PORT, shown } from "./port-interface.js";
import { type BusObject, facesOf } from "./standard.js";
import { type Face, faceOf } from "./table.js";

export interface PortObjects {
  readonly port: BusObject;
  readonly connections: readonly BusObject[];
}

export class Tree {
  readonly #parts: DbusParts;

  constructor(parts: DbusParts) {
    this.#parts = parts;
  }

  /** Null: nothing is there. */
  find(path: string): { readonly object: BusObject; readonly faces: readonly Face[] } | null {
    const object = this.#object(path);
    if (object === null) return null;
    return { object, faces: facesOf(object, path === ROOT ? () => this.#managed() : null) };
  }

  /** The port as it is now, and its connections. */
  objectsOf(port: Operable): PortObjects {
    const facts = port.facts();
    const { name } = port;
    const subject = {
      port,
      facts,
      label: this.#parts.label?.(name) ?? null,
      identify: (seconds: number) => this.#parts.identify?.(name, seconds) ?? false,
    };
    return {
      port: leaf(portPath(name), faceOf(PORT, subject)),
      connections: shown(facts).map(connection => connectionObject(connection, name)),
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
    if (path === ROOT) {
      return { path, own: [faceOf(DAEMON, this.#parts)], children: () => [nameIn(PORTS), nameIn(CONNECTIONS)] };
    }
    if (path === PORTS) return branch(path, () => this.#ports().map(({ name }) => encodeLabel(name)));
    if (path === CONNECTIONS) return branch(path, () => this.#connections());
    if (path === "/" || ROOT.startsWith(`${path}/`)) {
      const below = ROOT.slice(path === "/" ? 1 : path.length + 1).split("/")[0] ?? "";
      return branch(path, () => [below]);
    }
    const name = below(path, PORTS);
    if (name !== null) {
      const port = this.#parts.ports.find(name);
      return port === null ? null : this.objectsOf(port).port;
    }
    const id = below(path, CONNECTIONS);
    return id === null ? null : this.#connection(id);
  }

  #connection(id: string): BusObject | null {
    for (const port of this.#ports()) {
      const facts = port.facts();
      const connection = shown(facts).find(one => String(one.id) === id);
      if (connection !== undefined) return connectionObject(connection, facts.name);
    }
    return null;
  }

  #ports(): readonly Operable[] {
    return this.#parts.ports.list();
  }

  #connections(): readonly string[] {
    return this.#ports().flatMap(port => shown(port.facts()).map(({ id }) => nameIn(connectionPath(id))));
  }
}

function connectionObject(connection: ConnectionFacts, portName: string): BusObject {
  return leaf(connectionPath(connection.id), faceOf(CONNECTION, { connection, portName }));
}

function leaf(path: string, face: Face): BusObject {
  return { path, own: [face], children: () => [] };
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
