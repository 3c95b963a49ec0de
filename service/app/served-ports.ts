/** The ports, rotators and LEDs of the configuration in force: made, changed and closed one by one, as a reload wants it. */
import type { LedConfig, PortConfig, RotatorConfig } from "../config/configuration.js";
import { formatDiagnostic } from "../config/diagnostic.js";
import type { Led } from "../led/led.js";
import type { Leds } from "../led/sysfs.js";
import { reasonOf } from "../native/errors.js";
import type { PortEnvironment } from "../port/environment.js";
import { NO_SOCKETS, Port } from "../port/port.js";
import type { Registry } from "../port/registry.js";
import { Rotator } from "../port/rotator.js";
import type { ReloadTarget } from "./reload.js";

export interface ServedPortsOptions {
  readonly ports: Registry;
  readonly environment: PortEnvironment;
  readonly leds: Leds;
  /** A LED that the kernel flashes by itself. */
  showsTraffic(led: LedConfig): boolean;
}

export class ServedPorts implements ReloadTarget {
  readonly ports: Registry;
  readonly #options: ServedPortsOptions;
  readonly #rotators = new Map<string, Rotator>();
  /** Configured LEDs are set up whether a port uses them or not (docs/reference.md, "LEDs"). */
  readonly #configuredLeds = new Map<string, Led>();

  constructor(options: ServedPortsOptions) {
    this.ports = options.ports;
    this.#options = options;
  }

  /** What is broken for good, that only a new process mends; null: nothing. */
  problem(): string | null {
    for (const one of [...this.ports.list(), ...this.#rotators.values()]) {
      const problem = one.problem();
      if (problem !== null) return problem;
    }
    return null;
  }

  closeRotators(): void {
    for (const name of [...this.#rotators.keys()]) this.closeRotator(name);
  }

  createPort(config: PortConfig): void {
    const port = new Port(config, this.#options.environment);
    this.ports.add(port);
    if (port.start() === null) return;
    this.ports.remove(port);
    this.#noSockets(NO_SOCKETS, config, port.status().lastError);
    // An inetd-style service without its connection has nothing to do. A second one only finds it taken.
    const isTaken = this.ports.list().some(other => other.status().networkPort.port === 0);
    if (config.networkPort.port === 0 && !isTaken) this.#options.environment.stdioEnded(false);
  }

  openRotator(config: RotatorConfig): void {
    const rotator = new Rotator(config, this.ports, this.#options.environment);
    try {
      rotator.start();
      this.#rotators.set(config.name, rotator);
    } catch (error) {
      this.#noSockets("Unable to create TCP socket", config, reasonOf(error));
    }
  }

  changeRotator(config: RotatorConfig): void {
    this.#rotators.get(config.name)?.reconfigure(config);
  }

  closeRotator(name: string): void {
    this.#rotators.get(name)?.close();
    this.#rotators.delete(name);
  }

  hasRotator(name: string): boolean {
    return this.#rotators.has(name);
  }

  changeLeds(release: readonly LedConfig[], configure: readonly LedConfig[]): void {
    for (const config of configure) {
      const before = this.#configuredLeds.get(config.name);
      if (this.#options.showsTraffic(config)) this.#configuredLeds.delete(config.name);
      else this.#configuredLeds.set(config.name, this.#options.leds.open(config));
      before?.close();
    }
    for (const { name } of release) {
      this.#configuredLeds.get(name)?.close();
      this.#configuredLeds.delete(name);
    }
  }

  #noSockets(text: string, { name, file, lineNumber }: PortConfig | RotatorConfig, reason: string | null): void {
    const message = `${text} on line ${lineNumber}: ${name}`;
    this.#options.environment.log.error(
      formatDiagnostic({ file, line: lineNumber, column: 1, message, expected: reason }),
    );
  }
}
