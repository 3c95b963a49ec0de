/** The bundle rfc2217.cjs, loaded where a port has remctl: requests about the line, and notices of its changes. */
import type { PortConfig } from "../config/configuration.js";
import type { LineDevice } from "../device/device.js";
import type { Cancel, Clock } from "../line/clock.js";
import type { LineCounters, ModemControl, ModemState } from "../line/modem.js";
import { SPEED_RANGE } from "../line/settings.js";
import type { LinePulses } from "../pulse/line-pulses.js";
import { askedSettings, isLineRequest, type LineRequest, settingsReply } from "../telnet/line-requests.js";
import {
  type ComPortReply,
  type ComPortRequest,
  encodeReply,
  lineStateByte,
  modemStateByte,
  parseRequest,
} from "../telnet/rfc2217.js";
import type { ComPort, ComPortOptions } from "./environment.js";
import type { Connection } from "./peers/connection.js";
import type { PortEvents } from "./port-events.js";

/** How often modem lines and error counters are read while a client wants notices about them. */
const POLL_MS = 100;
/** The upper half of a modem state byte; the lower half says which lines changed. */
const STATE_BITS = 0xf0;
const NO_LINES: ModemState = { cts: false, dsr: false, dcd: false, ri: false };

export class ComPortControl implements ComPort {
  readonly #line: LineDevice;
  readonly #config: PortConfig;
  readonly #defaultSignature: string;
  readonly #events: PortEvents;
  readonly #clock: Clock;
  readonly #pulses: (() => LinePulses) | null;
  readonly #watchers = new Set<Connection>();
  /** The peer that has begun a break without an end. */
  #breaking: Connection | null = null;
  #stopPolling: Cancel | null = null;
  #counters: LineCounters | null = null;
  /** DTR and RTS asked for by commands that came together, not yet at the hardware. */
  #driven: Partial<ModemControl> = {};

  constructor(options: ComPortOptions) {
    this.#line = options.line;
    this.#config = options.config;
    this.#defaultSignature = options.defaultSignature;
    this.#events = options.events;
    this.#clock = options.clock;
    this.#pulses = options.pulses;
  }

  /** Errors that are counted from, while a peer asks for them; for the process after this one. */
  get counters(): LineCounters | null {
    return this.#counters;
  }

  /** Goes on telling the peers that the process before this one told. */
  resume(connections: readonly Connection[], counters: LineCounters | null): void {
    this.#counters = counters;
    for (const connection of connections) if (connection.telnet?.isWatching === true) this.#watch(connection);
  }

  forget(connection: Connection): void {
    if (this.#breaking === connection) this.#setBreak(connection, false);
    this.#watchers.delete(connection);
    if (connection.telnet !== null) connection.telnet.isWatching = false;
    if (this.#watchers.size === 0) this.stop();
  }

  stop(): void {
    this.#stopPolling?.();
    this.#stopPolling = null;
    this.#counters = null; // errors while no peer asks for them are not reported later
  }

  /** The peer and the port have agreed to use it. */
  agreed(connection: Connection): void {
    const { telnet } = connection;
    if (telnet === null) return;
    telnet.lineStateMask = 0;
    telnet.modemStateMask = 0xff;
    telnet.modemState = this.#line.modemState() ?? NO_LINES;
    telnet.lastSentModemBits = modemStateByte(telnet.modemState, null);
    // The state comes before our DO, as clients of the reference know it (docs/reference.md, "Modem state").
    this.#reply(connection, { kind: "notify-modem-state", state: telnet.lastSentModemBits });
    this.#watch(connection);
  }

  /** And after our DO, for clients that consider the option agreed only then (C-Kermit: no carrier, no session). */
  answered(connection: Connection): void {
    if (connection.telnet === null || this.#line.modemState() === null) return;
    this.#reply(connection, { kind: "notify-modem-state", state: connection.telnet.lastSentModemBits });
  }

  request(connection: Connection, body: Uint8Array): void {
    const request = parseRequest(body);
    if (request === null) return;
    if (request.kind !== "dtr" && request.kind !== "rts") this.driveNow();
    const reply = isLineRequest(request) ? this.#set(request, connection.writes) : this.#act(connection, request);
    if (reply !== null) this.#reply(connection, reply);
  }

  /** @param mayChange false: the answer is what is in force */
  #set(request: LineRequest, mayChange: boolean): ComPortReply {
    const before = this.#line.settings;
    const asked = askedSettings(request, before);
    if (asked === before || !mayChange) return settingsReply(request, before);
    if (asked.speed < SPEED_RANGE.lowest || asked.speed > SPEED_RANGE.highest) return settingsReply(request, before);
    const taken = this.#line.set(asked);
    this.#events.lineChanged(taken);
    return settingsReply(request, taken);
  }

  #act(connection: Connection, request: Exclude<ComPortRequest, LineRequest>): ComPortReply | null {
    switch (request.kind) {
      case "signature":
        return { kind: "signature", text: this.#config.options.signature ?? this.#defaultSignature };
      case "break":
        if (request.on !== null) this.#setBreak(connection, request.on);
        return { kind: "break", on: this.#line.breakOn };
      case "dtr":
      case "rts":
        return { kind: request.kind, on: this.#drive(request.kind, connection.writes ? request.on : null) };
      case "unknown-control":
        return { kind: "unknown-control" };
      case "notify-line-state":
      case "notify-modem-state":
        return null;
      case "suspend":
        connection.suspended = true;
        return null;
      case "resume":
        connection.resume();
        return null;
      case "line-state-mask":
      case "modem-state-mask":
        return this.#mask(connection, request.kind, request.mask);
      case "purge":
        if (request.queues !== null && connection.writes) this.#line.purge(request.queues);
        return { kind: "purge", queues: request.queues };
      default:
        return request satisfies never;
    }
  }

  /** Who has begun one may end it, also where another one writes meanwhile. */
  #setBreak(connection: Connection, on: boolean): void {
    if (!connection.writes && (on || this.#breaking !== connection)) return;
    this.#line.setBreak(on);
    this.#breaking = on ? connection : null;
  }

  /** A pending change of the same line is driven first, so that a pulse is not lost (esptool's reset). */
  #drive(which: "dtr" | "rts", on: boolean | null): boolean {
    if (on === null) {
      this.driveNow();
      return (this.#pulses?.().asked ?? this.#line.control)[which];
    }
    if (this.#driven[which] !== undefined) this.driveNow();
    this.#driven = { ...this.#driven, [which]: on };
    return on;
  }

  /** Drives DTR and RTS as requested, in one call. */
  driveNow(): void {
    if (this.#driven.dtr === undefined && this.#driven.rts === undefined) return;
    const control = this.#driven;
    this.#driven = {};
    if (this.#pulses === null) this.#line.drive(control);
    else this.#pulses().request(control);
  }

  #mask(connection: Connection, kind: "line-state-mask" | "modem-state-mask", mask: number): ComPortReply {
    const { telnet } = connection;
    if (telnet !== null && kind === "line-state-mask") telnet.lineStateMask = mask;
    if (telnet !== null && kind === "modem-state-mask") telnet.modemStateMask = mask;
    this.#watch(connection);
    return { kind, mask };
  }

  #watch(connection: Connection): void {
    this.#watchers.add(connection);
    if (connection.telnet !== null) connection.telnet.isWatching = true;
    this.#poll();
  }

  deviceReturned(): void {
    if (this.#watchers.size > 0) this.#poll();
  }

  #poll(): void {
    this.#counters ??= this.#line.counters();
    // A device with neither modem lines nor counters has nothing to look at.
    if (this.#counters === null && this.#line.modemState() === null) return;
    this.#stopPolling ??= this.#clock.every(POLL_MS, () => this.#look());
  }

  #look(): void {
    const state = this.#line.modemState();
    const counters = this.#line.counters();
    const before = this.#counters;
    this.#counters = counters;
    const errors = counters !== null && before !== null ? lineStateByte(counters, before) : 0;
    for (const connection of [...this.#watchers]) {
      const { telnet } = connection;
      if (telnet === null) continue;
      if (state !== null) this.#tellModemState(connection, state);
      const sent = errors & telnet.lineStateMask;
      if (sent !== 0) this.#reply(connection, { kind: "notify-line-state", state: sent });
    }
  }

  /** Sends a notice when the masked state differs from the last one sent (RFC 2217 section 3, NOTIFY-MODEMSTATE). */
  #tellModemState(connection: Connection, state: ModemState): void {
    const { telnet } = connection;
    if (telnet === null) return;
    const byte = modemStateByte(state, telnet.modemState) & telnet.modemStateMask;
    telnet.modemState = state;
    if ((byte & STATE_BITS) === telnet.lastSentModemBits && (byte & ~STATE_BITS) === 0) return;
    telnet.lastSentModemBits = byte & STATE_BITS;
    this.#reply(connection, { kind: "notify-modem-state", state: byte });
  }

  #reply(connection: Connection, reply: ComPortReply): void {
    if (!connection.sendAside(encodeReply(reply))) this.#events.peerMustGo(connection, "telnet output error");
  }
}
