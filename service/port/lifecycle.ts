/** The lifecycle of a port's connections and device, from the first connection to the closed device. */
import type { PortConfig } from "../config/configuration.js";
import type { Device } from "../device/device.js";
import type { ConnectionState, DeviceState } from "../handover/state.js";
import { toBytes } from "../line/bytes.js";
import type { LineSettings } from "../line/settings.js";
import type { Link } from "../net/link.js";
import { type ConnectionNote, logConnection, peerText } from "./connection-log.js";
import { reportDropped, reportLinkError } from "./device-failures.js";
import type { PortEnvironment } from "./environment.js";
import type { LeftPort, StoredPort } from "./handover.js";
import type { PortLifecycleOptions } from "./lifecycle-options.js";
import { OpenPort } from "./open-port.js";
import { REFUSAL } from "./peers/admission.js";
import type { Connection } from "./peers/connection.js";
import { ConnectionSlots } from "./peers/connection-slots.js";
import { PeerChecks } from "./peers/peer-checks.js";
import { advance, type Phase, type PhaseEvent } from "./phase.js";
import { PortDevice } from "./port-device.js";
import { type DeviceLossCause, isLoss, type PortEvents } from "./port-events.js";
import { PortStrings } from "./port-strings.js";

/** The reason to end when the daemon stops: it has no time for slow lines. */
export const SHUTDOWN = "program shutdown";

const CLOSEON_FOUND = "closeon sequence found";

export class PortLifecycle implements PortEvents {
  readonly slots: ConnectionSlots;
  readonly device: PortDevice;
  readonly #options: PortLifecycleOptions;
  readonly #environment: PortEnvironment;
  #phase: Phase = "disabled";
  #openPort: OpenPort | null = null;
  #closed: Promise<void> | null = null;
  /** From the first connection on: most ports of a large box are idle. */
  #checks: PeerChecks | null = null;
  #closingSinceMs = 0; // on the clock

  constructor(options: PortLifecycleOptions) {
    this.#options = options;
    this.#environment = options.environment;
    this.slots = new ConnectionSlots(options.config, options.environment);
    this.device = new PortDevice({
      environment: this.#environment,
      config: options.config,
      isBusy: options.deviceBusy,
      opened: (device, config, before) => this.#opened(device, config, before),
      hasPeers: () => this.slots.live.size > 0,
      failed: text => this.#openFailed(text),
      lost: () => this.#awaitDevice(),
      returned: () => this.#deviceReturned(),
      gaveUp: what => this.end(what),
      nodeChanged: isPresent => this.#nodeChanged(isPresent),
    });
  }

  get #strings(): PortStrings {
    const firstPeer = [...this.slots.live][0]?.link.peer ?? null;
    return new PortStrings(this.#options.config(), firstPeer, this.#environment);
  }

  #note(...what: Parameters<ConnectionNote>): void {
    logConnection(this.#environment, this.#options.config(), ...what);
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** No connection exists, the device is closed, and no output is left. */
  get isFree(): boolean {
    return this.#phase === "disabled" || this.#phase === "idle";
  }

  /** The device is open or being opened, and there is no connection. */
  get isUnattended(): boolean {
    return (this.#phase === "open" || this.#phase === "opening") && this.slots.live.size === 0;
  }

  /** For how long the device has been closing; 0: it is not. */
  get closingMs(): number {
    return this.#phase === "closing" ? this.#environment.time.nowMs() - this.#closingSinceMs : 0;
  }

  get openPort(): OpenPort | null {
    return this.#openPort;
  }

  /** Of the device in use, or of the one that would be. */
  get deviceIdentity(): string {
    return this.device.identity(!this.isFree);
  }

  /** Switches between disabled and idle; a port in use changes when it is free. */
  enable(on: boolean): void {
    if (on && this.#phase === "disabled") this.#advance("enabled");
    if (!on && this.#phase === "idle") this.#advance("disabled");
  }

  /** Attaches a peer to a slot; the first one opens the device. */
  attach(link: Link, slot: number, fixed: boolean): void {
    link.store?.("c");
    const connection = this.#connect(link, slot, fixed, null);
    if (this.#phase === "idle") this.openDevice();
    else this.#welcome(connection);
    this.#options.changed();
  }

  openDevice(before: DeviceState | null = null): void {
    this.#advance("called");
    this.device.open(before);
  }

  /**
   * Takes up what the process before this one left. Call before any peer is attached.
   * @param linkTo the link of a connection; null: it is gone
   */
  adopt(before: StoredPort, linkTo: (connection: ConnectionState) => Link | null): void {
    for (const one of before.connections) {
      const slot = this.slots.free(one.slot);
      const link = slot < 0 ? null : linkTo(one);
      if (link !== null) this.#connect(link, slot, one.fixed, one).isGreeted = before.device !== null;
    }
    if (this.slots.live.size === 0 && (before.device === null || !this.#options.staysOpen())) return;
    this.openDevice(before.device);
    this.#options.changed();
  }

  /** What the process after this one needs. */
  state(): LeftPort {
    const connections = this.slots.state(this.#options.config().name, this.#environment.heartbeat.second);
    return { device: this.#openPort?.state() ?? null, connections, traces: this.#openPort?.traceStates() ?? [] };
  }

  #connect(link: Link, slot: number, fixed: boolean, before: ConnectionState | null): Connection {
    const [environment, config] = [this.#environment, this.#options.config()];
    return this.slots.connect({ link, slot, fixed, before, environment, events: this, config });
  }

  /** Disconnects the peer in `slot`. A telnet peer is sent the reason; on a raw port every byte would be data. */
  kick(slot: number, by: Link): void {
    const victim = this.slots.at(slot);
    if (victim === null) return;
    if (victim.telnet !== null || victim.readsNotices) victim.sendAside(toBytes(REFUSAL.kicked));
    this.#lose(victim, REFUSAL.kicked, "kick", `by ${peerText(by)}`);
  }

  /** Forgets why the device failed. Does nothing while the device is in use. */
  forgetError(): void {
    if (this.isFree) this.device.forgetError();
  }

  /** Ends all connections, and closes the device unless it stays open. */
  disconnect(): void {
    if (!this.#options.staysOpen()) this.end("disconnect");
    for (const connection of [...this.slots.live]) this.#lose(connection, "disconnect");
  }

  /** Ends all connections and closes the device. Does nothing when that is under way or done. */
  end(reason: string): void {
    if (this.#phase !== "open" && this.#phase !== "opening") return;
    this.#advance("ended");
    this.device.abandon();
    this.#closingSinceMs = this.#environment.time.nowMs();
    this.#closed = this.#close(reason);
  }

  /** Resolves when a closing device is closed, which has a time limit. */
  closed(): Promise<void> {
    return this.#closed ?? Promise.resolve();
  }

  #openFailed(text: string): void {
    for (const { link, fixed } of this.slots.refuseAll(text)) if (!fixed) this.#note("refuse", { link }, text);
    this.#advance(this.#options.config().state === "off" ? "closed for good" : "failed");
    this.#options.freed(false);
  }

  #opened(device: Device, config: PortConfig, before: DeviceState | null): void {
    this.#advance("opened");
    const openedAt = this.#environment.localTime(); // one for all trace files (manual page, TRACEFILE)
    const openPort = new OpenPort({
      ...{ device, config, before, environment: this.#environment, events: this },
      ...{ observers: this.#options.observers, connections: this.slots.live },
      expandFile: (template, anew) => this.#strings.fileName(template, anew ? this.#environment.localTime() : openedAt),
    });
    this.#openPort = openPort;
    this.#checks ??= new PeerChecks(this.#environment.heartbeat, this.slots, this.#options, this);
    this.#checks.start();
    if (before !== null) openPort.resume(before);
    else openPort.start(this.#strings.bytes(config.options.openstr));
    for (const connection of before === null ? [...this.slots.live] : []) this.#welcome(connection);
    this.#options.changed();
  }

  /** A peer that connects while the device is away waits with the others. */
  #welcome(connection: Connection): void {
    if (this.#phase === "closing" || this.#openPort === null) return; // null: the device is still being opened
    const { banner } = this.#options.config().options;
    if (!connection.isGreeted) this.#note("connect", connection);
    if (connection.isGreeted) this.#openPort.join(connection);
    else this.#openPort.welcome(connection, this.#strings.bytes(banner, connection.link.peer));
  }

  #lose(connection: Connection, reason: string, end: "disconnect" | "kick" = "disconnect", why = reason): void {
    if (!this.slots.release(connection)) return;
    this.#openPort?.leave(connection, reason);
    connection.close();
    this.#note(end, connection, why);
    this.#options.changed();
    if (this.slots.live.size > 0) return;
    if (this.#options.staysOpen()) this.#openPort?.restoreLine(this.#options.config().line);
    else this.end("All network connections free");
  }

  // ---- a device that goes away

  /** A loss is noticed when bytes move. While a peer blocks them, the state of the line is read. */
  #nodeChanged(isPresent: boolean): void {
    if (isPresent) this.forgetError();
    if (isPresent) this.device.attempt();
    else if (this.#phase === "open") this.#openPort?.checkPresence();
    this.#options.nodeChanged(isPresent);
  }

  /** False: it is being closed anyway. */
  #awaitDevice(): boolean {
    if (this.#phase !== "open") return false;
    this.#advance("lost");
    this.#options.changed();
    return true;
  }

  #deviceReturned(): void {
    this.#advance("opened");
    this.#openPort?.deviceReturned();
    this.#options.changed();
  }

  async #close(reason: string): Promise<void> {
    const openPort = this.#openPort;
    this.#options.closing();
    const closestr = this.#strings.bytes(openPort === null ? null : this.#options.config().options.closestr);
    openPort?.end(reason);
    for (const connection of this.slots.releaseAll()) {
      connection.close();
      this.#note("disconnect", connection, reason);
    }
    this.#checks?.stop();
    this.#options.changed();
    await openPort?.close(closestr, isLoss(reason) || this.device.isAway, reason !== SHUTDOWN);
    this.#openPort = null;
    this.device.closed();
    this.#advance(this.#options.config().state === "off" ? "closed for good" : "closed");
    this.#options.freed(true);
  }

  #advance(event: PhaseEvent): void {
    this.#phase = advance(this.#phase, event);
  }

  // ---- PortEvents

  peerEnded(connection: Connection): void {
    this.#lose(connection, "network read close");
  }

  linkFailed(connection: Connection, call: "read" | "write", error: unknown): void {
    this.#lose(connection, reportLinkError(this.#environment.log, error, call, this.#options.config().name));
  }

  peerReady(connection: Connection): void {
    connection.replay?.goOn();
    if (connection.endWhenSent !== null && connection.isSent) this.#lose(connection, connection.endWhenSent);
    else this.#openPort?.peerReady();
  }

  peerMustGo(connection: Connection, reason: string): void {
    this.#lose(connection, reason);
  }

  dropped(connection: Connection | null, bytes: number): void {
    reportDropped(this.#environment, this.#options.config().name, connection?.link.peer ?? null, bytes);
  }

  closeOnFound(): void {
    for (const one of this.slots.endWhenSent(CLOSEON_FOUND)) this.#lose(one, CLOSEON_FOUND);
  }

  lineChanged(line: LineSettings): void {
    this.#openPort?.lineChanged(line);
    this.#options.changed();
  }

  deviceLost(what: DeviceLossCause, error: unknown): void {
    this.device.reportLoss(what, error);
    this.end(what);
  }
}
