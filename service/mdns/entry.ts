/** The bundle mdns.cjs: announces ports in the network. Loaded where a port or the control port has `mdns`. */
import { hostname } from "node:os";
import type { PortConfig } from "../config/configuration.js";
import { controlPortParts, parseNetworkPort } from "../config/network-port.js";
import { type Clock, systemClock } from "../line/clock.js";
import type { Log } from "../log/log.js";
import { loadModule } from "../native/load-module.js";
import { createServiceLookup } from "../net/services.js";
import { type Announcement, controlAnnouncement, portAnnouncement } from "./announcement.js";
import { Avahi } from "./avahi.js";
import type { BusBundle } from "./entry-groups.js";

/** Ports change often and together: changes are announced at most this often. */
const REFRESH_MS = 200;
/** How often the name of the host and the control port are looked at without a change of a port. */
const CHECK_MS = 60_000;

interface AnnouncedDaemon {
  readonly ports: { list(): readonly { inForce(): PortConfig; readonly listenError: string | null }[] };
  readonly board: { readonly board: string } | null;
  label(portName: string): string | null;
  /** The control port that is served, as written. */
  readonly control: { readonly served: string | null };
}

export class Mdns {
  readonly #daemon: AnnouncedDaemon;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #avahi: Avahi;
  readonly #serviceLookup = createServiceLookup();
  #isDue = false;
  #lastLeftOut = "";

  /** Throws where the D-Bus bundle cannot be loaded. */
  constructor(daemon: AnnouncedDaemon, log: Log, clock: Clock = systemClock) {
    this.#daemon = daemon;
    this.#log = log;
    this.#clock = clock;
    const bus = loadModule<BusBundle>("./dbus.cjs");
    this.#avahi = new Avahi({ bus, address: bus.busAddress("system", process.env), log, clock });
    clock.every(CHECK_MS, () => this.refresh());
  }

  /** Ports, the board or the control port may have changed. Cheap: may be called at any rate, from anywhere. */
  refresh(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#clock.after(REFRESH_MS, () => {
      this.#isDue = false;
      this.#announce();
    });
  }

  #announce(): void {
    const { ports, board } = this.#daemon;
    const machine = { host: hostname().replace(/\..*/, ""), board: board?.board ?? null };
    const found = ports.list().map(port => {
      const definition = port.inForce();
      if (port.listenError !== null || definition.options.mdns === null) return null;
      return portAnnouncement(definition, { ...machine, label: this.#daemon.label(definition.name) });
    });
    const all = [...found, this.#control(machine)];
    this.#avahi.announce(all.filter((one): one is Announcement => typeof one === "object" && one !== null));
    this.#tell(all.filter(one => typeof one === "string").join(", "));
  }

  #control(machine: Parameters<typeof controlAnnouncement>[2]): Announcement | string | null {
    const { served } = this.#daemon.control;
    if (served === null) return null;
    const networkPort = parseNetworkPort(controlPortParts(served).networkPort, this.#serviceLookup);
    return typeof networkPort === "string" ? null : controlAnnouncement(served, networkPort, machine);
  }

  #tell(leftOut: string): void {
    if (leftOut !== "" && leftOut !== this.#lastLeftOut) this.#log.info(`mDNS: not announced: ${leftOut}`);
    this.#lastLeftOut = leftOut;
  }
}
