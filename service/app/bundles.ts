/** Bundles that not every board needs (docs/design.md, "What is loaded when"). */
import type { ProfileFacts } from "../board/profile.js";
import type { Configuration, PortConfig } from "../config/configuration.js";
import { controlPortParts, isAnyHost } from "../config/network-port.js";
import type { DeviceNodeWatcher } from "../device/node-watcher.js";
import { systemClock } from "../line/clock.js";
import type { Log } from "../log/log.js";
import type { Mdns } from "../mdns/entry.js";
import { reasonOf } from "../native/errors.js";
import { loadModule } from "../native/load-module.js";
import type { PortEnvironment } from "../port/environment.js";
import type { Rotator } from "../port/rotator.js";
import type { ManagedPort } from "../port/status.js";
import type { BoardDevices } from "./board-devices.js";
import type { BoardLeds } from "./board-leds.js";
import { loadTls } from "./load-tls.js";
import type { Metrics } from "./metrics.js";
import type { OpenPorts } from "./open-ports.js";
import type { Tls } from "./tls.js";

type Sol = typeof import("./sol.js");
type Traces = typeof import("../trace/traces.js");
type MdnsBundle = typeof import("../mdns/entry.js");
type MetricsBundle = typeof import("./metrics.js");
type OpenPortsBundle = typeof import("./open-ports.js");
type ReplayBundle = typeof import("../replay/replay.js");

type UdpBundle = typeof import("./udp-entry.js");
type Systemd = typeof import("./systemd-entry.js");
type ComPortBundle = typeof import("../port/com-port-control.js");
type HoldBundle = typeof import("../port/reconnecting-device.js");
type LedsBundle = typeof import("./board-leds.js");
type RotatorBundle = typeof import("../port/rotator.js");
type DelayBundle = typeof import("../port/transfer/character-delay.js");
type TemplateBundle = typeof import("../config/template.js");

interface BundlesOptions {
  readonly log: Log;
  readonly nodeWatcher: DeviceNodeWatcher;
  readonly ports: { list(): readonly ManagedPort[] };
  createMdns(bundle: MdnsBundle): Mdns;
  createMetrics(bundle: MetricsBundle): Metrics;
}

/** Those of what only some ports need. Each is loaded with the first configuration that needs it. */
export class Bundles {
  /** Null: they cannot be loaded, which is logged. */
  readonly traces: () => Traces | null;
  readonly replay: () => ReplayBundle | null;
  readonly #comPort: () => ComPortBundle | null;
  readonly #hold: () => HoldBundle | null;
  readonly #loadLeds: () => LedsBundle | null;
  readonly #rotator: () => RotatorBundle | null;
  readonly #delay: () => DelayBundle | null;
  readonly #template: () => TemplateBundle | null;
  readonly #options: BundlesOptions;
  readonly #loadMetrics: () => Metrics | null;
  #leds: BoardLeds | null = null;
  #metrics: Metrics | null = null;
  readonly #loadMdns: () => Mdns | null;
  #mdns: Mdns | null = null;
  readonly #openPorts: () => OpenPorts | null;
  readonly #loadTls: () => Tls | null;
  /** Null: it was not needed so far, or cannot be loaded. */
  tls: Tls | null = null;

  constructor(options: BundlesOptions) {
    this.#options = options;
    this.traces = loader("Traces", () => loadModule<Traces>("./trace.cjs"), options.log);
    this.replay = loader("Replays", () => loadModule<ReplayBundle>("./replay.cjs"), options.log);
    this.#comPort = loader("Requests of RFC 2217", () => loadModule<ComPortBundle>("./rfc2217.cjs"), options.log);
    this.#hold = loader("Devices that come back", () => loadModule<HoldBundle>("./hold.cjs"), options.log);
    const { createMdns, createMetrics, log } = options;
    this.#loadMdns = loader("mDNS", () => createMdns(loadModule<MdnsBundle>("./mdns.cjs")), log);
    this.#loadMetrics = loader("Metrics", () => createMetrics(loadModule<MetricsBundle>("./metrics.cjs")), log);
    this.#openPorts = loader(
      "Warnings",
      () => new (loadModule<OpenPortsBundle>("./open-ports.cjs").OpenPorts)(log),
      log,
    );
    this.#loadTls = loader("TLS", () => new (loadTls().Tls)(options.log), options.log);
    this.#loadLeds = loader("LEDs", () => loadModule<LedsBundle>("./leds.cjs"), log);
    this.#rotator = loader("Rotators", () => loadModule<RotatorBundle>("./rotator.cjs"), log);
    this.#delay = loader("Character delays", () => loadModule<DelayBundle>("./delay.cjs"), log);
    this.#template = loader("Escape sequences of texts", () => loadModule<TemplateBundle>("./template.cjs"), log);
  }

  /** Null: no configuration so far has LEDs, or they cannot be loaded. */
  get leds(): BoardLeds | null {
    return this.#leds;
  }

  /** See PortEnvironment, as those that follow. */
  readonly comPort: PortEnvironment["comPort"] = options => {
    const bundle = this.#comPort();
    return bundle === null ? null : new bundle.ComPortControl(options);
  };

  readonly holdDevice: PortEnvironment["holdDevice"] = options => {
    const bundle = this.#hold();
    return bundle === null ? null : new bundle.ReconnectingDevice(options);
  };

  readonly characterDelay: PortEnvironment["characterDelay"] = (...options) => {
    const bundle = this.#delay();
    return bundle === null ? null : new bundle.CharacterDelay(...options);
  };

  readonly expandTemplate: PortEnvironment["expandTemplate"] = (...template) =>
    this.#template()?.expandTemplate(...template) ?? "";

  /** The bundle is there, since there is a UDP port. */
  readonly udpRefusals: PortEnvironment["udpRefusals"] = () =>
    new (loadModule<UdpBundle>("./udp.cjs").UdpRefusals)(systemClock);

  rotator(...options: ConstructorParameters<RotatorBundle["Rotator"]>): Rotator | null {
    const bundle = this.#rotator();
    return bundle === null ? null : new bundle.Rotator(...options);
  }

  /** Of a board. Null: they cannot be loaded. */
  boardDevices(options: ConstructorParameters<LedsBundle["BoardDevices"]>[0]): BoardDevices | null {
    const bundle = this.#loadLeds();
    return bundle === null ? null : new bundle.BoardDevices(options);
  }

  /** As `PortEnvironment.secure`; without TLS a peer is refused. */
  readonly secure: PortEnvironment["secure"] = (name, link, take) => {
    if (name === null) {
      take(link);
      return;
    }
    this.tls ??= this.#loadTls();
    if (this.tls === null) link.close();
    else this.tls.secure(name, link, take);
  };

  #createLeds(): BoardLeds | null {
    const { log, nodeWatcher, ports } = this.#options;
    return this.#loadLeds()?.createBoardLeds(text => log.warning(text), { nodeWatcher, ports }) ?? null;
  }

  metrics(): Metrics | null {
    this.#metrics = this.#loadMetrics();
    return this.#metrics;
  }

  portChanged(port: ManagedPort): void {
    this.#leds?.portChanged(port);
    this.#mdns?.refresh();
  }

  close(): void {
    this.#leds?.close();
    this.#metrics?.close();
  }

  /**
   * Loads what the configuration needs, and sets up its LEDs. Call before its ports are served.
   * @param given the control port of -p
   */
  prepare(configuration: Configuration, board: ProfileFacts | null, given: string | null): void {
    const { leds, ports, rotators, finalContext } = configuration;
    const controlPort = given ?? configuration.controlPort;
    if (controlPortParts(controlPort ?? "").mdns || ports.some(({ options }) => options.mdns !== null))
      this.#mdns = this.#loadMdns();
    this.#mdns?.refresh();
    if (finalContext.tls.size > 0) this.tls = this.#loadTls();
    this.tls?.configure(configuration);
    if (board !== null || leds.length > 0) this.#leds ??= this.#createLeds();
    this.#leds?.configure(board, ports);
    if (controlPort !== null || ports.some(({ networkPort: { host } }) => isAnyHost(host)))
      this.#openPorts()?.configure(ports, controlPort);
    if (ports.some(isTraced)) this.traces();
    if (ports.some(({ options }) => options.holdSeconds > 0)) this.#hold();
    if (rotators.length > 0) this.#rotator();
    if (ports.some(({ options: { chardelay } }) => chardelay.explicit && chardelay.enabled)) this.#delay();
    if (ports.some(hasTemplate)) this.#template();
    if (ports.some(({ options, state }) => options.remctl && state === "telnet")) this.#comPort();
  }

  /** @param port null: nowhere */
  serveMetrics(port: string | null): void {
    if (port !== null || this.#metrics !== null) this.metrics()?.move(port);
  }
}

/** Serial over LAN, which is there when the configuration has a SOL device. Throws when it cannot be loaded. */
export function loadSol(): Sol {
  return loadModule<Sol>("./sol.cjs");
}

/** What tells the service manager; null: there is none to tell, or it cannot be loaded, which is logged. */
export function loadSystemd({ NOTIFY_SOCKET: path = "" }: NodeJS.ProcessEnv, log: Pick<Log, "error">): Systemd | null {
  return path === "" ? null : loader("Notifications", () => loadModule<Systemd>("./systemd.cjs"), log)();
}

/** A text or a file name that is expanded. */
function hasTemplate(config: PortConfig): boolean {
  const { banner, openstr, closestr } = config.options;
  return isTraced(config) || (banner ?? openstr ?? closestr) !== null;
}

export function isTraced({ options: { traceRead, traceWrite, traceBoth } }: Pick<PortConfig, "options">): boolean {
  return (traceRead ?? traceWrite ?? traceBoth) !== null;
}

/**
 * Loads a bundle at the first call and keeps it. Null: it cannot be loaded, and its feature is missing; the reason is logged
 * once, and the next call tries again.
 * @param what for the log, plural: `LEDs`
 */
export function loader<T>(what: string, load: () => T, log: Pick<Log, "error">): () => T | null {
  let loaded: T | null = null;
  let lastReason = "";
  return () => {
    try {
      loaded ??= load();
    } catch (error) {
      const reason = reasonOf(error);
      if (reason !== lastReason) log.error(`${what} cannot be loaded: ${reason}`);
      lastReason = reason;
    }
    return loaded;
  };
}
