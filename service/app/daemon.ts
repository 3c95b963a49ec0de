/** The composition root: builds the rooms, starts them in order, and stops them. */
import type { ProfileFacts } from "../board/profile.js";
import type { Options } from "../cli.js";
import type { Configuration } from "../config/configuration.js";
import { type Diagnostic, errorsOf, faultyLines, formatDiagnostic, NOT_RELOADED } from "../config/diagnostic.js";
import { DeviceNodeWatcher } from "../device/node-watcher.js";
import { systemClock } from "../line/clock.js";
import type { LimitedLog } from "../log/rate-limit.js";
import { type Inherited, inheritedSockets } from "../net/inherited.js";
import { createServiceLookup } from "../net/services.js";
import type { PortEnvironment } from "../port/environment.js";
import { Registry } from "../port/registry.js";
import type { ManagedPort } from "../port/status.js";
import { Totals } from "../port/totals.js";
import type { BoardDevices } from "./board-devices.js";
import { Bundles, loadSol } from "./bundles.js";
import { ControlListener } from "./control-listener.js";
import { createControlServer } from "./control-server.js";
import { DaemonDrain } from "./drain.js";
import type { HandedOver } from "./handover.js";
import {
  allDiagnostics,
  ConfigurationError,
  type LoadedConfiguration,
  loadBoards,
  loadConfiguration,
  readSources,
} from "./load-configuration.js";
import { createAccessCheck, createPortEnvironment } from "./port-environment.js";
import { applyReload, ServedPorts } from "./served-ports.js";
import { createSpareMemory, type SpareMemory } from "./spare-memory.js";
import { StartError } from "./start-error.js";

export interface DaemonEvents {
  /** The connection on standard input has ended, or its device could not be opened. */
  stdioEnded(ok: boolean): void;
  /** Something about a port changed. */
  portChanged(port: ManagedPort): void;
  /** Ports were added or removed. */
  portsChanged(): void;
  drainChanged(): void;
  /** The result of `missing` may have changed. */
  healthChanged(): void;
  /** The board has a device that is not configured yet, or an operator asks for it. @param cause for the log */
  reloadDue(cause: string): void;
}

export class Daemon {
  readonly ports = new Registry();
  readonly #options: Options;
  readonly #log: LimitedLog;
  readonly #totals = new Totals();
  readonly #memory: SpareMemory;
  readonly #inherited: Inherited;
  readonly #serviceLookup = createServiceLookup();
  readonly #nodeWatcher: DeviceNodeWatcher;
  readonly bundles: Bundles;
  /** Null: there was no board so far, or their code cannot be loaded. */
  #boardDevices: BoardDevices | null = null;
  readonly served: ServedPorts;
  readonly #environment: PortEnvironment;
  readonly control: ControlListener;
  readonly #events: DaemonEvents;
  readonly drain: DaemonDrain;
  #configuration: Configuration;
  #board: ProfileFacts | null = null;
  #configFile: string | null = null;
  #lastReload: readonly Diagnostic[] | string = [];
  #faultyLines = 0;

  constructor(options: Options, log: LimitedLog, handedOver: HandedOver, events: DaemonEvents) {
    [this.#options, this.#log, this.#events] = [options, log, events];
    this.#memory = createSpareMemory(log);
    this.#inherited = inheritedSockets(handedOver.sockets);
    this.#nodeWatcher = new DeviceNodeWatcher(text => log.warning(text));
    this.bundles = new Bundles({
      ...{ log, nodeWatcher: this.#nodeWatcher, ports: this.ports },
      createMdns: ({ Mdns }) => new Mdns(this, log),
      createMetrics: ({ Metrics }) => new Metrics(this, this.#totals, log, this.#serviceLookup),
    });
    this.#configuration = readSources([], this.#serviceLookup);
    this.drain = new DaemonDrain({
      ports: this.ports,
      sessions: asker => this.control.sessions?.activities(asker) ?? [],
      tellSessions: (text, asker) => this.control.sessions?.tell(text, asker),
      changed: () => events.drainChanged(),
      log,
      clock: systemClock,
    });
    this.#environment = this.#createEnvironment(handedOver);
    this.served = new ServedPorts({
      ports: this.ports,
      environment: this.#environment,
      openLed: config => this.bundles.leds?.open(config) ?? null,
      createRotator: (...options) => this.bundles.rotator(...options),
    });
    this.control = new ControlListener({
      createServer: () => createControlServer(this, log, () => events.reloadDue("Reload called on the control port")),
      log,
      listen: this.#environment.listen,
      secure: this.#environment.secure,
      permitted: createAccessCheck("ser2net-control", log),
      serviceLookup: this.#serviceLookup,
    });
  }

  #createBoardDevices(): BoardDevices | null {
    return this.bundles.boardDevices({
      machine: () => loadBoards().thisMachine(),
      nodeWatcher: this.#nodeWatcher,
      warn: text => this.#log.warning(text),
      found: path => this.#events.reloadDue(`A serial device has appeared (${path})`),
      changed: () => this.#events.healthChanged(),
    });
  }

  #createEnvironment({ takenOver, journal }: HandedOver): PortEnvironment {
    const { locking, quiet, signature } = this.#options;
    return createPortEnvironment({
      log: this.#log,
      ports: this.ports,
      bundles: this.bundles,
      nodeWatcher: this.#nodeWatcher,
      openLed: config => this.bundles.leds?.open(config) ?? null,
      inherited: this.#inherited,
      ...{ locking, quiet, signature },
      label: portName => this.label(portName),
      optionContext: () => this.#configuration.finalContext,
      changed: port => {
        this.bundles.portChanged(port);
        this.#events.portChanged(port);
      },
      removed: port => {
        this.ports.remove(port);
        this.#events.portsChanged();
      },
      stdioEnded: ok => this.#events.stdioEnded(ok),
      isDraining: () => this.drain.isDraining,
      totals: this.#totals,
      connected: this.#memory.connected,
      handover: takenOver,
      journal,
    });
  }

  /** The file that was read last, or that would be; null: none is. */
  get configFile(): string | null {
    return this.#configFile;
  }

  /** The facts of the board's profile about the ports; null without --board. */
  get board(): ProfileFacts | null {
    return this.#board;
  }

  /** Null: the board's profile has none for the port. */
  label(portName: string): string | null {
    return this.#board?.ports.get(portName)?.label ?? null;
  }

  /** Blinks a LED of the port, so that it can be found. False: it has none. */
  identify(portName: string, seconds: number): boolean {
    return this.bundles.leds?.identify(portName, seconds) ?? false;
  }

  /** Opens every socket, then returns. Throws StartError; a bad port or line is only logged. */
  start(): void {
    const effective = this.#read();
    if (effective.boardChosen !== null) this.#log.info(effective.boardChosen);
    this.#logDiagnostics(effective.diagnostics);
    this.control.moveSocket(effective.configuration.controlSocket); // first: its sessions may go on as connections
    this.#adopt(effective);
    const spec = this.#options.controlPort ?? effective.configuration.controlPort;
    // Connections that go on are worth more than an early end.
    const fault = this.control.move(spec, this.#environment.handover !== null);
    if (fault === "invalid") throw new StartError(`Invalid control port specified: ${spec}`, { help: true });
    if (fault === "not-open") throw new StartError(`Unable to open control port, see syslog: ${spec}`, {});
    for (const { text } of this.#inherited.unclaimed) this.#log.warning(`No port is configured for the socket ${text}`);
  }

  /** Number of lines with errors in the configuration in force. */
  get faultyLines(): number {
    return this.#faultyLines;
  }

  /** The result of the last reload: the diagnostics of the configuration in force, or the reason why nothing changed. */
  get lastReload(): readonly Diagnostic[] | string {
    return this.#lastReload;
  }

  /**
   * Trace files that were moved away are made anew. With -C lines alone that is all (docs/reference.md, "Reload"). Changes nothing if the configuration cannot be read, if
   * a file has only errors, or if it has errors and no port is left.
   * @param cause for the log: `Got SIGHUP`
   */
  reload(cause: string): void {
    for (const port of this.ports.list()) port.reopenTraces();
    if (this.#options.configFile === null && this.#options.board === null) return;
    this.#log.info(`${cause}, re-reading configuration`);
    let next: LoadedConfiguration;
    try {
      next = loadConfiguration(this.#options, this.#serviceLookup);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      this.#log.error(error.message);
      this.#lastReload = error.message;
      return;
    }
    this.#logDiagnostics(next.diagnostics);
    const { ports, brokenFile } = next.configuration;
    const hasLostAll = this.#configuration.ports.length > 0 && ports.length === 0;
    const reason = brokenFile ?? (hasLostAll ? errorsOf(next.diagnostics)[0] : undefined);
    if (reason !== undefined) {
      this.#lastReload = `no valid port line in the configuration (${formatDiagnostic(reason)})`;
      this.#log.error(`${NOT_RELOADED}${this.#lastReload}`);
      return;
    }
    this.#lastReload = next.diagnostics;
    this.#adopt(next);
    this.control.moveSocket(this.#configuration.controlSocket);
    if (this.#options.controlPort === null) this.#moveControlPort(this.#configuration);
    this.#events.portsChanged();
  }

  /** Serves a configuration in place of the one in force. */
  #adopt({ configuration, configFile, diagnostics, board }: LoadedConfiguration): void {
    if (configuration.ports.some(({ device }) => device.kind === "sol")) {
      for (const text of loadSol().solWarnings(configuration.ports)) this.#log.warning(text);
    }
    this.#faultyLines = faultyLines(diagnostics);
    [this.#board, this.#configFile] = [board, configFile];
    this.bundles.prepare(configuration, board, this.#options.controlPort);
    if (board !== null) this.#boardDevices ??= this.#createBoardDevices();
    this.#boardDevices?.configure(board);
    // For the words that operators gave to ports in the process before this one.
    this.#configuration = { ...this.#configuration, finalContext: configuration.finalContext };
    this.#configuration = applyReload(this.served, this.#configuration, configuration);
    this.bundles.serveMetrics(this.#configuration.metricsPort);
    this.#memory.releaseWhenIdle();
  }

  #logDiagnostics(diagnostics: readonly Diagnostic[]): void {
    for (const one of diagnostics) this.#log[one.isWarning ? "warning" : "error"](formatDiagnostic(one));
  }

  /** The diagnostics of a text, or (null) of what a reload would read; a string: the reason why that cannot be read. */
  check(text: string | null): readonly Diagnostic[] | string {
    if (text !== null) {
      const configuration = readSources([{ file: "", text }], this.#serviceLookup);
      return allDiagnostics(configuration, null, this.#serviceLookup);
    }
    try {
      return loadConfiguration(this.#options, this.#serviceLookup).diagnostics;
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      return error.message;
    }
  }

  /** A permanent failure that needs a restart, or null. */
  problem(): string | null {
    const problem = this.served.problem();
    if (problem !== null) return problem;
    return this.control.isBroken ? "the control port does not listen any more" : null;
  }

  /** The labels of the board's connectors that are required and have no device. */
  missing(): readonly string[] {
    return this.#boardDevices?.missing() ?? [];
  }

  /** Resolves when every device is closed, which has a time limit. */
  async stop(): Promise<void> {
    this.#boardDevices?.close();
    this.served.closeRotators();
    this.control.close();
    await this.served.shutdown();
    await this.bundles.tls?.end();
    this.bundles.close();
    this.#nodeWatcher.close();
  }

  #read(): LoadedConfiguration {
    try {
      return loadConfiguration(this.#options, this.#serviceLookup);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      this.#log.error(error.message);
      throw new StartError(error.message, { misconfigured: true });
    }
  }

  /** A text that is not a port is reported with the configuration, and the control port stays as it was. */
  #moveControlPort({ controlPort: spec, controlPortDiagnostic }: Configuration): void {
    const fault = this.control.move(spec, true);
    if (fault !== null) this.#log.error(`Can't open control port: ${spec}`);
    if (fault !== null || (spec === null && controlPortDiagnostic !== null))
      this.#log.error("Control port is disabled");
  }
}
