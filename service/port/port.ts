/** One configured pairing of a network port with a device: its life from listening to closing. */
import type { PortConfig, PortState, RemoteAddress } from "../config/configuration.js";
import { parsePortWords } from "../config/port-options.js";
import { expandTemplate } from "../config/template.js";
import { type Device, DeviceError, type LineDevice } from "../device/device.js";
import type { ModemControl } from "../line/modem.js";
import { type Link, LinkError } from "../net/link.js";
import { admit, REFUSAL } from "./admission.js";
import { Connection } from "./connection.js";
import type { FlowState, MonitorDirection, Operable, PortFacts } from "./facts.js";
import { describeOpenFailure } from "./open-failure.js";
import type { PortListener, PortParts } from "./parts.js";
import { advance, type Phase } from "./phase.js";
import type { Taps } from "./pump.js";
import { refuse, takePermitted } from "./refuse.js";
import { type DeviceEnd, Session } from "./session.js";

/** Between attempts to reach the device of a fixed UDP peer. */
const FIXED_RETRY_MS = 5000;

export const NO_SOCKETS = "Unable to create network socket(s)";

/** What a reload wants of a port that is in use. */
type Pending =
  | { readonly kind: "none" }
  | { readonly kind: "delete" }
  | { readonly kind: "reconfigure"; readonly config: PortConfig };

export class Port implements Operable {
  readonly name: string;
  readonly #parts: PortParts;
  #config: PortConfig;
  #state: PortState;
  #timeoutSeconds: number;
  #phase: Phase = "disabled";
  #listener: PortListener | null = null;
  #slots: (Connection | null)[];
  readonly #connections = new Set<Connection>();
  #session: Session | null = null;
  #identity = "";
  readonly #taps: Taps = { monitorTerm: null, monitorTcp: null, traces: null, ledRx: null, ledTx: null };
  #monitorEnded: (() => void) | null = null;
  /** Callers who come in as soon as the port is free again: one who kicked, those whose permission took a while. */
  readonly #lobby: Link[] = [];
  #pending: Pending = { kind: "none" };
  #closing: Promise<void> = Promise.resolve();
  /** Counts openings, so that one that took time and that everybody left meanwhile is told from the next. */
  #openings = 0;
  #fixedRetry: NodeJS.Timeout | null = null;
  #lastError: string | null = null;

  constructor(config: PortConfig, parts: PortParts) {
    this.name = config.name;
    this.#config = config;
    this.#parts = parts;
    this.#state = config.state;
    this.#timeoutSeconds = config.timeoutSeconds;
    this.#slots = emptySlots(config);
  }

  get config(): PortConfig {
    return this.#config;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Nobody is connected and nothing is on its way out. */
  get isFree(): boolean {
    return this.#phase === "disabled" || this.#phase === "idle";
  }

  get deviceIdentity(): string {
    return this.isFree ? this.#parts.identify(this.#config.device.path) : this.#identity;
  }

  /** Opens its sockets, if it is to be on. Null, or why that failed; the port is off then. */
  start(): string | null {
    const wanted = this.#state;
    this.#state = "off";
    return this.setState(wanted);
  }

  // ---- what an operator may know and do

  facts(): PortFacts {
    const { device, line, networkPort } = this.#config;
    const session = this.#phase === "open" ? this.#session : null;
    const printer = (session?.config.state ?? this.#state) === "rawlp";
    return {
      name: this.name,
      networkPort,
      state: this.#pending.kind === "delete" ? "off" : this.#state,
      phase: this.#phase,
      timeoutSeconds: this.#timeoutSeconds,
      slots: this.#slots.map(slot => slot?.facts(this.#parts.heartbeat.second) ?? null),
      devicePath: device.path,
      deviceWritten: device.written,
      line: printer ? null : line,
      lineInForce: session?.device.line?.settings ?? null,
      control: session?.device.line?.control ?? null,
      modemState: session?.device.line?.modemState() ?? null,
      toDevice: this.#flow("toDevice"),
      toNet: this.#flow("toNet"),
      bytesFromDevice: this.#session?.pump.bytesFromDevice ?? 0,
      bytesToDevice: this.#session?.pump.bytesToDevice ?? 0,
      pending: this.#pending.kind,
      lastError: this.#lastError,
    };
  }

  disconnect(): boolean {
    if (this.isFree) return false;
    this.#end("disconnect");
    return true;
  }

  setTimeoutSeconds(seconds: number): void {
    this.#timeoutSeconds = seconds;
    for (const connection of this.#connections) connection.lastActiveSecond = this.#parts.heartbeat.second;
    this.#changed();
  }

  setState(state: PortState): string | null {
    if (state === this.#state) return null;
    const before = this.#state;
    this.#state = state;
    if (state === "off") {
      this.#stopListening();
      if (this.#phase === "idle") this.#phase = advance(this.#phase, "disabled");
    } else if (before === "off" && !this.#listen()) {
      this.#state = "off";
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
    if (this.#phase === "open") this.#session?.operate(device => this.#session?.pump.lineChanged(device.set(line)));
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
    if (this.#monitorEnded !== null) return null;
    if (direction === "term") this.#taps.monitorTerm = sink;
    else this.#taps.monitorTcp = sink;
    this.#monitorEnded = ended;
    return () => {
      if (this.#monitorEnded !== ended) return;
      this.#monitorEnded = null;
      this.#taps.monitorTerm = null;
      this.#taps.monitorTcp = null;
    };
  }

  // ---- reload, rotators, shutdown

  /** The new definition counts at once when the port is free, else when its last connection has gone; `shut` ends them. */
  reconfigure(config: PortConfig, shut: string | null): void {
    if (this.isFree) {
      this.#install(config);
    } else {
      this.#pending = { kind: "reconfigure", config };
      if (shut !== null) this.#end(shut);
    }
    this.#changed();
  }

  /** Callers are refused from now on; the port goes when its last connection has gone. `shut` ends them. */
  removeWhenFree(shut: string | null): void {
    this.#stopListening();
    this.#state = "off";
    this.#pending = { kind: "delete" };
    if (this.isFree) this.#remove();
    else if (shut !== null) this.#end(shut);
    this.#changed();
  }

  /** Ends all of it. Resolves when the device is closed, which has a time limit. */
  async shutdown(): Promise<void> {
    this.#stopListening();
    this.#state = "off";
    this.#pending = { kind: "none" };
    for (const link of this.#lobby.splice(0)) link.close();
    this.#end("program shutdown");
    await this.#closing;
    this.#monitorEnded?.();
  }

  /** A peer whom a rotator chose this port for. False: the port is not free for it. */
  takeFromRotator(link: Link): boolean {
    if (this.#phase !== "idle" || this.#deviceBusy()) return false;
    if (!this.#parts.admits(this.#config.options.remaddr, link.peer)) return false;
    this.#seat(link, 0, false);
    return true;
  }

  #operate(act: (line: LineDevice) => void): boolean {
    const done = this.#phase === "open" && (this.#session?.operate(act) ?? false);
    if (done) this.#changed();
    return done;
  }

  // ---- listening

  /** False: not one socket could be opened. */
  #listen(): boolean {
    const { networkPort } = this.#config;
    const stdio = networkPort.port === 0;
    try {
      this.#listener = stdio
        ? null
        : this.#parts.listen(networkPort, {
            accepted: link => this.#accepted(link),
            failed: reason => this.#parts.log.error(`Could not accept on port ${this.name}: ${reason}`),
          });
    } catch (error) {
      this.#lastError = error instanceof Error ? error.message : String(error);
      return false;
    }
    if (this.#phase === "disabled") this.#phase = advance(this.#phase, "enabled");
    if (this.#phase === "closing" && this.#listener !== null) this.#listener.accepting = false;
    if (stdio) this.#arrive(this.#parts.standardInput());
    this.#seatFixedPeers();
    return true;
  }

  #stopListening(): void {
    this.#listener?.close();
    this.#listener = null;
    if (this.#fixedRetry !== null) clearTimeout(this.#fixedRetry);
    this.#fixedRetry = null;
  }

  #accepted(link: Link): void {
    if (link.transport === "udp") this.#arrive(link);
    else takePermitted(link, this.#parts.permitted(link), caller => this.#arrive(caller));
  }

  #arrive(link: Link): void {
    if (this.#phase === "closing") {
      this.#lobby.push(link);
      return;
    }
    if (this.#phase === "disabled") {
      link.close(); // switched off while its permission was looked up
      return;
    }
    const { remaddr, kickolduser } = this.#config.options;
    const admission = admit({
      admittedByAddress: this.#parts.admits(remaddr, link.peer),
      slots: this.#slots.map(slot => slot !== null),
      fixed: this.#slots.map(slot => slot?.fixed ?? false),
      kickolduser,
      deviceBusy: this.#phase === "idle" && this.#deviceBusy(),
    });
    if (admission.verdict === "refuse") refuse(link, admission.text);
    else if (admission.verdict === "seat") this.#seat(link, admission.slot, false);
    else this.#kick(link, admission.slot);
  }

  #deviceBusy(): boolean {
    return this.#parts.deviceInUse(this.#parts.identify(this.#config.device.path), this);
  }

  /** The previous user goes. If it was the only one, the port closes first and opens anew for the new one. */
  #kick(link: Link, slot: number): void {
    const victim = this.#slots[slot];
    if (victim === null || victim === undefined) return;
    if (victim.telnet !== null) victim.sendAside(Buffer.from(REFUSAL.kicked, "latin1"));
    this.#lose(victim, REFUSAL.kicked);
    this.#arrive(link);
  }

  // ---- a connection's life

  #seat(link: Link, slot: number, fixed: boolean): void {
    const connection = new Connection({
      id: this.#parts.nextConnectionId(),
      link,
      slot,
      mode: this.#state,
      remctl: this.#config.options.remctl,
      fixed,
      second: this.#parts.heartbeat.second,
      sent: who => this.#sent(who),
      failed: (who, error) => this.#linkFailed(who, error),
    });
    link.onKeepalive = () => {
      connection.lastActiveSecond = this.#parts.heartbeat.second;
    };
    this.#slots[slot] = connection;
    this.#connections.add(connection);
    if (this.#phase === "idle") this.#openDevice();
    else if (this.#phase === "open") this.#welcome(connection);
    this.#changed();
  }

  #openDevice(): void {
    this.#phase = advance(this.#phase, "called");
    this.#identity = this.#parts.identify(this.#config.device.path);
    const config = { ...this.#config, state: this.#state };
    const opening = ++this.#openings;
    let opened: Device | Promise<Device>;
    try {
      opened = this.#parts.openDevice(config);
    } catch (error) {
      this.#openFailed(error);
      return;
    }
    if (!(opened instanceof Promise)) {
      this.#opened(opened, config);
      return;
    }
    const current = (): boolean => opening === this.#openings && this.#phase === "opening";
    opened.then(
      device => (current() ? this.#opened(device, config) : device.close(0)),
      error => (current() ? this.#openFailed(error) : undefined),
    );
  }

  #openFailed(error: unknown): void {
    const { text, log } = describeOpenFailure(error, this.#config);
    if (log !== null) this.#parts.log.error(log);
    this.#lastError = log ?? text.trimEnd();
    const callers = [...this.#connections];
    this.#connections.clear();
    this.#slots = emptySlots(this.#config);
    for (const { link } of callers) {
      if (link.transport === "udp") link.close();
      else refuse(link, text);
    }
    this.#phase = advance(this.#phase, this.#state === "off" ? "closed for good" : "failed");
    if (this.#config.networkPort.port === 0) this.#parts.stdioEnded(false);
    this.#settle();
    this.#retryFixedPeers();
  }

  #opened(device: Device, config: PortConfig): void {
    this.#phase = advance(this.#phase, "opened");
    this.#lastError = null;
    const session = new Session({
      device,
      config,
      taps: this.#taps,
      connections: this.#connections,
      outside: this.#parts,
      expandFile: template => this.#expand(template, "file"),
      events: {
        peerLost: (who, error) =>
          error === null ? this.#lose(who, "network read close") : this.#linkFailed(who, error),
        peerMustGo: (who, reason) => this.#lose(who, reason),
        closeOnFound: () => this.#endWhenSent("closeon sequence found"),
        lineChanged: () => this.#changed(),
        deviceLost: (what, error) => this.#deviceLost(what, error),
      },
    });
    this.#session = session;
    this.#parts.heartbeat.add(this.#everySecond);
    session.pump.start(this.#expandBytes(config.options.openstr));
    for (const connection of [...this.#connections]) this.#welcome(connection);
    this.#changed();
  }

  #welcome(connection: Connection): void {
    if (this.#phase !== "open") return;
    this.#session?.welcome(connection, this.#expandBytes(this.#config.options.banner, connection));
  }

  #sent(connection: Connection): void {
    if (connection.endWhenSent !== null) this.#lose(connection, connection.endWhenSent);
    else this.#session?.pump.peerReady();
  }

  #endWhenSent(reason: string): void {
    for (const connection of [...this.#connections]) {
      if (connection.blocked) connection.endWhenSent = reason;
      else this.#lose(connection, reason);
    }
  }

  #linkFailed(connection: Connection, error: unknown): void {
    if (!(error instanceof LinkError)) throw error;
    if (error.code !== "pipe") this.#parts.log.error(`read error for port ${this.name}: ${error.reason}`);
    this.#lose(connection, error.code === "pipe" ? "EPIPE" : "network read error");
  }

  #lose(connection: Connection, reason: string): void {
    if (!this.#connections.delete(connection)) return;
    this.#slots[connection.slot] = null;
    this.#session?.leave(connection, reason);
    connection.close();
    this.#changed();
    if (this.#connections.size === 0) this.#end("All network connections free");
  }

  /** Idle for more than `timeout` seconds: between that and one second more (runtime spec 2.5). */
  readonly #everySecond = (): void => {
    if (this.#timeoutSeconds === 0) return;
    const { second } = this.#parts.heartbeat;
    for (const connection of [...this.#connections]) {
      const idle = second - connection.lastActiveSecond;
      if (!connection.fixed && idle > this.#timeoutSeconds) this.#lose(connection, "timeout");
    }
  };

  // ---- closing

  #deviceLost(what: DeviceEnd, error: unknown): void {
    const reason = error instanceof DeviceError ? error.reason : "the device was closed";
    if (what === "dev read error") this.#parts.log.error(`dev read error for device ${this.name}: ${reason}`);
    if (what === "dev write error") this.#parts.log.error(`The dev write for port ${this.name} had error: ${reason}`);
    this.#lastError = reason;
    this.#end(what);
  }

  #end(reason: string): void {
    if (this.#phase !== "open" && this.#phase !== "opening") return;
    this.#phase = advance(this.#phase, "ended");
    this.#closing = this.#close(reason);
  }

  async #close(reason: string): Promise<void> {
    const session = this.#session;
    if (this.#listener !== null) this.#listener.accepting = false;
    const closestr = this.#expandBytes(session?.config.options.closestr ?? null);
    session?.end(reason);
    for (const connection of this.#connections) connection.close();
    this.#connections.clear();
    this.#slots.fill(null);
    this.#parts.heartbeat.remove(this.#everySecond);
    this.#changed();
    const lost = reason === "closed port" || reason === "dev read error" || reason === "dev write error";
    await session?.close(closestr, lost);
    this.#session = null;
    this.#phase = advance(this.#phase, this.#state === "off" ? "closed for good" : "closed");
    if (this.#config.networkPort.port === 0) this.#parts.stdioEnded(true);
    this.#settle();
    this.#seatFixedPeers();
  }

  /** The port is free again: what waited for that happens now. */
  #settle(): void {
    const pending = this.#pending;
    if (pending.kind === "delete") {
      this.#remove();
      return;
    }
    if (pending.kind === "reconfigure") this.#install(pending.config);
    if (this.#listener !== null) this.#listener.accepting = true;
    for (const link of this.#lobby.splice(0)) this.#arrive(link);
    this.#changed();
  }

  #remove(): void {
    for (const link of this.#lobby.splice(0)) link.close();
    this.#monitorEnded?.();
    this.#parts.removed(this);
  }

  #install(config: PortConfig): void {
    this.#pending = { kind: "none" };
    this.#config = config;
    this.#timeoutSeconds = config.timeoutSeconds;
    this.#slots = emptySlots(config);
    const problem = this.setState(config.state);
    if (problem !== null)
      this.#parts.log.error(`Unable to create network socket for port ${this.name}: ${this.#lastError}`);
  }

  /** Each remaddr with a port number on a UDP port has a connection of its own, always (manual page, "UDP"). */
  #seatFixedPeers(): void {
    const listener = this.#listener;
    if (listener === null || this.#phase === "closing") return;
    for (const [slot, remote] of this.#fixedPeers().entries()) {
      if (this.#slots[slot] !== null || this.#deviceBusy()) continue;
      const address = this.#parts.numericAddress(remote);
      const link = address === null ? null : listener.connect({ address, port: remote.port });
      if (link !== null) this.#seat(link, slot, true);
    }
    this.#retryFixedPeers();
  }

  /** Those whose name is not known yet, or whose device is not there. */
  #retryFixedPeers(): void {
    if (this.#fixedRetry !== null) clearTimeout(this.#fixedRetry);
    this.#fixedRetry = null;
    if (this.#listener === null || this.#fixedPeers().every((_, slot) => this.#slots[slot] !== null)) return;
    this.#fixedRetry = setTimeout(() => this.#seatFixedPeers(), FIXED_RETRY_MS);
  }

  #fixedPeers(): readonly RemoteAddress[] {
    const { networkPort, options } = this.#config;
    if (networkPort.transport !== "udp" || options.remaddr === null) return [];
    return options.remaddr.filter(remote => remote.port !== 0).slice(0, this.#slots.length);
  }

  #flow(direction: "toDevice" | "toNet"): FlowState {
    const session = this.#session;
    if (this.#phase === "closing") return direction === "toNet" ? "closing" : "waiting output";
    if (session === null) return "unconnected";
    const waiting = direction === "toDevice" ? session.pump.waitsForDevice : session.pump.waitsForNet;
    return waiting ? "waiting output" : "waiting input";
  }

  #expandBytes(template: string | null, connection: Connection | null = null): Uint8Array {
    return Buffer.from(this.#expand(template ?? "", "string", connection), "latin1");
  }

  #expand(template: string, mode: "string" | "file", connection: Connection | null = null): string {
    if (template === "") return "";
    const peer = (connection ?? [...this.#connections][0])?.link.peer ?? null;
    const { device, line } = this.#config;
    return expandTemplate(template, mode, {
      portName: this.name,
      devicePath: device.path,
      deviceWritten: device.written,
      line,
      remoteAddress: peer?.address ?? null,
      now: this.#parts.clock(),
    });
  }

  #changed(): void {
    this.#parts.changed(this);
  }
}

function emptySlots(config: PortConfig): (Connection | null)[] {
  return Array.from({ length: config.options.maxConnections }, () => null);
}
