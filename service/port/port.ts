/** One configured pairing of a network port with a device: its sockets, its definition, and what operators do to it. */
import type { PortConfig, PortState } from "../config/configuration.js";
import { isSameDevice } from "../config/device-name.js";
import type { LineDevice } from "../device/device.js";
import type { ModemControl } from "../line/modem.js";
import type { LineSettings } from "../line/settings.js";
import type { Link } from "../net/link.js";
import { AlwaysOpen } from "./always-open.js";
import { PortDefinition } from "./definition.js";
import type { PortEnvironment } from "./environment.js";
import { IncomingPeers } from "./incoming-peers.js";
import { PortLifecycle, SHUTDOWN } from "./lifecycle.js";
import type { PortLifecycleOptions } from "./lifecycle-options.js";
import { DataObservers } from "./observers.js";
import { type OpenPort, playPulse } from "./open-port.js";
import { PortPeople } from "./people.js";
import { conditionOf, snapshot } from "./snapshot.js";
import type { ManagedPort, Observed, PortCondition, PortStatus } from "./status.js";
import { stuckText } from "./stuck.js";

export const NO_SOCKETS = "Unable to create network socket(s)";

export class Port implements ManagedPort {
  readonly name: string;
  readonly people: PortPeople;
  readonly #environment: PortEnvironment;
  readonly #observers = new DataObservers();
  readonly #lifecycle: PortLifecycle;
  readonly #definition: PortDefinition;
  readonly #alwaysOpen: AlwaysOpen;
  readonly #incoming: IncomingPeers;

  constructor(config: PortConfig, environment: PortEnvironment) {
    this.name = config.name;
    this.#environment = environment;
    this.#definition = new PortDefinition(config);
    const port: PortLifecycleOptions = {
      environment,
      observers: this.#observers,
      config: () => this.#definition.current,
      timeoutSeconds: () => this.#definition.timeoutSeconds,
      staysOpen: () => this.#definition.staysOpen,
      deviceBusy: () => this.#deviceBusy(),
      closing: () => this.#incoming.accept(false),
      freed: opened => this.#freed(opened),
      changed: () => this.#changed(),
      nodeChanged: isPresent => {
        if (isPresent) this.#incoming.attachFixed();
        this.#alwaysOpen.check();
        this.#changed();
      },
    };
    this.#lifecycle = new PortLifecycle(port);
    this.#alwaysOpen = new AlwaysOpen(environment.time, this.#lifecycle, port);
    this.#incoming = new IncomingPeers({
      name: this.name,
      environment,
      lifecycle: this.#lifecycle,
      config: () => this.#definition.config,
      ...{ deviceBusy: port.deviceBusy, changed: port.changed },
    });
    this.people = new PortPeople(this.#lifecycle, this.#incoming, port.changed);
  }

  /** No connection exists, the device is closed, and no output is left. */
  get isFree(): boolean {
    return this.#lifecycle.isFree;
  }

  get deviceIdentity(): string {
    return this.#lifecycle.deviceIdentity;
  }

  get condition(): PortCondition {
    return conditionOf(this.#lifecycle, this.#incoming.error);
  }

  get listenError(): string | null {
    return this.#incoming.error;
  }

  /** Resolves when the device is closed; null: it is not being closed. */
  get closing(): Promise<void> | null {
    return this.#lifecycle.phase === "closing" ? this.#lifecycle.closed() : null;
  }

  /** A permanent failure that needs a restart, or null. */
  problem(): string | null {
    if (this.#incoming.isBroken) return `port ${this.name} does not listen any more`;
    return stuckText(this.name, this.#lifecycle.closingMs, this.#definition.config.line);
  }

  /**
   * Opens its sockets, if it is to be on. Null, or why that failed; the port is off then. Sockets that another program has
   * are tried again meanwhile, see `status().listenError`.
   */
  start(): string | null {
    const before = this.#environment.handover?.changes(this.#definition.config) ?? null;
    const definition = this.#definition;
    if (before !== null) definition.restore(before, this.#environment.optionContext());
    const wanted = definition.state;
    this.#definitionChanged();
    definition.state = "off";
    this.#lifecycle.device.watch();
    this.#incoming.askForNames();
    const problem = this.#enter(wanted, true);
    this.#incoming.adopt(); // one that is off may have connections still
    if (problem !== null) this.#lifecycle.device.unwatch();
    this.#alwaysOpen.check();
    return problem;
  }

  /** What the process after this one needs. */
  state() {
    this.#observers.replay?.flush();
    const left = this.#lifecycle.state();
    const connections = [...left.connections, ...this.#incoming.undecided()];
    return { port: this.#definition.stored(this.#environment.definitionMark), ...left, connections };
  }

  status(): PortStatus {
    const [definition, lifecycle, { second }] = [this.#definition, this.#lifecycle, this.#environment.heartbeat];
    return snapshot({ definition, lifecycle, second, listenError: this.#incoming.error });
  }

  disconnect(): boolean {
    if (this.isFree || this.#lifecycle.isUnattended) return false;
    this.#lifecycle.disconnect();
    return true;
  }

  setTimeoutSeconds(seconds: number): void {
    this.#definition.timeoutSeconds = seconds;
    this.#lifecycle.slots.restartTimeouts(this.#environment.heartbeat.second);
    this.#changed();
  }

  setState(state: PortState): string | null {
    return this.#enter(state, false);
  }

  #enter(state: PortState, retry: boolean): string | null {
    const definition = this.#definition;
    if (state === definition.state) return null;
    const before = definition.state;
    definition.state = state;
    if (state === "off") {
      this.#incoming.close();
      this.#lifecycle.enable(false);
    } else if (before === "off" && !this.#incoming.open(retry)) {
      definition.state = "off";
      this.#changed();
      return NO_SOCKETS;
    }
    this.#alwaysOpen.check();
    this.#changed();
    return null;
  }

  setConfig(words: string): string | null {
    const problem = this.#definition.takeWords(words, this.#environment.optionContext());
    if (problem !== null) return problem;
    this.#definitionChanged();
    this.#changed();
    return null;
  }

  setLine(words: string): string | null {
    const problem = this.setConfig(words);
    const lineOf = (now: LineSettings) => this.#definition.lineWith(words, now, this.#environment.optionContext());
    if (problem === null) this.#operate((device, open) => open.lineChanged(device.set(lineOf(device.settings))));
    return problem;
  }

  drive(control: Partial<ModemControl>): boolean {
    return this.#definition.config.device.kind !== "sol" && this.#operate(line => line.drive(control));
  }

  readonly sendBreak = (): boolean => this.#operate(line => line.sendBreak());
  readonly inForce = (): PortConfig => this.#definition.current;
  readonly replay: ManagedPort["replay"] = limit => this.#observers.replay?.last(limit) ?? null;

  #definitionChanged(): void {
    this.#observers.replayFrom(before => this.#environment.openReplay(this.#definition.config, before));
    this.#alwaysOpen.check();
  }

  readonly pulse = (name: string): string | null => playPulse(this.#lifecycle, this.name, name);
  /** The process ends while the device stays open: pulses end at once. */
  readonly endPulses = (): void => this.#lifecycle.openPort?.endPulses();
  readonly reopenTraces = (): void => this.#observers.traces?.reopen();

  monitor(what: Observed, sink: (bytes: Uint8Array) => void, ended: () => void): (() => void) | null {
    return this.#observers.monitor(what, sink, ended);
  }

  /** The new definition counts when the port is free; a `disconnectReason` ends its connections. */
  reconfigure(config: PortConfig, disconnectReason: string | null): void {
    if (this.isFree) {
      this.#install(config);
      this.#incoming.attachFixed(); // the new definition may have others
    } else if (this.#definition.staysOpen && this.#definition.isSame(config)) {
      this.#definition.replace(config);
    } else {
      this.#definition.pending = config;
      if (disconnectReason !== null) this.#lifecycle.end(disconnectReason);
      this.#alwaysOpen.check();
    }
    this.#changed();
  }

  /** Refuses new connections; the port is removed when its last connection has ended. */
  removeWhenFree(disconnectReason: string | null): void {
    this.#incoming.close();
    this.#definition.state = "off";
    this.#lifecycle.enable(false);
    this.#definition.pending = "delete";
    if (this.isFree) this.#remove();
    else if (disconnectReason !== null) this.#lifecycle.end(disconnectReason);
    this.#alwaysOpen.check();
    this.#changed();
  }

  /** Ends all of it. Resolves when the device is closed, which has a time limit. */
  async shutdown(): Promise<void> {
    this.#incoming.close();
    this.#lifecycle.device.unwatch();
    this.#alwaysOpen.stop();
    this.#definition.state = "off";
    this.#lifecycle.enable(false);
    this.#definition.pending = "none";
    this.#incoming.closePending();
    this.#lifecycle.end(SHUTDOWN);
    await this.#lifecycle.closed();
    this.#observers.end();
  }

  /** Takes a link for which a rotator chose this port. False: the port is not free for it. */
  takeFromRotator(link: Link): boolean {
    const { phase, isUnattended, device } = this.#lifecycle;
    const isFree = phase === "idle" ? !this.#deviceBusy() : phase === "open" && isUnattended;
    const { tls, remaddr } = this.#definition.config.options;
    if (!isFree || !device.isPresent || tls !== null || !this.#environment.admits(remaddr, link.peer)) return false;
    this.#lifecycle.attach(link, 0, false);
    return true;
  }

  /** False when no serial line is open, or it went away under this. */
  #operate(act: (line: LineDevice, openPort: OpenPort) => void): boolean {
    const { phase, openPort } = this.#lifecycle;
    const done = phase === "open" && openPort !== null && openPort.operate(line => act(line, openPort));
    if (done) this.#changed();
    return done;
  }

  #deviceBusy(): boolean {
    return this.#environment.deviceInUse(this.#environment.identify(this.#definition.config.device.path), this);
  }

  /** The port is free: what waited for that happens now. */
  #freed(opened: boolean): void {
    if (this.#definition.config.networkPort.port === 0) this.#environment.stdioEnded(opened);
    const pending = this.#definition.pending;
    if (pending === "delete") {
      this.#remove();
      return;
    }
    if (pending !== "none") this.#install(pending);
    this.#incoming.admitPending(opened);
    this.#alwaysOpen.later();
    this.#changed();
  }

  #remove(): void {
    this.#alwaysOpen.stop();
    this.#incoming.closePending();
    this.#lifecycle.device.unwatch();
    this.#observers.end();
    this.#environment.removed(this);
  }

  #install(config: PortConfig): void {
    this.#definition.pending = "none";
    if (!isSameDevice(config.device, this.#definition.config.device)) this.#lifecycle.forgetError();
    this.#definition.replace(config);
    this.#definitionChanged();
    this.#lifecycle.device.watch();
    this.#incoming.askForNames();
    this.#lifecycle.slots.arrange(config);
    if (this.#enter(config.state, true) !== null) this.#incoming.logError();
  }

  #changed(): void {
    this.#environment.changed(this);
  }
}
