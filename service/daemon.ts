/** The composition root: builds the rooms, starts them in order, and stops them. */
import { createHostsAccess } from "./access/hosts-files.js";
import { isAdmitted } from "./access/remote-address.js";
import type { Options } from "./cli.js";
import { VERSION } from "./cli.js";
import { readClock } from "./clock.js";
import type { Configuration, LedConfig, PortConfig, RotatorConfig } from "./config/configuration.js";
import { formatDiagnostic } from "./config/diagnostic.js";
import { readConfiguration } from "./config/resolve.js";
import { type ControlServer, createControlServer } from "./control/server.js";
import { ControlDoor } from "./control-door.js";
import { deviceIdentity, openDevice } from "./device/open.js";
import type { Led } from "./led/led.js";
import { createLeds, type Leds } from "./led/sysfs.js";
import type { Log } from "./log/log.js";
import { type Inherited, inheritedSockets } from "./net/inherited.js";
import type { Link } from "./net/link.js";
import { listen } from "./net/listen.js";
import { RemoteNames } from "./net/remote-names.js";
import { createServiceLookup } from "./net/services.js";
import { standardInput } from "./net/stdio.js";
import type { PortParts } from "./port/parts.js";
import { NO_SOCKETS, Port } from "./port/port.js";
import { Registry } from "./port/registry.js";
import { Rotator } from "./port/rotator.js";
import { Heartbeat, Ticker } from "./port/ticker.js";
import { carryOut, type Reloadable } from "./reload.js";
import { readSources } from "./sources.js";
import { describeTraceError, openTraces } from "./trace/traces.js";

/** The daemon cannot start; the text is for standard error, null when the log has said it. */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly usage: boolean;

  constructor(text: string, usage: boolean) {
    super(text);
    this.usage = usage;
  }
}

export class Daemon implements Reloadable {
  readonly ports = new Registry();
  readonly #options: Options;
  readonly #log: Log;
  readonly #inherited: Inherited;
  readonly #serviceLookup = createServiceLookup();
  readonly #access = createHostsAccess();
  readonly #names = new RemoteNames();
  readonly #leds: Leds;
  /** Configured LEDs are set up whether a port uses them or not (config spec 9). */
  readonly #configuredLeds = new Map<string, Led>();
  readonly #parts: PortParts;
  readonly #control: ControlServer;
  readonly #door: ControlDoor;
  readonly #stdioEnded: (ok: boolean) => void;
  #configuration: Configuration;
  readonly #rotators = new Map<string, Rotator>();
  #connectionIds = 0;

  constructor(options: Options, log: Log, outside: { readonly stdioEnded: (ok: boolean) => void }) {
    this.#options = options;
    this.#log = log;
    this.#stdioEnded = outside.stdioEnded;
    this.#inherited = inheritedSockets([]);
    this.#leds = createLeds(text => log.warning(text));
    this.#configuration = readConfiguration([], { serviceLookup: this.#serviceLookup });
    this.#parts = this.#portParts();
    this.#control = createControlServer({ ports: this.ports, version: VERSION, log });
    this.#door = new ControlDoor({
      server: this.#control,
      log,
      listen: this.#parts.listen,
      permitted: link => this.#permitted("ser2net-control", link),
      serviceLookup: this.#serviceLookup,
    });
  }

  /** Opens every socket, then returns. Throws StartError; a bad port or line is only logged. */
  start(): void {
    const configuration = this.#read();
    this.#configuration = configuration;
    this.changeLeds([], configuration.leds);
    for (const port of configuration.ports) this.createPort(port);
    for (const rotator of configuration.rotators) this.openRotator(rotator);
    const spec = this.#options.controlPort ?? configuration.controlPort;
    const fault = this.#door.move(spec);
    if (fault === "invalid") throw new StartError(`Invalid control port specified: ${spec}`, true);
    if (fault === "not-open") throw new StartError(`Unable to open control port, see syslog: ${spec}`, false);
  }

  /** SIGHUP. Without a file nothing happens (config spec 11). */
  reload(): void {
    if (this.#options.configFile === null) return;
    this.#log.info("Got SIGHUP, re-reading configuration");
    let next: Configuration;
    try {
      next = readConfiguration(readSources(this.#options), { serviceLookup: this.#serviceLookup });
    } catch (error) {
      this.#log.error(`Unable to open config file '${this.#options.configFile}': ${reasonOf(error)}`);
      return;
    }
    for (const diagnostic of next.diagnostics) this.#log.error(formatDiagnostic(diagnostic));
    this.#configuration = carryOut(this, this.#configuration, next);
    if (this.#options.controlPort === null) this.#moveControlPort(this.#configuration.controlPort);
  }

  /** Resolves when every device is closed, which has a time limit. */
  async stop(): Promise<void> {
    for (const name of [...this.#rotators.keys()]) this.closeRotator(name);
    this.#door.close();
    await Promise.all(this.ports.list().map(port => port.shutdown()));
    this.#leds.close();
  }

  // ---- what a reload needs

  createPort(config: PortConfig): void {
    const port = new Port(config, this.#parts);
    this.ports.add(port);
    if (port.start() === null) return;
    this.ports.remove(port);
    this.#log.error(`${NO_SOCKETS} on line ${config.lineNumber}: ${config.name}`);
  }

  openRotator(config: RotatorConfig): void {
    const rotator = new Rotator(config, this.ports, this.#parts);
    try {
      rotator.start();
      this.#rotators.set(config.name, rotator);
    } catch {
      this.#log.error(`Unable to create TCP socket on line ${config.lineNumber}: ${config.name}`);
    }
  }

  closeRotator(name: string): void {
    this.#rotators.get(name)?.close();
    this.#rotators.delete(name);
  }

  changeLeds(release: readonly LedConfig[], configure: readonly LedConfig[]): void {
    for (const config of configure) {
      const before = this.#configuredLeds.get(config.name);
      this.#configuredLeds.set(config.name, this.#leds.open(config));
      before?.close();
    }
    for (const { name } of release) {
      this.#configuredLeds.get(name)?.close();
      this.#configuredLeds.delete(name);
    }
  }

  // ---- the rest

  #read(): Configuration {
    try {
      const configuration = readConfiguration(readSources(this.#options), { serviceLookup: this.#serviceLookup });
      for (const diagnostic of configuration.diagnostics) this.#log.error(formatDiagnostic(diagnostic));
      return configuration;
    } catch (error) {
      const text = `Unable to open config file '${this.#options.configFile}': ${reasonOf(error)}`;
      this.#log.error(text);
      throw new StartError(text, false);
    }
  }

  #moveControlPort(spec: string | null): void {
    const fault = this.#door.move(spec);
    if (fault === null) return;
    this.#log.error(
      fault === "invalid" ? `Invalid control port specified: ${spec}` : `Can't open control port: ${spec}`,
    );
    this.#log.error("Control port is disabled");
  }

  #permitted(daemon: "ser2net" | "ser2net-control", link: Link): boolean | Promise<boolean> {
    const verdict = this.#access.check({ daemon, client: link.peer, server: link.local() });
    return verdict instanceof Promise ? verdict.then(later => this.#judged(later, link)) : this.#judged(verdict, link);
  }

  #judged(verdict: { granted: boolean; warnings: readonly string[]; banner: Uint8Array | null }, link: Link): boolean {
    for (const warning of verdict.warnings) this.#log.warning(warning);
    if (verdict.banner !== null) link.write(verdict.banner);
    return verdict.granted;
  }

  #portParts(): PortParts {
    const { locking, signature } = this.#options;
    const log = this.#log;
    return {
      log,
      ticker: new Ticker(),
      heartbeat: new Heartbeat(),
      defaultSignature: signature,
      listen: (spec, events) => listen(spec, this.#inherited, events),
      standardInput,
      openDevice: ({ device, state, line, options }) =>
        openDevice({
          path: device.path,
          printer: state === "rawlp",
          line,
          clearBreak: options.clearBreak,
          rs485: options.rs485,
          lock: locking,
          warn: text => log.warning(text),
        }),
      identify: deviceIdentity,
      permitted: link => this.#permitted("ser2net", link),
      admits: (list, peer) =>
        isAdmitted(list?.map(remote => ({ address: this.#names.address(remote), port: remote.port })) ?? null, peer),
      numericAddress: remote => this.#names.address(remote),
      openTraces: ({ name, options: { traceRead: read, traceWrite: write, traceBoth: both } }, expand) =>
        openTraces({ read, write, both }, expand, error => log.error(describeTraceError(error, name))),
      led: config => (config === null ? null : this.#leds.open(config)),
      optionContext: () => this.#configuration.atEnd,
      clock: readClock,
      deviceInUse: (identity, by) => this.ports.deviceInUse(identity, by),
      nextConnectionId: () => ++this.#connectionIds,
      changed: () => {},
      removed: port => this.ports.remove(port),
      stdioEnded: ok => this.#stdioEnded(ok),
    };
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
