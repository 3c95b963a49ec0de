/** A port's peers and its device: from the first caller to the closed device, and around again. */
import type { PortConfig } from "../config/configuration.js";
import type { Device } from "../device/device.js";
import type { Link } from "../net/link.js";
import { REFUSAL } from "./admission.js";
import { Connection } from "./connection.js";
import { heldDevice, lossReason, reportLoss } from "./device-loss.js";
import type { LastingDevice } from "./lasting-device.js";
import { describeLinkFailure } from "./link-failure.js";
import { describeOpenFailure } from "./open-failure.js";
import { Opening } from "./opening.js";
import type { PortParts } from "./parts.js";
import { advance, type Phase, type PhaseEvent } from "./phase.js";
import { refuse } from "./refuse.js";
import { Seats } from "./seats.js";
import { type DeviceEnd, Session } from "./session.js";
import type { Taps } from "./taps.js";
import { Texts } from "./texts.js";

export interface LifeParts {
  readonly outside: PortParts;
  readonly taps: Taps;
  /** The definition in force, with the state new connections get. */
  config(): PortConfig;
  timeoutSeconds(): number; // 0: none
  /** Another port holds the device. */
  deviceBusy(): boolean;
  /** The device is to be closed: callers wait from now on. */
  closing(): void;
  /** The device is closed and nobody is here. `opened` is false when it could not even be opened. */
  freed(opened: boolean): void;
  changed(): void;
}

export class Life {
  readonly seats: Seats;
  readonly #parts: LifeParts;
  readonly #outside: PortParts;
  readonly #texts: Texts;
  #phase: Phase = "disabled";
  #session: Session | null = null;
  /** The device of the session, if it is one that may come back. */
  #lasting: LastingDevice | null = null;
  #identity = "";
  #closed: Promise<void> = Promise.resolve();
  readonly #opening = new Opening();
  #lastError: string | null = null;
  #closingSince = 0; // on the clock of performance.now()

  constructor(parts: LifeParts) {
    this.#parts = parts;
    this.#outside = parts.outside;
    this.seats = new Seats(parts.config());
    this.#texts = new Texts({
      config: () => parts.config(),
      firstPeer: () => [...this.seats.live][0]?.link.peer ?? null,
      clock: () => this.#outside.clock(),
    });
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Nobody is connected and nothing is on its way out. */
  get isFree(): boolean {
    return this.#phase === "disabled" || this.#phase === "idle";
  }

  /** For how long the device has been closing; 0: it is not. */
  get closingMs(): number {
    return this.#phase === "closing" ? performance.now() - this.#closingSince : 0;
  }

  get session(): Session | null {
    return this.#session;
  }

  /** Why the device failed last; null since it opened or its node appeared. */
  get lastError(): string | null {
    return this.#lastError;
  }

  /** Of the device in use, or of the one that would be. */
  get deviceIdentity(): string {
    const isOpen = !this.isFree && this.#lasting?.isAway !== true;
    return isOpen ? this.#identity : this.#outside.identify(this.#parts.config().device.path);
  }

  /** Switches between disabled and idle; a life under way takes notice at its end. */
  enable(on: boolean): void {
    if (on && this.#phase === "disabled") this.#advance("enabled");
    if (!on && this.#phase === "idle") this.#advance("disabled");
  }

  /** A peer takes a place; the first one opens the device. */
  seat(link: Link, slot: number, fixed: boolean): void {
    const { state, options } = this.#parts.config();
    const connection = new Connection({
      id: this.#outside.nextConnectionId(),
      link,
      slot,
      mode: state,
      remctl: options.remctl,
      fixed,
      second: this.#outside.heartbeat.second,
      sent: who => this.#sent(who),
      failed: (who, error) => this.#linkFailed(who, "write", error),
    });
    link.onKeepalive = () => {
      connection.lastActiveSecond = this.#outside.heartbeat.second;
    };
    this.seats.take(connection);
    if (this.#phase === "idle") this.#openDevice();
    else this.#welcome(connection);
    this.#parts.changed();
  }

  /** The peer in `slot` makes room. A telnet peer is told why; on a raw port every byte would be data. */
  kick(slot: number): void {
    const victim = this.seats.at(slot);
    if (victim === null) return;
    if (victim.telnet !== null) victim.sendAside(Buffer.from(REFUSAL.kicked, "latin1"));
    this.#lose(victim, REFUSAL.kicked);
  }

  /** The node is there: what was wrong with it before says nothing any more. */
  deviceAppeared(): void {
    this.forgetError();
    this.#lasting?.attempt();
  }

  /** What it was about is no more. Does nothing while the device is in use. */
  forgetError(): void {
    if (this.isFree) this.#lastError = null;
  }

  /** The node is gone. A loss shows when bytes move; where a peer lets them wait, the line is asked. */
  deviceVanished(): void {
    if (this.#phase === "open") this.#session?.operate(line => line.set(line.settings));
  }

  restartTimeouts(): void {
    for (const connection of this.seats.live) connection.lastActiveSecond = this.#outside.heartbeat.second;
  }

  /** Everybody goes, the device is closed. Does nothing where that is so already. */
  end(reason: string): void {
    if (this.#phase !== "open" && this.#phase !== "opening") return;
    this.#advance("ended");
    this.#opening.giveUp();
    this.#closingSince = performance.now();
    this.#closed = this.#close(reason);
  }

  /** Resolves when a closing device is closed, which has a time limit. */
  closed(): Promise<void> {
    return this.#closed;
  }

  // ---- opening

  #openDevice(): void {
    this.#advance("called");
    const config = this.#parts.config();
    this.#identity = this.#outside.identify(config.device.path);
    this.#opening.start(() => this.#outside.openDevice(config), {
      opened: device => this.#opened(device, config),
      failed: error => this.#openFailed(error, config),
    });
  }

  #openFailed(error: unknown, config: PortConfig): void {
    const { text, log, fault } = describeOpenFailure(error, config);
    if (log !== null) this.#outside.log.error(log);
    if (fault !== null) this.#lastError = fault;
    for (const { link } of this.seats.clear()) {
      if (link.transport === "udp") link.close();
      else refuse(link, text);
    }
    this.#advance(this.#isOff() ? "closed for good" : "failed");
    this.#parts.freed(false);
  }

  #opened(device: Device, config: PortConfig): void {
    this.#advance("opened");
    this.#lastError = null;
    this.#lasting = heldDevice(device, config, this.#outside, {
      isBusy: () => this.#parts.deviceBusy(),
      lost: reason => this.#awaitDevice(reason),
      returned: () => this.#deviceReturned(),
      gaveUp: what => this.end(what),
    });
    const openedAt = this.#outside.clock(); // one for all trace files (manual page, TRACEFILE)
    const session = new Session({
      device: this.#lasting ?? device,
      config,
      taps: this.#parts.taps,
      connections: this.seats.live,
      outside: this.#outside,
      expandFile: template => this.#texts.fileName(template, openedAt),
      events: {
        peerLost: (who, error) =>
          error === null ? this.#lose(who, "network read close") : this.#linkFailed(who, "read", error),
        peerMustGo: (who, reason) => this.#lose(who, reason),
        closeOnFound: () => this.#endWhenSent("closeon sequence found"),
        lineChanged: () => this.#parts.changed(),
        deviceLost: (what, error) => this.#deviceLost(what, error),
      },
    });
    this.#session = session;
    this.#outside.heartbeat.add(this.#everySecond);
    session.pump.start(this.#texts.bytes(config.options.openstr));
    for (const connection of [...this.seats.live]) this.#welcome(connection);
    this.#parts.changed();
  }

  /** Who comes while the device is waited for takes part in that. */
  #welcome(connection: Connection): void {
    if (this.#phase === "closing") return;
    this.#session?.welcome(connection, this.#texts.bytes(this.#parts.config().options.banner, connection.link.peer));
  }

  // ---- peers

  #sent(connection: Connection): void {
    if (connection.endWhenSent !== null) this.#lose(connection, connection.endWhenSent);
    else this.#session?.pump.peerReady();
  }

  #endWhenSent(reason: string): void {
    for (const connection of [...this.seats.live]) {
      if (connection.blocked) connection.endWhenSent = reason;
      else this.#lose(connection, reason);
    }
  }

  #linkFailed(connection: Connection, call: "read" | "write", error: unknown): void {
    const { log, reason } = describeLinkFailure(error, call, this.#parts.config().name);
    if (log !== null) this.#outside.log.error(log);
    this.#lose(connection, reason);
  }

  #lose(connection: Connection, reason: string): void {
    if (!this.seats.leave(connection)) return;
    this.#session?.leave(connection, reason);
    connection.close();
    this.#parts.changed();
    if (this.seats.live.size === 0) this.end("All network connections free");
  }

  readonly #everySecond = (): void => {
    const limit = this.#parts.timeoutSeconds();
    if (limit === 0) return;
    for (const connection of this.seats.idle(this.#outside.heartbeat.second, limit)) this.#lose(connection, "timeout");
  };

  // ---- a device that goes away

  #deviceLost(what: DeviceEnd, error: unknown): void {
    reportLoss(this.#outside.log, this.#parts.config().name, what, error);
    // A hang-up is how a call by modem ends. That a device is not there any more is told by itself.
    if (error !== null) this.#lastError = lossReason(error);
    this.end(what);
  }

  /** False: it is being closed anyway. */
  #awaitDevice(reason: string): boolean {
    if (this.#phase !== "open") return false;
    this.#advance("lost");
    this.#lastError = reason;
    this.#parts.changed();
    return true;
  }

  #deviceReturned(): void {
    this.#advance("opened");
    this.#lastError = null;
    this.#identity = this.#outside.identify(this.#parts.config().device.path);
    const line = this.#session?.device.line?.settings;
    if (line !== undefined) this.#session?.pump.lineChanged(line);
    this.#parts.changed();
  }

  // ---- closing

  async #close(reason: string): Promise<void> {
    const session = this.#session;
    this.#parts.closing();
    const closestr = this.#texts.bytes(session === null ? null : this.#parts.config().options.closestr);
    session?.end(reason);
    for (const connection of this.seats.clear()) connection.close();
    this.#outside.heartbeat.remove(this.#everySecond);
    this.#parts.changed();
    const failed = reason === "closed port" || reason === "dev read error" || reason === "dev write error";
    const lost = failed || this.#lasting?.isAway === true;
    await session?.close(closestr, lost);
    this.#session = null;
    this.#lasting = null;
    this.#advance(this.#isOff() ? "closed for good" : "closed");
    this.#parts.freed(true);
  }

  #advance(event: PhaseEvent): void {
    this.#phase = advance(this.#phase, event);
  }

  #isOff(): boolean {
    return this.#parts.config().state === "off";
  }
}
