/**
 * The bytes of one open port, both ways. Bytes are read into one buffer that all ports share, looked at, and written
 * straight on; only what a full output does not take is copied, and then its source is not read until that has left.
 * So an idle connection costs no buffer, and a stalled one at most READ_BYTES (twice that with telnet) in each direction.
 */
import type { PortConfig } from "../config/configuration.js";
import type { Device } from "../device/device.js";
import { bitsPerCharacter, type LineSettings } from "../line/settings.js";
import type { TelnetEvent } from "../telnet/decoder.js";
import { escapeIac } from "../telnet/encoder.js";
import { highestTick, judge, newPace } from "./batching.js";
import { CharacterDelay } from "./character-delay.js";
import { type CloseOn, createCloseOn } from "./close-on.js";
import type { Connection } from "./connection.js";
import type { Taps } from "./taps.js";
import type { Heartbeat, Ticker } from "./ticker.js";

const READ_BYTES = 16_384;
const DATAGRAM_BYTES = 65_536;
/** Reads of one source, and bytes, in one turn: after that the other ports get theirs. More bytes would not be faster. */
const READS_PER_TURN = 64;
const BYTES_PER_TURN = 16_384;
/** A chunk with more telnet commands is a flood: they cost far more than data, and nobody needs so many. */
const MANY_COMMANDS = 64;
/** Read of a flood at a time, and once in the shortest tick. */
const FLOOD_BYTES = 512;
/** Half of the 4096 bytes a tty keeps for its reader: no more than that may gather between two ticks. */
const GATHERED_BYTES = 2048;

const shared = new Uint8Array(DATAGRAM_BYTES);
const sharedRead = shared.subarray(0, READ_BYTES);
const escaped = new Uint8Array(DATAGRAM_BYTES * 2);

export interface PumpEvents {
  /** The device is gone: `closed port`, `dev read error` or `dev write error`, and the system's reason for the last two. */
  deviceLost(what: "closed port" | "dev read error" | "dev write error", error: unknown): void;
  /** A peer is done, or its link failed. `error` is null at an orderly end. */
  peerLost(connection: Connection, error: unknown): void;
  /** Telnet commands, negotiations and suboptions, in their place between the data. */
  telnet(connection: Connection, event: Exclude<TelnetEvent, { kind: "data" }>): void;
  /** Commands that came together have been worked through: data follows, or nothing. */
  commandsEnd(connection: Connection): void;
  /** The closeon text came; what led up to it is sent. */
  closeOnFound(): void;
}

export class Pump {
  bytesFromDevice = 0;
  bytesToDevice = 0;
  readonly #device: Device;
  readonly #config: PortConfig;
  readonly #taps: Taps;
  readonly #events: PumpEvents;
  readonly #ticker: Ticker;
  readonly #heartbeat: Heartbeat;
  readonly #connections: Set<Connection>;
  readonly #closeOn: CloseOn | null;
  readonly #delay: CharacterDelay | null;
  readonly #devicePace = newPace();
  readonly #deviceTick = { onTick: () => this.#readDevice() };
  /** For each peer, the one function that reads it: when it is readable, and at its tick. */
  readonly #feeds = new Map<Connection, { readonly onTick: () => void }>();
  #byteMs = 1;
  #lastTick = -1;
  #unwritten: Uint8Array | null = null;
  #lastRead: Connection | null = null;
  #movedToNet = 0;
  #movedToDevice = 0;
  #seenToDevice = 0;
  #stopped = false;

  constructor(parts: {
    readonly device: Device;
    readonly config: PortConfig;
    readonly taps: Taps;
    readonly events: PumpEvents;
    readonly ticker: Ticker;
    readonly heartbeat: Heartbeat;
    /** The live set: the port adds and removes, the pump reads it. */
    readonly connections: Set<Connection>;
  }) {
    this.#device = parts.device;
    this.#config = parts.config;
    this.#taps = parts.taps;
    this.#events = parts.events;
    this.#ticker = parts.ticker;
    this.#heartbeat = parts.heartbeat;
    this.#connections = parts.connections;
    const { closeon, chardelay, devToNetBufsize } = parts.config.options;
    this.#closeOn = closeon === null || closeon.length === 0 ? null : createCloseOn(closeon);
    this.#delay =
      chardelay.explicit && chardelay.enabled
        ? new CharacterDelay(chardelay, devToNetBufsize.bytes, {
            ready: () => !this.#anyBlocked(),
            emit: bytes => this.#emit(bytes),
          })
        : null;
    this.lineChanged(parts.device.line?.settings ?? parts.config.line);
  }

  /** Opening text first, whole, before any byte of a peer (runtime spec 1.4). */
  start(openstr: Uint8Array): void {
    if (openstr.length > 0) this.#toDevice(openstr);
    this.#waitForDevice();
  }

  /** The delays follow the speed that is in force. */
  lineChanged(line: LineSettings): void {
    this.#byteMs = (bitsPerCharacter(line) * 1000) / line.speed;
    this.#lastTick = this.#config.options.chardelay.enabled ? highestTick(GATHERED_BYTES, this.#byteMs) : -1;
    this.#delay?.lineChanged(line);
  }

  add(connection: Connection): void {
    if (!this.#connections.has(connection)) return; // lost while it was greeted
    this.#feeds.set(connection, { onTick: () => this.#readLink(connection) });
    this.#waitForLink(connection);
  }

  /** Also lets the device flow again if this peer was what it waited for (BUG-10). */
  remove(connection: Connection): void {
    const feed = this.#feeds.get(connection);
    if (feed !== undefined) this.#ticker.cancel(feed);
    this.#feeds.delete(connection);
    connection.link.ignoreReadable();
    this.peerReady();
  }

  /** A peer that was blocked is not any more. */
  peerReady(): void {
    this.#delay?.retry();
    this.#waitForDevice();
  }

  get waitsForDevice(): boolean {
    return this.#unwritten !== null;
  }

  get waitsForNet(): boolean {
    return this.#anyBlocked();
  }

  /** No more bytes; what the device has not taken yet is dropped. */
  stop(): void {
    this.#stopped = true;
    this.#unwritten = null;
    this.#delay?.stop();
    this.#ticker.cancel(this.#deviceTick);
    for (const feed of this.#feeds.values()) this.#ticker.cancel(feed);
    this.#feeds.clear();
    this.#device.ignoreReadable();
  }

  // ---- device to net

  #waitForDevice(): void {
    if (this.#stopped || this.#anyBlocked() || this.#devicePace.tick >= 0) return;
    this.#device.whenReadable(this.#deviceReady);
  }

  readonly #deviceReady = (): void => this.#readDevice();

  #readDevice(): void {
    let bytes = 0;
    for (let reads = 0; reads < READS_PER_TURN && bytes < BYTES_PER_TURN; reads++) {
      if (this.#stopped || this.#anyBlocked()) {
        this.#devicePace.tick = -1;
        return;
      }
      const limit = this.#deviceReadLimit();
      const count = this.#takeFromDevice(limit);
      if (count < 0) return;
      if (count === 0) break;
      const turned = this.#seenToDevice !== this.#movedToDevice;
      this.#seenToDevice = this.#movedToDevice;
      const last = this.#delay === null ? this.#lastTick : -1;
      bytes += count;
      const next = judge(this.#devicePace, count, count === limit, performance.now(), this.#byteMs, turned, last);
      if (next === "wait") break;
      if (next === "tick") {
        this.#ticker.at(this.#devicePace.tick, this.#deviceTick);
        return;
      }
    }
    this.#devicePace.tick = -1;
    this.#waitForDevice();
  }

  /** Bytes read and passed on; 0: none now; -1: the device is lost. */
  #takeFromDevice(limit: number): number {
    const into = limit < READ_BYTES ? shared.subarray(0, limit) : sharedRead;
    let count: number;
    try {
      count = this.#device.read(into);
    } catch (error) {
      this.#delay?.release();
      this.#events.deviceLost("dev read error", error);
      return -1;
    }
    if (count < 0) {
      this.#delay?.release();
      this.#events.deviceLost("closed port", null);
      return -1;
    }
    if (count > 0) this.#fromDevice(into.subarray(0, count));
    return count;
  }

  /**
   * A configured dev-to-net-bufsize bounds each piece, and so do datagrams; else the size of a piece is nobody's
   * business. Telnet may double each byte.
   */
  #deviceReadLimit(): number {
    const { bytes, explicit } = this.#config.options.devToNetBufsize;
    if (this.#delay !== null) return this.#delay.room(this.#anyTelnet());
    if (!explicit && this.#config.networkPort.transport !== "udp") return READ_BYTES;
    return Math.min(READ_BYTES, this.#anyTelnet() ? Math.max(1, bytes >> 1) : bytes);
  }

  #fromDevice(read: Uint8Array): void {
    this.#taps.monitorTerm?.(read);
    const end = this.#closeOn === null ? -1 : this.#closeOn.scan(read);
    const bytes = end < 0 ? read : read.subarray(0, end);
    this.#taps.traces?.deviceToNet(bytes);
    this.#taps.ledRx?.flash();
    this.bytesFromDevice += bytes.length;
    if (this.#delay === null) {
      this.#emit(bytes);
    } else {
      this.#delay.add(bytes);
      if (end >= 0) this.#delay.release();
    }
    if (end >= 0) this.#events.closeOnFound();
  }

  #emit(bytes: Uint8Array): void {
    if (this.#anyBlocked()) throw new Error("device data while a peer is blocked");
    this.#movedToNet++;
    for (const connection of this.#connections) {
      connection.lastActiveSecond = this.#heartbeat.second;
      connection.sendData(connection.telnet === null ? bytes : escapeIac(bytes, escaped));
    }
  }

  #anyBlocked(): boolean {
    for (const connection of this.#connections) if (connection.blocked) return true;
    return false;
  }

  #anyTelnet(): boolean {
    for (const connection of this.#connections) if (connection.telnet !== null) return true;
    return false;
  }

  // ---- net to device

  #waitForLink(connection: Connection): void {
    const feed = this.#feeds.get(connection);
    if (feed === undefined || this.#stopped || this.#unwritten !== null) return;
    connection.link.whenReadable(feed.onTick);
  }

  #readLink(connection: Connection): void {
    const feed = this.#feeds.get(connection);
    const { pace } = connection;
    const limit = this.#linkReadLimit(connection);
    let bytes = 0;
    for (let reads = 0; reads < READS_PER_TURN && bytes < BYTES_PER_TURN; reads++) {
      if (feed === undefined || this.#stopped || this.#unwritten !== null) {
        pace.tick = -1;
        return;
      }
      const count = this.#takeFromLink(connection, limit);
      if (count < 0) return;
      if (count === 0) break;
      const turned = connection.seenToNet !== this.#movedToNet;
      connection.seenToNet = this.#movedToNet;
      bytes += count;
      if (connection.flooding) {
        pace.tick = 0;
        this.#ticker.at(pace.tick, feed);
        return;
      }
      const next = judge(pace, count, count === limit, performance.now(), this.#byteMs, turned, this.#lastTick);
      if (next === "wait") break;
      if (next === "tick") {
        this.#ticker.at(pace.tick, feed);
        return;
      }
    }
    pace.tick = -1;
    this.#waitForLink(connection);
  }

  #linkReadLimit(connection: Connection): number {
    if (connection.link.transport === "udp") return DATAGRAM_BYTES;
    const { bytes, explicit } = this.#config.options.netToDevBufsize;
    const most = connection.flooding ? FLOOD_BYTES : READ_BYTES;
    return explicit ? Math.min(bytes, most) : most;
  }

  /** As #takeFromDevice. */
  #takeFromLink(connection: Connection, limit: number): number {
    const into = limit === READ_BYTES ? sharedRead : shared.subarray(0, limit);
    let count: number;
    try {
      count = connection.link.read(into);
    } catch (error) {
      this.#events.peerLost(connection, error);
      return -1;
    }
    if (count < 0) {
      this.#events.peerLost(connection, null);
      return -1;
    }
    if (count > 0) this.#fromLink(connection, into.subarray(0, count));
    return count;
  }

  #fromLink(connection: Connection, read: Uint8Array): void {
    connection.bytesFromNet += read.length;
    this.#lastRead = connection;
    const { telnet } = connection;
    let commands = 0;
    if (telnet === null || telnet.decoder.passes(read)) {
      connection.flooding = false;
      this.#dataFromLink(connection, read);
      return;
    }
    for (const event of telnet.decoder.push(read)) {
      if (this.#stopped || !this.#feeds.has(connection)) break;
      if (event.kind !== "data") {
        commands++;
        this.#events.telnet(connection, event);
        continue;
      }
      this.#events.commandsEnd(connection);
      if (!this.#stopped) this.#dataFromLink(connection, event.bytes);
    }
    this.#events.commandsEnd(connection);
    connection.flooding = commands > MANY_COMMANDS;
  }

  #dataFromLink(connection: Connection, bytes: Uint8Array): void {
    connection.lastActiveSecond = this.#heartbeat.second;
    this.#taps.monitorTcp?.(bytes);
    this.#taps.traces?.netToDevice(bytes);
    this.#movedToDevice++;
    this.#toDevice(bytes);
    this.#taps.ledTx?.flash();
  }

  /** What the device does not take now is kept; meanwhile no peer is read, so at most one read's worth comes together. */
  #toDevice(bytes: Uint8Array): void {
    const count = this.#unwritten === null ? this.#writeDevice(bytes) : 0;
    if (count === bytes.length || this.#stopped) return;
    const rest = bytes.subarray(count);
    if (this.#unwritten === null) {
      this.#unwritten = rest.slice();
      this.#device.whenWritable(this.#flushDevice);
      return;
    }
    const joined = new Uint8Array(this.#unwritten.length + rest.length);
    joined.set(this.#unwritten);
    joined.set(rest, this.#unwritten.length);
    this.#unwritten = joined;
  }

  readonly #flushDevice = (): void => {
    if (this.#unwritten === null || this.#stopped) return;
    const count = this.#writeDevice(this.#unwritten);
    if (this.#stopped || this.#unwritten === null) return;
    if (count < this.#unwritten.length) {
      this.#unwritten = this.#unwritten.subarray(count);
      this.#device.whenWritable(this.#flushDevice);
      return;
    }
    this.#unwritten = null;
    for (const connection of this.#inTurn()) this.#readLink(connection);
  };

  /** Everybody, beginning after the one who was read last: nobody keeps a slow device to himself. */
  #inTurn(): readonly Connection[] {
    const all = [...this.#connections];
    const next = this.#lastRead === null ? 0 : all.indexOf(this.#lastRead) + 1;
    return [...all.slice(next), ...all.slice(0, next)];
  }

  #writeDevice(bytes: Uint8Array): number {
    try {
      const count = this.#device.write(bytes);
      this.bytesToDevice += count;
      return count;
    } catch (error) {
      this.#events.deviceLost("dev write error", error);
      return bytes.length;
    }
  }
}
