/** Finds services in the network, over the D-Bus interface of avahi-daemon. */
import type { BusConnection } from "../dbus/bus-connection.js";
import type { Received } from "../dbus/codec.js";
import { AVAHI, SERVICE_TYPES } from "./announcement.js";

/** As Avahi numbers interfaces and protocols. */
const ANY = -1;
const IPV4 = 0;
/** Services that are resolved at the same time: avahi-daemon and the bus have limits. */
const MAX_RESOLVING = 16;

/** A service that is there. Texts are Unicode, as the network has them. */
export interface FoundService {
  readonly name: string;
  readonly type: string;
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly txt: ReadonlyMap<string, string>;
}

interface Item {
  readonly interface: number;
  readonly protocol: number;
  readonly name: string;
  readonly type: string;
  readonly domain: string;
}

interface Browsed {
  readonly items: Map<string, Item>;
  isDone: boolean;
}

export class ServiceBrowser {
  readonly #connection: BusConnection;
  /** The unique name of avahi-daemon. */
  readonly #owner: string;
  /** By the path of the browser: its signals may come before its path. */
  readonly #browsed = new Map<string, Browsed>();
  #changed: () => void = () => {};

  constructor(connection: BusConnection, owner: string) {
    this.#connection = connection;
    this.#owner = owner;
  }

  /** Takes a signal of the connection. One that cannot be read is not taken. */
  signalled(signal: Received): void {
    if (signal.sender !== this.#owner || signal.interface !== `${AVAHI}.ServiceBrowser`) return;
    const { items, ...browsed } = this.#of(signal.path);
    if (signal.member === "AllForNow" || signal.member === "Failure") {
      this.#browsed.set(signal.path, { ...browsed, items, isDone: true });
      this.#changed();
    }
    if (signal.member !== "ItemNew") return;
    let body: readonly unknown[];
    try {
      body = signal.body();
    } catch {
      return;
    }
    const [index, protocol, name, type, domain] = body;
    const item = { name: String(name), type: String(type), domain: String(domain) };
    const key = JSON.stringify(item);
    // A service is there once, whatever interfaces show it.
    if (items.has(key) && protocol !== IPV4) return;
    items.set(key, { ...item, interface: Number(index), protocol: Number(protocol) });
  }

  /** All that avahi-daemon knows and the network answers. Rejects with BusCallError. @param late when it is not waited any more */
  async find(late: Promise<void>): Promise<readonly FoundService[]> {
    await this.#connection.call("AddMatch", "s", [`type='signal',sender='${AVAHI}'`]);
    const paths: string[] = [];
    for (const type of SERVICE_TYPES) {
      const [path] = await this.#server("ServiceBrowserNew", "iissu", [ANY, ANY, type, "", 0]);
      paths.push(String(path));
    }
    let isLate = false;
    const end = late.then(() => {
      isLate = true;
    });
    while (!isLate && !paths.every(path => this.#of(path).isDone)) {
      await Promise.race([end, new Promise<void>(resolve => (this.#changed = resolve))]);
    }
    const waiting = paths.flatMap(path => [...this.#of(path).items.values()]);
    const found: FoundService[] = [];
    const resolveNext = async (): Promise<void> => {
      for (let item = waiting.shift(); item !== undefined && !isLate; item = waiting.shift()) {
        const service = await this.#resolve(item);
        if (service !== null) found.push(service);
      }
    };
    await Promise.race([end, Promise.all(Array.from({ length: MAX_RESOLVING }, resolveNext))]);
    return found;
  }

  /** Null: it is gone. */
  async #resolve(item: Item): Promise<FoundService | null> {
    const { interface: index, protocol, name, type, domain } = item;
    try {
      const reply = await this.#server("ResolveService", "iisssiu", [index, protocol, name, type, domain, protocol, 0]);
      const [host, address, port, txt] = [reply[5], reply[7], reply[8], reply[9]];
      return {
        ...{ name, type, host: String(host), address: String(address), port: Number(port) },
        txt: new Map((txt as readonly Uint8Array[]).map(bytes => keyAndValue(Buffer.from(bytes).toString("utf8")))),
      };
    } catch {
      return null;
    }
  }

  #of(path: string): Browsed {
    const browsed = this.#browsed.get(path) ?? { items: new Map(), isDone: false };
    this.#browsed.set(path, browsed);
    return browsed;
  }

  #server(member: string, signature: string, body: readonly unknown[]): Promise<readonly unknown[]> {
    const target = { destination: this.#owner, path: "/", interface: `${AVAHI}.Server` };
    return this.#connection.call(member, signature, body, target);
  }
}

function keyAndValue(text: string): [string, string] {
  const at = text.indexOf("=");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
