/** Change signals: what differs from what was last told, at most once in a while. */
import type { Operable } from "../port/facts.js";
import { CONNECTION } from "./connection-interface.js";
import { ROOT } from "./names.js";
import { PORT } from "./port-interface.js";
import { type BusObject, describeObject, OBJECT_MANAGER, PROPERTIES } from "./standard.js";
import type { Stay } from "./stay.js";
import { signatureOf, type Values } from "./table.js";
import type { Tree } from "./tree.js";
import type { Turns } from "./turns.js";

/** Between two rounds of signals. What changes and changes back meanwhile is not told. */
const PAUSE_MS = 1000;

const CHANGING = PORT.properties.filter(({ emits }) => emits === "true").map(({ name }) => name);

/** What listeners were told of a port. */
interface Told {
  readonly path: string;
  /** The changing properties, each as comparable text. */
  values: ReadonlyMap<string, string>;
  connections: ReadonlySet<string>;
}

export interface AnnouncerParts {
  readonly tree: Tree;
  readonly ports: { list(): readonly Operable[] };
  readonly turns: Turns;
  readonly after: (delayMs: number, run: () => void) => () => void;
}

export class Announcer {
  readonly #parts: AnnouncerParts;
  #stay: Stay | null = null;
  readonly #told = new Map<Operable, Told>();
  readonly #changed = new Set<Operable>();
  #listChanged = false;
  /** A round is under way, or the pause after it. */
  #busy = false;
  #cancelPause: () => void = () => {};

  constructor(parts: AnnouncerParts) {
    this.#parts = parts;
  }

  /** Who comes to the bus, or sees us come, reads for itself; from then on changes are told. Null: nobody is there. */
  stayChanged(stay: Stay | null): void {
    this.#stay = stay;
    this.#told.clear();
    this.#changed.clear();
    this.#listChanged = false;
    if (stay !== null) this.#parts.turns.add(this.#learn(stay));
  }

  portChanged(port: Operable): void {
    if (this.#stay === null) return;
    this.#changed.add(port);
    this.#start();
  }

  portsChanged(): void {
    if (this.#stay === null) return;
    this.#listChanged = true;
    this.#start();
  }

  stop(): void {
    this.#stay = null;
    this.#cancelPause();
  }

  #start(): void {
    if (this.#busy) return;
    this.#busy = true;
    this.#parts.turns.add(this.#round(this.#stay));
  }

  *#learn(stay: Stay): Generator<void> {
    for (const port of [...this.#parts.ports.list()]) {
      if (this.#stay !== stay) return;
      const { port: object, connections } = this.#parts.tree.objectsOf(port);
      this.#told.set(port, toldOf(object, connections));
      yield;
    }
  }

  *#round(stay: Stay | null): Generator<void> {
    this.#cancelPause = this.#parts.after(PAUSE_MS, () => {
      this.#busy = false;
      if (this.#changed.size > 0 || this.#listChanged) this.#start();
    });
    if (this.#listChanged) yield* this.#tellList(stay);
    for (const port of [...this.#changed]) {
      if (this.#stay !== stay) return;
      this.#changed.delete(port);
      if (this.#told.has(port)) this.#tellPort(port);
      yield;
    }
  }

  /** Ports that went, ports that came, and (a reload may change all of them) the others anew. */
  *#tellList(stay: Stay | null): Generator<void> {
    this.#listChanged = false;
    const present = new Set(this.#parts.ports.list());
    for (const [port, told] of [...this.#told]) {
      if (present.has(port)) continue;
      this.#told.delete(port);
      for (const path of told.connections) this.#removed(path, CONNECTION.name);
      this.#removed(told.path, PORT.name);
      yield;
    }
    for (const port of present) {
      if (this.#stay !== stay) return;
      if (this.#told.has(port)) this.#changed.add(port);
      else this.#tellNew(port);
      yield;
    }
  }

  #tellNew(port: Operable): void {
    const { port: object, connections } = this.#parts.tree.objectsOf(port);
    for (const one of [object, ...connections]) this.#added(one);
    this.#told.set(port, toldOf(object, connections));
  }

  #tellPort(port: Operable): void {
    const before = this.#told.get(port);
    const { port: object, connections } = this.#parts.tree.objectsOf(port);
    const now = toldOf(object, connections);
    this.#told.set(port, now);
    // Objects come before what names them and go after it.
    for (const one of connections) if (!before?.connections.has(one.path)) this.#added(one);
    const changed = CHANGING.filter(name => now.values.get(name) !== before?.values.get(name));
    if (changed.length > 0) this.#changedValues(object, changed);
    for (const path of before?.connections ?? []) if (!now.connections.has(path)) this.#removed(path, CONNECTION.name);
  }

  #added(object: BusObject): void {
    this.#signal(OBJECT_MANAGER, "InterfacesAdded", ROOT, [object.path, describeObject(object)]);
  }

  #removed(path: string, face: string): void {
    this.#signal(OBJECT_MANAGER, "InterfacesRemoved", ROOT, [path, [face]]);
  }

  #changedValues(object: BusObject, names: readonly string[]): void {
    const values: Values = object.own[0]?.values() ?? {};
    const changed = Object.fromEntries(names.map(name => [name, values[name]]));
    this.#signal(PROPERTIES, "PropertiesChanged", object.path, [PORT.name, changed, []]);
  }

  #signal(
    face: typeof OBJECT_MANAGER | typeof PROPERTIES,
    member: string,
    path: string,
    body: readonly unknown[],
  ): void {
    const declared = face.signals.find(({ name }) => name === member);
    this.#stay?.signal(path, face.name, member, signatureOf(declared?.carries ?? []), body);
  }
}

function toldOf(object: BusObject, connections: readonly BusObject[]): Told {
  const values = object.own[0]?.values() ?? {};
  return {
    path: object.path,
    values: new Map(CHANGING.map(name => [name, JSON.stringify(values[name])])),
    connections: new Set(connections.map(({ path }) => path)),
  };
}
