/** The ports, rotators and LEDs of the configuration in force, and what a start or a reload changes of them. */
import type { Configuration, LedConfig, PortConfig, RotatorConfig } from "../config/configuration.js";
import { formatDiagnostic } from "../config/diagnostic.js";
import { type PortStep, planReload, type RotatorStep } from "../config/plan.js";
import type { RotatorState } from "../handover/state.js";
import type { Led } from "../led/led.js";
import { pause } from "../line/clock.js";
import { formatLine } from "../line/settings.js";
import { reserveDescriptors } from "../native/descriptors.js";
import { reasonOf } from "../native/errors.js";
import { portText } from "../port/connection-log.js";
import type { PortEnvironment } from "../port/environment.js";
import { NO_SOCKETS, Port } from "../port/port.js";
import type { Registry } from "../port/registry.js";
import type { Rotator } from "../port/rotator.js";

/** What a reload changes. */
export interface ReloadTarget {
  readonly ports: Registry;
  createPort(config: PortConfig): void;
  openRotator(config: RotatorConfig): void;
  /** Its sockets stay open. */
  changeRotator(config: RotatorConfig): void;
  closeRotator(name: string): void;
  /** False for one whose sockets could not be opened. */
  hasRotator(name: string): boolean;
  changeLeds(release: readonly LedConfig[], configure: readonly LedConfig[]): void;
}

/** What closing ports may take when the daemon stops: 4 s for their output, 2 s for their traces. */
const SHUTDOWN_MS = 7000;

interface ServedPortsOptions {
  readonly ports: Registry;
  readonly environment: PortEnvironment;
  /** Null: the kernel itself flashes it, or LEDs cannot be loaded. */
  openLed(config: LedConfig): Led | null;
  /** Null: they cannot be loaded. */
  createRotator(...options: ConstructorParameters<typeof Rotator>): Rotator | null;
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

  /** A permanent failure that needs a restart, or null. */
  problem(): string | null {
    for (const one of [...this.ports.list(), ...this.#rotators.values()]) {
      const problem = one.problem();
      if (problem !== null) return problem;
    }
    return null;
  }

  rotatorStates(): readonly RotatorState[] {
    return [...this.#rotators.values()].map(rotator => rotator.state());
  }

  /** Resolves when no port is closing any more, `limitMs` from now at the latest. Null: none is. */
  settled(limitMs: number): Promise<unknown> | null {
    const closing = this.ports.list().flatMap(port => port.closing ?? []);
    return closing.length === 0 ? null : allWithin(limitMs, closing);
  }

  /** Ends all ports. One that has been closing on a slow line has no more time than the others. */
  shutdown(): Promise<unknown> {
    return allWithin(
      SHUTDOWN_MS,
      this.ports.list().map(port => port.shutdown()),
    );
  }

  closeRotators(): void {
    for (const name of [...this.#rotators.keys()]) this.closeRotator(name);
  }

  createPort(config: PortConfig): void {
    const port = new Port(config, this.#options.environment);
    this.ports.add(port);
    if (port.start() === null) {
      if (port.listenError === null) this.#logServed(config);
      return;
    }
    this.ports.remove(port);
    this.#noSockets(NO_SOCKETS, config, port.status().lastError);
    // An inetd-style service ends without its connection. A second port on standard input only finds it taken.
    const isTaken = this.ports.list().some(other => other.status().networkPort.port === 0);
    if (config.networkPort.port === 0 && !isTaken) this.#options.environment.stdioEnded(false);
  }

  #logServed({ name, state, device, line }: PortConfig): void {
    if (state === "off") return;
    const { log, label } = this.#options.environment;
    const [shown, { path }] = [label(name), device];
    const served = `${portText(name, shown)} serves ${path}: ${state}${state === "rawlp" ? "" : `, ${formatLine(line)}`}`;
    log.info(served, { event: "serve", port: name, label: shown, device: path });
  }

  openRotator(config: RotatorConfig): void {
    const rotator = this.#options.createRotator(config, this.ports, this.#options.environment);
    if (rotator === null) return;
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
      const led = this.#options.openLed(config);
      if (led === null) this.#configuredLeds.delete(config.name);
      else this.#configuredLeds.set(config.name, led);
      before?.close();
    }
    for (const { name } of release) {
      this.#configuredLeds.get(name)?.close();
      this.#configuredLeds.delete(name);
    }
  }

  #noSockets(
    text: string,
    { name, file, lineNumber, column }: PortConfig | RotatorConfig,
    reason: string | null,
  ): void {
    const message = `${text} on line ${lineNumber}: ${name}`;
    this.#options.environment.log.error(
      formatDiagnostic({ file, line: lineNumber, column, message, expected: reason }),
    );
  }
}

function allWithin(limitMs: number, promises: readonly Promise<unknown>[]): Promise<unknown> {
  return Promise.race([Promise.all(promises), pause(limitMs)]);
}

/** Changes what is served from the old configuration to the next one (docs/reference.md, "Reload"). Returns what is in force. */
export function applyReload(served: ReloadTarget, old: Configuration, next: Configuration): Configuration {
  const plan = planReload(old, next, name => served.ports.find(name)?.isFree === false);
  reserveDescriptors(neededDescriptors(plan.inForce));
  served.changeLeds(plan.leds.release, plan.leds.configure);
  // Removals first: a new port may use the same number, perhaps spelt in another way.
  for (const step of plan.rotators) rotatorStep(served, step);
  for (const step of plan.ports) if (isRemoval(step)) portStep(served, step);
  for (const step of plan.ports) if (!isRemoval(step)) portStep(served, step);
  // New rotators, and those that could not be opened before.
  for (const config of plan.inForce.rotators) if (!served.hasRotator(config.name)) served.openRotator(config);
  return plan.inForce;
}

/** Of a daemon without ports. */
const OWN_DESCRIPTORS = 64;
const MOST_RESERVED = 16_384; // LimitNOFILE= of the units

/** Two listeners, the device and its lock, a replay and three traces, besides its connections. */
const PORT_DESCRIPTORS = 8;

function neededDescriptors({ ports }: Configuration): number {
  const needed = ports.reduce((sum, { options }) => sum + PORT_DESCRIPTORS + options.maxConnections, OWN_DESCRIPTORS);
  return Math.min(needed, MOST_RESERVED);
}

function isRemoval(step: PortStep): boolean {
  return step.do === "remove-now" || step.do === "remove-when-free";
}

function portStep(served: ReloadTarget, step: PortStep): void {
  switch (step.do) {
    case "keep":
      return;
    case "create":
    case "replace-now":
    case "replace-when-free": {
      const port = served.ports.find(step.config.name);
      // A port whose sockets could not be opened before is not in the registry.
      if (port === null) served.createPort(step.config);
      else port.reconfigure(step.config, step.do === "replace-now" ? step.disconnectReason : null);
      return;
    }
    case "remove-now":
      served.ports.find(step.name)?.removeWhenFree(step.disconnectReason);
      return;
    case "remove-when-free":
      served.ports.find(step.name)?.removeWhenFree(null);
      return;
    default:
      step satisfies never;
  }
}

function rotatorStep(served: ReloadTarget, step: RotatorStep): void {
  if (step.do === "close") served.closeRotator(step.name);
  if (step.do === "change") served.changeRotator(step.config);
}
