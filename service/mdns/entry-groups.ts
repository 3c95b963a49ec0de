/** The services that one avahi-daemon announces for this process: each is an entry group. */
import { networkInterfaces } from "node:os";
import type { BusConnection } from "../dbus/bus-connection.js";
import { encodeUtf8 } from "../line/bytes.js";
import type { Log } from "../log/log.js";
import { reasonOf } from "../native/errors.js";
import { type Announcement, AVAHI } from "./announcement.js";

export type BusBundle = typeof import("../dbus/entry.js");

/** As Avahi numbers them: interfaces and protocols, and the states of a group. */
const ANY = -1;
const PROTOCOLS = { ipv4: 0, ipv6: 1, any: ANY } as const;
const COLLISION = 3;
const FAILURE = 4;
/** Names that are tried for one service. */
const MAX_NAMES = 20;

interface Group {
  readonly announcement: Announcement;
  /** Null: it is not made yet, or could not be. */
  path: string | null;
  /** In the network: another one than wanted where that was taken. */
  name: string;
  names: number;
  /** Another service has the name. */
  collided: boolean;
}

interface EntryGroupsOptions {
  readonly connection: BusConnection;
  readonly owner: string;
  readonly bus: Pick<BusBundle, "BusCallError">;
  readonly log: Log;
}

export class EntryGroups {
  readonly #options: EntryGroupsOptions;
  readonly #groups = new Map<string, Group>();
  #wanted = new Map<string, Announcement>();
  #isWorking = false;
  #isDue = false;
  #isOver = false;

  constructor(options: EntryGroupsOptions) {
    this.#options = options;
  }

  /** These and nothing else. */
  announce(wanted: readonly Announcement[]): void {
    this.#wanted = new Map(wanted.map(one => [JSON.stringify(one), one]));
    void this.#work();
  }

  stateChanged(path: string, state: number, reason: string): void {
    for (const group of this.#groups.values()) {
      if (group.path !== path) continue;
      if (state === COLLISION) group.collided = true;
      if (state === FAILURE) this.#failed(group.announcement, reason);
    }
    if (state === COLLISION) void this.#work();
  }

  /** Ends all of them, and this object. */
  withdraw(): void {
    const paths = [...this.#groups.values()].flatMap(({ path }) => path ?? []);
    this.forget();
    for (const path of paths) this.#group(path, "Free").catch(() => {});
  }

  /** avahi-daemon is gone, and all of them with it. */
  forget(): void {
    this.#isOver = true;
    this.#groups.clear();
  }

  /** One after the other: avahi-daemon and the bus limit what waits for an answer. */
  async #work(): Promise<void> {
    this.#isDue = true;
    if (this.#isWorking) return;
    this.#isWorking = true;
    while (this.#isDue && !this.#isOver) {
      this.#isDue = false;
      for (const [key, group] of [...this.#groups]) {
        if (this.#wanted.has(key)) continue;
        this.#groups.delete(key);
        await this.#try(group, () => this.#free(group));
      }
      for (const [key, announcement] of this.#wanted) await this.#add(key, announcement);
      for (const group of [...this.#groups.values()]) {
        if (group.collided) await this.#try(group, () => this.#rename(group));
      }
    }
    this.#isWorking = false;
  }

  async #add(key: string, announcement: Announcement): Promise<void> {
    if (this.#isOver || this.#groups.has(key)) return;
    const group: Group = { announcement, path: null, name: announcement.name, names: 1, collided: false };
    this.#groups.set(key, group);
    await this.#try(group, async () => {
      const [path] = await this.#server("EntryGroupNew");
      group.path = String(path);
      await this.#register(group);
    });
  }

  async #register(group: Group): Promise<void> {
    const { announcement, path } = group;
    if (path === null) return;
    const { type, family, address, port, txt } = announcement;
    const index = address === null ? ANY : await this.#interfaceOf(address);
    const bytes = txt.map(text => Buffer.from(text));
    const entry = [index, protocolOf(family, address), 0, group.name, type, "", "", port, bytes];
    try {
      await this.#group(path, "AddService", "iiussssqaay", entry);
    } catch (error) {
      const isTaken = error instanceof this.#options.bus.BusCallError && error.errorName === `${AVAHI}.CollisionError`;
      if (!isTaken) throw error;
      await this.#rename(group); // another program of this machine has it
      return;
    }
    await this.#group(path, "Commit");
    if (group.names > 1)
      this.#options.log.notice(
        encodeUtf8(`mDNS: the name "${announcement.name}" is taken, ${announcement.what} is "${group.name}"`),
      );
  }

  async #rename(group: Group): Promise<void> {
    group.collided = false;
    if (group.names++ >= MAX_NAMES) throw new Error("too many services have its name");
    if (group.path !== null) await this.#group(group.path, "Reset");
    const [name] = await this.#server("GetAlternativeServiceName", "s", [group.name]);
    group.name = String(name);
    await this.#register(group);
  }

  async #free(group: Group): Promise<void> {
    if (group.path !== null) await this.#group(group.path, "Free");
  }

  /** What fails is logged and not tried again until it changes, or avahi-daemon restarts. */
  async #try(group: Group, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      const isRefused = !(error instanceof this.#options.bus.BusCallError) || error.errorName !== null;
      if (isRefused && !this.#isOver) this.#failed(group.announcement, reasonOf(error));
    }
  }

  #failed({ what }: Announcement, reason: string): void {
    this.#options.log.warning(encodeUtf8(`mDNS: ${what} is not announced: ${reason}`));
  }

  async #interfaceOf(address: string): Promise<number> {
    const found = Object.entries(networkInterfaces()).find(([, all]) => all?.some(one => one.address === address));
    if (found === undefined) throw new Error(`no interface has the address ${address}`);
    const [index] = await this.#server("GetNetworkInterfaceIndexByName", "s", [found[0]]);
    return Number(index);
  }

  #server(member: string, signature = "", body: readonly unknown[] = []): Promise<readonly unknown[]> {
    return this.#call("/", "Server", member, signature, body);
  }

  #group(path: string, member: string, signature = "", body: readonly unknown[] = []): Promise<readonly unknown[]> {
    return this.#call(path, "EntryGroup", member, signature, body);
  }

  #call(path: string, bound: string, member: string, signature: string, body: readonly unknown[]) {
    const { connection, owner } = this.#options;
    return connection.call(member, signature, body, { destination: owner, path, interface: `${AVAHI}.${bound}` });
  }
}

function protocolOf(family: Announcement["family"], address: string | null): number {
  return address === null ? PROTOCOLS[family] : PROTOCOLS[address.includes(":") ? "ipv6" : "ipv4"];
}
