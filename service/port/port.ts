/** One configured pairing of a network port with a device: its sockets, its definition, and what operators do to it. */
import type { PortConfig, PortState } from "../config/configuration.js";
import { parsePortWords } from "../config/port-options.js";
import type { LineDevice } from "../device/device.js";
import type { ModemControl } from "../line/modem.js";
import type { Link } from "../net/link.js";
import { Arrivals } from "./arrivals.js";
import { type PortCondition, portCondition } from "./condition.js";
import { Door } from "./door.js";
import type { MonitorDirection, Operable, PortFacts } from "./facts.js";
import { FixedPeers } from "./fixed-peers.js";
import { Life } from "./life.js";
import { observe } from "./observe.js";
import type { PortParts } from "./parts.js";
import type { Session } from "./session.js";
import { Taps } from "./taps.js";

/** Closing has a limit of its own; a port that takes this long hangs in the kernel. */
const STUCK_SECONDS = 30;

export const NO_SOCKETS = "Unable to create network socket(s)";

/** What a reload wants of a port that is in use. */
type Pending =
  | { readonly kind: "none" }
  | { readonly kind: "delete" }
  | { readonly kind: "reconfigure"; readonly config: PortConfig };

export class Port implements Operable {
  readonly name: string;
  readonly #parts: PortParts;
  readonly #taps = new Taps();
  readonly #life: Life;
  #config: PortConfig;
  #state: PortState;
  #timeoutSeconds: number;
  readonly #door: Door;
  readonly #arrivals: Arrivals;
  readonly #fixedPeers: FixedPeers;
  #pending: Pending = { kind: "none" };
  #unwatchDevice: (() => void) | null = null;

  constructor(config: PortConfig, parts: PortParts) {
    this.name = config.name;
    this.#parts = parts;
    this.#config = config;
    this.#state = config.state;
    this.#timeoutSeconds = config.timeoutSeconds;
    this.#life = new Life({
      outside: parts,
      taps: this.#taps,
      config: () => ({ ...this.#config, state: this.#state }),
      timeoutSeconds: () => this.#timeoutSeconds,
      deviceBusy: () => this.#deviceBusy(),
      closing: () => this.#door.accept(false),
      freed: opened => this.#freed(opened),
      changed: () => this.#changed(),
    });
    this.#arrivals = new Arrivals({
      outside: parts,
      life: this.#life,
      config: () => this.#config,
      deviceBusy: () => this.#deviceBusy(),
    });
    this.#door = new Door(this.name, parts, link => this.#arrivals.called(link));
    this.#fixedPeers = new FixedPeers({
      missing: () => (this.#isListening ? this.#life.seats.missingFixedPeers() : []),
      addressesOf: remote => this.#parts.numericAddresses(remote),
      connect: peer => this.#door.connect(peer),
      seat: (link, slot) => this.#life.seat(link, slot, true),
      deviceState: () => (!this.#devicePresent ? "missing" : this.#deviceBusy() ? "busy" : "free"),
    });
  }

  /** Nobody is connected and nothing is on its way out. */
  get isFree(): boolean {
    return this.#life.isFree;
  }

  get deviceIdentity(): string {
    return this.#life.deviceIdentity;
  }

  /** For the service manager's status line. */
  get condition(): PortCondition {
    return portCondition({ phase: this.#life.phase, devicePresent: this.#devicePresent });
  }

  /** What is broken for good, that only a new process mends; null: nothing. */
  problem(): string | null {
    if (this.#door.isBroken) return `port ${this.name} does not listen any more`;
    const seconds = Math.round(this.#life.closingMs / 1000);
    return seconds > STUCK_SECONDS ? `port ${this.name} has been closing for ${seconds} s` : null;
  }

  /** Opens its sockets, if it is to be on. Null, or why that failed; the port is off then. */
  start(): string | null {
    const wanted = this.#state;
    this.#state = "off";
    this.#watchDevice();
    this.#askForNames();
    const problem = this.setState(wanted);
    if (problem !== null) this.#unwatchDevice?.();
    return problem;
  }

  // ---- what an operator may know and do

  facts(): PortFacts {
    return observe({
      config: this.#config,
      state: this.#state,
      timeoutSeconds: this.#timeoutSeconds,
      life: this.#life,
      second: this.#parts.heartbeat.second,
      devicePresent: this.#devicePresent,
      pending: this.#pending.kind,
      listenError: this.#door.fault,
    });
  }

  disconnect(): boolean {
    if (this.isFree) return false;
    this.#life.end("disconnect");
    return true;
  }

  setTimeoutSeconds(seconds: number): void {
    this.#timeoutSeconds = seconds;
    this.#life.restartTimeouts();
    this.#changed();
  }

  setState(state: PortState): string | null {
    if (state === this.#state) return null;
    const before = this.#state;
    this.#state = state;
    if (state === "off") {
      this.#stopListening();
      this.#life.enable(false);
    } else if (before === "off" && !this.#listen()) {
      this.#state = "off";
      this.#changed();
      return NO_SOCKETS;
    }
    this.#changed();
    return null;
  }

  setConfig(words: string): string | null {
    const { line, options, problem } = parsePortWords(words, this.#config, this.#parts.optionContext());
    this.#config = { ...this.#config, line, options };
    this.#changed();
    return problem;
  }

  setLine(words: string): string | null {
    const { line, options, problem } = parsePortWords(words, this.#config, this.#parts.optionContext());
    if (problem !== null) return problem;
    this.#config = { ...this.#config, line, options };
    this.#operate((device, session) => session.pump.lineChanged(device.set(line)));
    this.#changed();
    return null;
  }

  drive(control: Partial<ModemControl>): boolean {
    return this.#operate(line => line.drive(control));
  }

  sendBreak(): boolean {
    return this.#operate(line => line.sendBreak());
  }

  monitor(direction: MonitorDirection, sink: (bytes: Uint8Array) => void, ended: () => void): (() => void) | null {
    return this.#taps.monitor(direction, sink, ended);
  }

  // ---- reload, rotators, shutdown

  /** The new definition counts at once when the port is free, else when its last connection has gone; `shut` ends them. */
  reconfigure(config: PortConfig, shut: string | null): void {
    if (this.isFree) {
      this.#install(config);
      this.#fixedPeers.seat(); // the new definition may have others
    } else {
      this.#pending = { kind: "reconfigure", config };
      if (shut !== null) this.#life.end(shut);
    }
    this.#changed();
  }

  /** Callers are refused from now on; the port goes when its last connection has gone. `shut` ends them. */
  removeWhenFree(shut: string | null): void {
    this.#stopListening();
    this.#state = "off";
    this.#life.enable(false);
    this.#pending = { kind: "delete" };
    if (this.isFree) this.#remove();
    else if (shut !== null) this.#life.end(shut);
    this.#changed();
  }

  /** Ends all of it. Resolves when the device is closed, which has a time limit. */
  async shutdown(): Promise<void> {
    this.#stopListening();
    this.#unwatchDevice?.();
    this.#state = "off";
    this.#life.enable(false);
    this.#pending = { kind: "none" };
    this.#arrivals.dismiss();
    this.#life.end("program shutdown");
    await this.#life.closed();
    this.#taps.endMonitor();
  }

  /** A peer whom a rotator chose this port for. False: the port is not free for it. */
  takeFromRotator(link: Link): boolean {
    if (this.#life.phase !== "idle" || !this.#devicePresent || this.#deviceBusy()) return false;
    if (!this.#parts.admits(this.#config.options.remaddr, link.peer)) return false;
    this.#life.seat(link, 0, false);
    return true;
  }

  /** False when no serial line is open, or it went away under this. */
  #operate(act: (line: LineDevice, session: Session) => void): boolean {
    const { phase, session } = this.#life;
    const done = phase === "open" && session !== null && session.operate(line => act(line, session));
    if (done) this.#changed();
    return done;
  }

  // ---- listening

  /** False: not one socket could be opened. */
  #listen(): boolean {
    if (!this.#door.open(this.#config.networkPort)) return false;
    this.#life.enable(true);
    this.#door.accept(this.#life.phase !== "closing");
    const input = this.#door.takeInput();
    if (input !== null) this.#arrivals.arrive(input);
    this.#fixedPeers.seat();
    return true;
  }

  #stopListening(): void {
    this.#door.close();
    this.#fixedPeers.stop();
  }

  #deviceBusy(): boolean {
    return this.#parts.deviceInUse(this.#parts.identify(this.#config.device.path), this);
  }

  /** A closing port takes nobody. */
  get #isListening(): boolean {
    return this.#door.isListening && this.#life.phase !== "closing";
  }

  /** So that the names in remaddr are known when the first caller comes. */
  #askForNames(): void {
    for (const remote of this.#config.options.remaddr ?? []) this.#parts.numericAddresses(remote);
  }

  // ---- the device's node

  get #devicePresent(): boolean {
    return this.#parts.presence.isPresent(this.#config.device.path);
  }

  #watchDevice(): void {
    this.#unwatchDevice?.();
    this.#unwatchDevice = this.#parts.presence.watch(this.#config.device.path, () => this.#deviceChanged());
  }

  #deviceChanged(): void {
    if (this.#devicePresent) {
      this.#life.deviceAppeared();
      this.#fixedPeers.seat();
    } else {
      this.#life.deviceVanished();
    }
    this.#changed();
  }

  // ---- when the port is free

  /** What waited for that happens now. */
  #freed(opened: boolean): void {
    if (this.#config.networkPort.port === 0) this.#parts.stdioEnded(opened);
    const pending = this.#pending;
    if (pending.kind === "delete") {
      this.#remove();
      return;
    }
    if (pending.kind === "reconfigure") this.#install(pending.config);
    this.#door.accept(true);
    this.#arrivals.letIn();
    // A device that could not be opened would only fail again at once.
    if (opened) this.#fixedPeers.seat();
    else this.#fixedPeers.seatLater();
    this.#changed();
  }

  #remove(): void {
    this.#arrivals.dismiss();
    this.#unwatchDevice?.();
    this.#taps.endMonitor();
    this.#parts.removed(this);
  }

  #install(config: PortConfig): void {
    this.#pending = { kind: "none" };
    if (config.device.path !== this.#config.device.path) this.#life.forgetError();
    this.#config = config;
    this.#watchDevice();
    this.#askForNames();
    this.#timeoutSeconds = config.timeoutSeconds;
    this.#life.seats.arrange(config);
    if (this.setState(config.state) !== null) this.#door.logFault();
  }

  #changed(): void {
    this.#parts.changed(this);
  }
}
