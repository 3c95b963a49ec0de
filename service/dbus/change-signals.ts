/** Sends signals for properties that differ from the last ones sent, at a limited rate. */
import type { Clock } from "../line/clock.js";
import type { ManagedPort } from "../port/status.js";
import type { BusConnection } from "./bus-connection.js";
import { CONNECTION } from "./connection-interface.js";
import { DAEMON } from "./daemon-interface.js";
import { type InterfaceShape, signatureOf, type Values } from "./interface.js";
import { ROOT } from "./names.js";
import type { ObjectTree } from "./object-tree.js";
import { PORT } from "./port-interface.js";
import { type BusObject, describeObject, OBJECT_MANAGER, PROPERTIES } from "./standard-interfaces.js";
import type { TaskQueue } from "./task-queue.js";

/** Time between two rounds of signals. A change that is reverted meanwhile is not signalled. */
const PAUSE_MS = 1000;

const CHANGING = changing(PORT);
const DAEMON_CHANGING = changing(DAEMON);

/** The last signalled state of a port. */
interface LastSent {
  readonly path: string;
  /** The changing properties, each as comparable text. */
  values: ReadonlyMap<string, string>;
  connections: ReadonlySet<string>;
}

interface ChangeSignalsOptions {
  readonly tree: ObjectTree;
  readonly ports: { list(): readonly ManagedPort[] };
  readonly tasks: TaskQueue;
  readonly clock: Clock;
}

export class ChangeSignals {
  readonly #options: ChangeSignalsOptions;
  #connection: BusConnection | null = null;
  readonly #lastSent = new Map<ManagedPort, LastSent>();
  readonly #changed = new Set<ManagedPort>();
  #listChanged = false;
  #daemonChanged = false;
  /** The changing properties of the daemon, as they were last sent. */
  #daemonLastSent: ReadonlyMap<string, string> = new Map();
  /** A round is under way, or the pause after it. */
  #busy = false;
  #cancelPause: () => void = () => {};

  constructor(options: ChangeSignalsOptions) {
    this.#options = options;
  }

  /**
   * A client that connects to the bus, or sees this service connect, reads the state itself; changes are told from then
   * on. Null: without a bus.
   */
  connectionChanged(connection: BusConnection | null): void {
    this.#connection = connection;
    this.#lastSent.clear();
    this.#changed.clear();
    this.#listChanged = false;
    this.#daemonChanged = false;
    this.#daemonLastSent = comparable(this.#options.tree.daemon(), DAEMON_CHANGING);
    if (connection !== null) this.#options.tasks.add(this.#learn(connection));
  }

  portChanged(port: ManagedPort): void {
    if (this.#connection === null) return;
    this.#changed.add(port);
    this.#start();
  }

  portsChanged(): void {
    if (this.#connection === null) return;
    this.#listChanged = true;
    this.#start();
  }

  daemonChanged(): void {
    if (this.#connection === null) return;
    this.#daemonChanged = true;
    this.#start();
  }

  stop(): void {
    this.#connection = null;
    this.#cancelPause();
  }

  #start(): void {
    if (this.#busy) return;
    this.#busy = true;
    this.#options.tasks.add(this.#round(this.#connection));
  }

  *#learn(connection: BusConnection): Generator<void> {
    for (const port of [...this.#options.ports.list()]) {
      if (this.#connection !== connection) return;
      const { port: object, connections } = this.#options.tree.objectsOf(port);
      this.#lastSent.set(port, lastSentOf(object, connections));
      yield;
    }
  }

  *#round(connection: BusConnection | null): Generator<void> {
    this.#cancelPause = this.#options.clock.after(PAUSE_MS, () => {
      this.#busy = false;
      if (this.#changed.size > 0 || this.#listChanged || this.#daemonChanged) this.#start();
    });
    if (this.#daemonChanged) this.#tellDaemon();
    if (this.#listChanged) yield* this.#tellList(connection);
    for (const port of [...this.#changed]) {
      if (this.#connection !== connection) return;
      this.#changed.delete(port);
      if (this.#lastSent.has(port)) this.#tellPort(port);
      yield;
    }
  }

  /** Ports that went, ports that came, and (a reload may change all of them) the others anew. */
  *#tellList(connection: BusConnection | null): Generator<void> {
    this.#listChanged = false;
    const present = new Set(this.#options.ports.list());
    for (const [port, lastSent] of [...this.#lastSent]) {
      if (present.has(port)) continue;
      this.#lastSent.delete(port);
      for (const path of lastSent.connections) this.#removed(path, CONNECTION.name);
      this.#removed(lastSent.path, PORT.name);
      yield;
    }
    for (const port of present) {
      if (this.#connection !== connection) return;
      if (this.#lastSent.has(port)) this.#changed.add(port);
      else this.#tellNew(port);
      yield;
    }
  }

  #tellDaemon(): void {
    this.#daemonChanged = false;
    const daemon = this.#options.tree.daemon();
    const before = this.#daemonLastSent;
    const now = comparable(daemon, DAEMON_CHANGING);
    this.#daemonLastSent = now;
    this.#changedValues(
      daemon,
      DAEMON_CHANGING.filter(name => now.get(name) !== before.get(name)),
    );
  }

  #tellNew(port: ManagedPort): void {
    const { port: object, connections } = this.#options.tree.objectsOf(port);
    for (const one of [object, ...connections]) this.#added(one);
    this.#lastSent.set(port, lastSentOf(object, connections));
  }

  #tellPort(port: ManagedPort): void {
    const before = this.#lastSent.get(port);
    const { port: object, connections } = this.#options.tree.objectsOf(port);
    const now = lastSentOf(object, connections);
    this.#lastSent.set(port, now);
    // Objects come before what names them and go after it.
    for (const one of connections) if (!before?.connections.has(one.path)) this.#added(one);
    const changed = CHANGING.filter(name => now.values.get(name) !== before?.values.get(name));
    this.#changedValues(object, changed);
    for (const path of before?.connections ?? []) if (!now.connections.has(path)) this.#removed(path, CONNECTION.name);
  }

  #added(object: BusObject): void {
    this.#signal(OBJECT_MANAGER, "InterfacesAdded", ROOT, [object.path, describeObject(object)]);
  }

  #removed(path: string, bound: string): void {
    this.#signal(OBJECT_MANAGER, "InterfacesRemoved", ROOT, [path, [bound]]);
  }

  #changedValues(object: BusObject, names: readonly string[]): void {
    const [own] = object.own;
    if (own === undefined || names.length === 0) return;
    const values: Values = own.values();
    const changed = Object.fromEntries(names.map(name => [name, values[name]]));
    this.#signal(PROPERTIES, "PropertiesChanged", object.path, [own.shape.name, changed, []]);
  }

  #signal(
    bound: typeof OBJECT_MANAGER | typeof PROPERTIES,
    member: string,
    path: string,
    body: readonly unknown[],
  ): void {
    const declared = bound.signals.find(({ name }) => name === member);
    this.#connection?.signal(path, bound.name, member, signatureOf(declared?.args ?? []), body);
  }
}

function changing(shape: InterfaceShape): readonly string[] {
  return shape.properties.filter(({ emits }) => emits === "true").map(({ name }) => name);
}

/** Values as texts that are equal when the values are. */
function comparable({ own }: BusObject, names: readonly string[]): ReadonlyMap<string, string> {
  return new Map(names.map(name => [name, JSON.stringify(own[0]?.value(name))]));
}

function lastSentOf(object: BusObject, connections: readonly BusObject[]): LastSent {
  return {
    path: object.path,
    values: comparable(object, CHANGING),
    connections: new Set(connections.map(({ path }) => path)),
  };
}
