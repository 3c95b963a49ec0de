/** Loads the D-Bus bundle and starts it, after the ports listen. */
import { VERSION } from "../cli.js";
import type { DbusService } from "../dbus/service.js";
import { type Clock, systemClock } from "../line/clock.js";
import type { Log } from "../log/log.js";
import { reasonOf } from "../native/errors.js";
import { loadModule } from "../native/load-module.js";
import type { ManagedPort } from "../port/status.js";
import type { Daemon } from "./daemon.js";

type Entry = typeof import("../dbus/entry.js");

export class DbusLoader {
  #service: DbusService | null = null;
  readonly #clock: Clock;
  readonly #startedMs: number;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.#startedMs = clock.nowMs();
  }

  /** @param choice `system`, `session`, or a bus address */
  start(choice: string, daemon: Daemon, reload: () => void, log: Log): void {
    let entry: Entry;
    try {
      entry = loadModule<Entry>("./dbus.cjs");
    } catch (error) {
      log.error(`D-Bus cannot be loaded: ${reasonOf(error)}`);
      return;
    }
    const board = daemon.board?.board ?? null;
    this.#service = entry.startDbus({
      address: entry.busAddress(choice, process.env),
      busName: board === null ? entry.WELL_KNOWN_NAME : entry.instanceName(board),
      daemon: {
        version: VERSION,
        board,
        uptimeSeconds: () => Math.floor((this.#clock.nowMs() - this.#startedMs) / 1000),
        reload: () => {
          reload();
          return daemon.lastReload;
        },
        check: text => daemon.check(text),
      },
      ports: daemon.ports,
      drain: daemon.drain,
      label: portName => daemon.label(portName),
      identify: (portName, seconds) => daemon.identify(portName, seconds),
      log,
    });
  }

  portChanged(port: ManagedPort): void {
    this.#service?.portChanged(port);
  }

  portsChanged(): void {
    this.#service?.portsChanged();
  }

  drainChanged(): void {
    this.#service?.drainChanged();
  }

  async stop(): Promise<void> {
    await this.#service?.stop();
  }
}
