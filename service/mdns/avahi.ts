/** Keeps services announced by avahi-daemon, over its D-Bus interface. Never throws or ends by itself. */
import type { BusConnection, BusConnectionEvents } from "../dbus/bus-connection.js";
import type { Received } from "../dbus/codec.js";
import type { KeptConnection } from "../dbus/kept-connection.js";
import type { Clock } from "../line/clock.js";
import type { Log } from "../log/log.js";
import { reasonOf } from "../native/errors.js";
import { type Announcement, AVAHI } from "./announcement.js";
import { type BusBundle, EntryGroups } from "./entry-groups.js";

/** Of org.freedesktop.Avahi.Server: names are registered while it runs. */
const SERVER_RUNNING = 2;

interface AvahiOptions {
  readonly bus: BusBundle;
  /** As `busAddress` gives it. */
  readonly address: string;
  readonly log: Log;
  readonly clock: Clock;
}

export class Avahi {
  readonly #options: AvahiOptions;
  #wanted: readonly Announcement[] = [];
  /** Null: there is no bus, or no avahi-daemon that runs. */
  #groups: EntryGroups | null = null;
  /** The unique name of avahi-daemon; null: there is none. */
  #owner: string | null = null;
  readonly #kept: KeptConnection;
  /** What was logged since it was last there. */
  #lastProblem = "";

  constructor(options: AvahiOptions) {
    this.#options = options;
    const { bus, address, clock } = options;
    const events: BusConnectionEvents = {
      started: connection => void this.#started(connection),
      called: (call, _whole, own) => own.fail(call, "org.freedesktop.DBus.Error.UnknownMethod", "no method here"),
      named: (member, name) => {
        if (member === "NameOwnerChanged" && name === AVAHI) void this.#find();
      },
      signalled: signal => this.#signalled(signal),
      ended: reason => {
        this.#stop();
        this.#tell(reason);
      },
    };
    this.#kept = new bus.KeptConnection(address, events, clock);
    this.#kept.start();
  }

  /** Announces these and nothing else, as soon as avahi-daemon is there. */
  announce(wanted: readonly Announcement[]): void {
    this.#wanted = wanted;
    this.#groups?.announce(wanted);
  }

  async #started(connection: BusConnection): Promise<void> {
    const owner = `type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='${AVAHI}'`;
    try {
      await connection.call("AddMatch", "s", [owner]);
      await connection.call("AddMatch", "s", [`type='signal',sender='${AVAHI}'`]);
    } catch (error) {
      connection.end(reasonOf(error), true);
      return;
    }
    this.#kept.settled();
    await this.#find();
  }

  /** avahi-daemon has come or gone: what was announced is not announced any more. */
  async #find(): Promise<void> {
    const connection = this.#kept.current;
    this.#stop();
    if (connection === null) return;
    try {
      const [owner] = await connection.call("GetNameOwner", "s", [AVAHI]);
      if (connection !== this.#kept.current) return;
      this.#owner = String(owner);
      const target = { destination: this.#owner, path: "/", interface: `${AVAHI}.Server` };
      const [state] = await connection.call("GetState", "", [], target);
      if (connection === this.#kept.current && owner === this.#owner) this.#serverState(Number(state));
    } catch {
      this.#tell("avahi-daemon does not run");
    }
  }

  #signalled(signal: Received): void {
    if (signal.sender !== this.#owner || signal.member !== "StateChanged") return;
    let body: readonly unknown[];
    try {
      body = signal.body();
    } catch {
      return;
    }
    const state = Number(body[0]);
    if (signal.interface === `${AVAHI}.Server`) this.#serverState(state);
    else if (signal.interface === `${AVAHI}.EntryGroup`)
      this.#groups?.stateChanged(signal.path, state, String(body[1]));
  }

  /** Another host name, or the same one again: services have it in them, and are registered anew. */
  #serverState(state: number): void {
    const { bus, log } = this.#options;
    this.#groups?.withdraw();
    this.#groups = null;
    if (state !== SERVER_RUNNING || this.#kept.current === null || this.#owner === null) return;
    this.#lastProblem = "";
    log.notice("mDNS: ports are announced by avahi-daemon");
    this.#groups = new EntryGroups({ connection: this.#kept.current, owner: this.#owner, bus, log });
    this.#groups.announce(this.#wanted);
  }

  #stop(): void {
    this.#owner = null;
    this.#groups?.forget();
    this.#groups = null;
  }

  #tell(reason: string): void {
    if (this.#lastProblem !== "") return;
    this.#lastProblem = reason;
    this.#options.log.warning(`mDNS: ${reason}; the ports are served, and announced when it is there`);
  }
}
