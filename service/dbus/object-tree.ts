/** The objects on the bus: the daemon, each port, each connection. They are made for each call and not kept. */
import type { ConnectionStatus, ManagedPort } from "../port/status.js";
import type { Received } from "./codec.js";
import { CONNECTION } from "./connection-interface.js";
import { DAEMON } from "./daemon-interface.js";
import { BusError } from "./errors.js";
import { type BoundInterface, bindInterface, type MethodShape, type Result, signatureOf } from "./interface.js";
import { CONNECTIONS, connectionPath, decodeLabel, encodeLabel, PORTS, portPath, ROOT } from "./names.js";
import { PORT, shown } from "./port-interface.js";
import type { DbusServiceOptions } from "./service.js";
import { type BusObject, standardInterfaces } from "./standard-interfaces.js";

interface PortObjects {
  readonly port: BusObject;
  readonly connections: readonly BusObject[];
}

/** The method that a call names, with its arguments. */
export interface MatchedCall {
  readonly path: string;
  readonly method: MethodShape;
  readonly args: readonly unknown[];
  /** Throws BusError. */
  run(): Result;
}

export class ObjectTree {
  readonly #options: DbusServiceOptions;

  constructor(options: DbusServiceOptions) {
    this.#options = options;
  }

  /** Throws BusError: no such object, interface or method, or arguments of other types. */
  match(call: Received, whole: boolean): MatchedCall {
    const interfaces = this.#interfacesOf(call.path);
    if (interfaces === null) throw new BusError("UnknownObject", `no object ${call.path}`);
    // A call may leave the interface out.
    const named = interfaces.filter(bound => call.interface === "" || bound.shape.name === call.interface);
    if (named.length === 0) throw new BusError("UnknownInterface", `no interface ${call.interface} at ${call.path}`);
    for (const bound of named) {
      const method = bound.shape.methods.find(({ name }) => name === call.member);
      if (method === undefined) continue;
      const args = readArguments(call, whole, method);
      return { path: call.path, method, args, run: () => bound.call(method, args) };
    }
    throw new BusError("UnknownMethod", `no method ${call.member} at ${call.path}`);
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

  /** Its own ones, then the standard ones; null: there is no such object. */
  #interfacesOf(path: string): readonly BoundInterface[] | null {
    const object = this.#object(path);
    if (object === null) return null;
    return [...object.own, ...standardInterfaces(object, path === ROOT ? () => this.#managed() : null)];
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

function readArguments(call: Received, whole: boolean, method: MethodShape): readonly unknown[] {
  const wanted = signatureOf(method.in);
  if (call.signature !== wanted) {
    throw new BusError("InvalidArgs", `${method.name} takes (${wanted}), not (${call.signature})`);
  }
  if (!whole) throw new BusError("LimitsExceeded", "the message is too long");
  try {
    return call.body();
  } catch {
    throw new BusError("InvalidArgs", "the arguments cannot be read");
  }
}
