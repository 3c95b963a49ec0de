/** One configured pairing of a network port with a device: its sockets, its definition, and what operators do to it. */
import type { PortConfig, PortState } from "../config/configuration.js";
import { isSameDevice } from "../config/device-name.js";
import { parsePortWords } from "../config/port-options.js";
import type { LineDevice } from "../device/device.js";
import type { ModemControl } from "../line/modem.js";
import type { LineSettings } from "../line/settings.js";
import type { Link } from "../net/link.js";
import type { PortEnvironment } from "./environment.js";
import { IncomingPeers } from "./incoming-peers.js";
import { PortLifecycle, SHUTDOWN } from "./lifecycle.js";
import { DataObservers } from "./observers.js";
import type { OpenPort } from "./open-port.js";
import { OperatorChanges } from "./operator-changes.js";
import { snapshot } from "./snapshot.js";
import {
  type ManagedPort,
  type MonitorDirection,
  type PortCondition,
  type PortStatus,
  portCondition,
} from "./status.js";
import { isStuck } from "./stuck.js";

export const NO_SOCKETS = "Unable to create network socket(s)";

/** What a reload wants of a port that is in use: nothing, its end, or another definition. */
type Pending = "none" | "delete" | PortConfig;

export class Port implements ManagedPort {
  readonly name: string;
  readonly #environment: PortEnvironment;
  readonly #observers = new DataObservers();
  readonly #lifecycle: PortLifecycle;
  #config: PortConfig;
  #state: PortState;
  #timeoutSeconds: number;
  readonly #incoming: IncomingPeers;
  #pending: Pending = "none";
  readonly #changes: OperatorChanges;

  constructor(config: PortConfig, environment: PortEnvironment) {
    this.name = config.name;
    this.#environment = environment;
    this.#config = config;
    this.#changes = new OperatorChanges(config);
    this.#state = config.state;
    this.#timeoutSeconds = config.timeoutSeconds;
    this.#lifecycle = new PortLifecycle({
      environment,
      observers: this.#observers,
      config: () => ({ ...this.#config, state: this.#state }),
      timeoutSeconds: () => this.#timeoutSeconds,
      deviceBusy: () => this.#deviceBusy(),
      closing: () => this.#incoming.accept(false),
      freed: opened => this.#freed(opened),
      changed: () => this.#changed(),
      nodeChanged: isPresent => {
        if (isPresent) this.#incoming.attachFixed();
        this.#changed();
      },
    });
    this.#incoming = new IncomingPeers({
      name: this.name,
      environment,
      lifecycle: this.#lifecycle,
      config: () => this.#config,
      deviceBusy: () => this.#deviceBusy(),
      changed: () => this.#changed(),
    });
  }

  /** No connection exists, and no output is left. */
  get isFree(): boolean {
    return this.#lifecycle.isFree;
  }

  get deviceIdentity(): string {
    return this.#lifecycle.deviceIdentity;
  }

  get condition(): PortCondition {
    return portCondition({
      phase: this.#lifecycle.phase,
      devicePresent: this.#lifecycle.device.isPresent,
      listenError: this.#incoming.error,
    });
  }

  get listenError(): string | null {
    return this.#incoming.error;
  }

  tell(text: string): void {
    this.#lifecycle.slots.tell(text);
  }

  /** A permanent failure that needs a restart, or null. */
  problem(): string | null {
    if (this.#incoming.isBroken) return `port ${this.name} does not listen any more`;
    const seconds = Math.round(this.#lifecycle.closingMs / 1000);
    return isStuck(seconds, this.#config.line) ? `port ${this.name} has been closing for ${seconds} s` : null;
  }

  /**
   * Opens its sockets, if it is to be on. Null, or why that failed; the port is off then. Sockets that another program has
   * are tried again meanwhile, see `status().listenError`.
   */
  start(): string | null {
    const before = this.#environment.handover?.changes(this.#config) ?? null;
    for (const words of before?.changes ?? []) this.#takeWords(words, () => {});
    this.#timeoutSeconds = before?.timeoutSeconds ?? this.#timeoutSeconds;
    const wanted = before?.state ?? this.#state;
    this.#state = "off";
    this.#lifecycle.device.watch();
    this.#incoming.askForNames();
    const problem = this.#enter(wanted, true);
    this.#incoming.adopt(); // one that is off may have connections still
    if (problem !== null) this.#lifecycle.device.unwatch();
    return problem;
  }

  /** What the process after this one needs. */
  state() {
    return { port: this.#changes.state(this.#state, this.#timeoutSeconds), ...this.#lifecycle.state() };
  }

  // ---- what an operator may know and do

  status(): PortStatus {
    return snapshot({
      config: this.#config,
      state: this.#state,
      timeoutSeconds: this.#timeoutSeconds,
      lifecycle: this.#lifecycle,
      second: this.#environment.heartbeat.second,
      pending: typeof this.#pending === "string" ? this.#pending : "reconfigure",
      listenError: this.#incoming.error,
    });
  }

  disconnect(): boolean {
    if (this.isFree) return false;
    this.#lifecycle.end("disconnect");
    return true;
  }

  setTimeoutSeconds(seconds: number): void {
    this.#timeoutSeconds = seconds;
    this.#lifecycle.restartTimeouts();
    this.#changed();
  }

  setState(state: PortState): string | null {
    return this.#enter(state, false);
  }

  #enter(state: PortState, retry: boolean): string | null {
    if (state === this.#state) return null;
    const before = this.#state;
    this.#state = state;
    if (state === "off") {
      this.#incoming.close();
      this.#lifecycle.enable(false);
    } else if (before === "off" && !this.#incoming.open(retry)) {
      this.#state = "off";
      this.#changed();
      return NO_SOCKETS;
    }
    this.#changed();
    return null;
  }

  setConfig(words: string): string | null {
    return this.#takeWords(words, () => {});
  }

  setLine(words: string): string | null {
    return this.#takeWords(words, line => {
      this.#operate((device, openPort) => openPort.lineChanged(device.set(line)));
    });
  }

  /** Applies all of the words, or none where one is invalid. */
  #takeWords(words: string, then: (line: LineSettings) => void): string | null {
    const { line, options, problem } = parsePortWords(words, this.#config, this.#environment.optionContext());
    if (problem !== null) return problem;
    this.#config = { ...this.#config, line, options };
    this.#changes.add(words);
    then(line);
    this.#changed();
    return null;
  }

  drive(control: Partial<ModemControl>): boolean {
    return this.#config.device.kind !== "sol" && this.#operate(line => line.drive(control));
  }

  sendBreak(): boolean {
    return this.#operate(line => line.sendBreak());
  }

  monitor(direction: MonitorDirection, sink: (bytes: Uint8Array) => void, ended: () => void): (() => void) | null {
    return this.#observers.monitor(direction, sink, ended);
  }

  // ---- reload, rotators, shutdown

  /** The new definition counts when the port is free; a `disconnectReason` ends its connections. */
  reconfigure(config: PortConfig, disconnectReason: string | null): void {
    if (this.isFree) {
      this.#install(config);
      this.#incoming.attachFixed(); // the new definition may have others
    } else {
      this.#pending = config;
      if (disconnectReason !== null) this.#lifecycle.end(disconnectReason);
    }
    this.#changed();
  }

  /** Refuses new connections; the port is removed when its last connection has ended. */
  removeWhenFree(disconnectReason: string | null): void {
    this.#incoming.close();
    this.#state = "off";
    this.#lifecycle.enable(false);
    this.#pending = "delete";
    if (this.isFree) this.#remove();
    else if (disconnectReason !== null) this.#lifecycle.end(disconnectReason);
    this.#changed();
  }

  /** Ends all of it. Resolves when the device is closed, which has a time limit. */
  async shutdown(): Promise<void> {
    this.#incoming.close();
    this.#lifecycle.device.unwatch();
    this.#state = "off";
    this.#lifecycle.enable(false);
    this.#pending = "none";
    this.#incoming.closePending();
    this.#lifecycle.end(SHUTDOWN);
    await this.#lifecycle.closed();
    this.#observers.endMonitor();
  }

  /** Takes a link for which a rotator chose this port. False: the port is not free for it. */
  takeFromRotator(link: Link): boolean {
    if (this.#lifecycle.phase !== "idle" || !this.#lifecycle.device.isPresent || this.#deviceBusy()) return false;
    if (!this.#environment.admits(this.#config.options.remaddr, link.peer)) return false;
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
    return this.#environment.deviceInUse(this.#environment.identify(this.#config.device.path), this);
  }

  /** The port is free: what waited for that happens now. */
  #freed(opened: boolean): void {
    if (this.#config.networkPort.port === 0) this.#environment.stdioEnded(opened);
    const pending = this.#pending;
    if (pending === "delete") {
      this.#remove();
      return;
    }
    if (pending !== "none") this.#install(pending);
    this.#incoming.admitPending(opened);
    this.#changed();
  }

  #remove(): void {
    this.#incoming.closePending();
    this.#lifecycle.device.unwatch();
    this.#observers.endMonitor();
    this.#environment.removed(this);
  }

  #install(config: PortConfig): void {
    this.#pending = "none";
    this.#changes.restart(config);
    if (!isSameDevice(config.device, this.#config.device)) this.#lifecycle.forgetError();
    this.#config = config;
    this.#lifecycle.device.watch();
    this.#incoming.askForNames();
    this.#timeoutSeconds = config.timeoutSeconds;
    this.#lifecycle.slots.arrange(config);
    if (this.#enter(config.state, true) !== null) this.#incoming.logError();
  }

  #changed(): void {
    this.#environment.changed(this);
  }
}
