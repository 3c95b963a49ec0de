/** Bytes of all peers to the device. While it has not taken all it got, no peer is read. */
import { judge } from "./batching.js";
import type { Connection } from "./connection.js";
import {
  BYTES_PER_TURN,
  DATAGRAM_BYTES,
  type Flow,
  type FlowParts,
  READ_BYTES,
  READS_PER_TURN,
  roomFor,
} from "./flow.js";
import { GonePeers } from "./gone-peers.js";
import { TelnetInput } from "./telnet-input.js";

/** A chunk with more telnet commands is a flood: they cost far more than data, and nobody needs so many. */
const MANY_COMMANDS = 64;
/** Read of a flood at a time, and once in the shortest tick. */
const FLOOD_BYTES = 512;

export class NetToDevice {
  /** To the device. */
  bytes = 0;
  readonly #parts: FlowParts;
  readonly #flow: Flow;
  /** For each peer, the one function that reads it: when it is readable, and at its tick. */
  readonly #feeds = new Map<Connection, { readonly onTick: () => void }>();
  readonly #gonePeers = new GonePeers({
    bytesToDevice: () => this.bytes,
    waitsForDevice: () => this.blocked,
    peers: () => this.#feeds.keys(),
    lost: (connection, error) => this.#parts.events.peerLost(connection, error),
  });
  #unwritten: Uint8Array | null = null;
  /** What the peer that filled the device sent after that: commands must not overtake data. */
  #postponed: TelnetInput | null = null;
  #lastRead: Connection | null = null;

  constructor(parts: FlowParts, flow: Flow) {
    this.#parts = parts;
    this.#flow = flow;
  }

  /** The device has not taken all it got. */
  get blocked(): boolean {
    return this.#unwritten !== null;
  }

  add(connection: Connection): void {
    this.#feeds.set(connection, { onTick: () => this.#read(connection) });
    this.#wait(connection);
  }

  remove(connection: Connection): void {
    const feed = this.#feeds.get(connection);
    if (feed !== undefined) this.#parts.ticker.cancel(feed);
    this.#feeds.delete(connection);
    connection.link.ignoreReadable();
  }

  /** What the device has not taken yet is dropped. */
  stop(): void {
    this.#unwritten = null;
    this.#postponed = null;
    for (const feed of this.#feeds.values()) this.#parts.ticker.cancel(feed);
    this.#feeds.clear();
    this.#gonePeers.stop();
  }

  /** What the device does not take now is kept; nothing more comes until it has left. */
  write(bytes: Uint8Array): void {
    const count = this.#writeNow(bytes);
    if (count === bytes.length || this.#flow.stopped) return;
    this.#unwritten = bytes.slice(count);
    this.#parts.device.whenWritable(this.#flush);
    this.#gonePeers.deviceFull();
  }

  readonly #flush = (): void => {
    if (this.#unwritten === null || this.#flow.stopped) return;
    const count = this.#writeNow(this.#unwritten);
    if (this.#flow.stopped || this.#unwritten === null) return;
    if (count < this.#unwritten.length) {
      this.#unwritten = this.#unwritten.subarray(count);
      this.#parts.device.whenWritable(this.#flush);
      return;
    }
    this.#unwritten = null;
    const postponed = this.#postponed;
    this.#postponed = null;
    if (postponed !== null) this.#inOrder(postponed);
    for (const connection of this.#inTurn()) this.#read(connection);
  };

  #writeNow(bytes: Uint8Array): number {
    try {
      const count = this.#parts.device.write(bytes);
      this.bytes += count;
      return count;
    } catch (error) {
      this.#parts.events.deviceLost("dev write error", error);
      return bytes.length;
    }
  }

  /** Everybody, beginning after the one who was read last: nobody keeps a slow device to himself. */
  #inTurn(): readonly Connection[] {
    const all = [...this.#parts.connections];
    const next = this.#lastRead === null ? 0 : all.indexOf(this.#lastRead) + 1;
    return [...all.slice(next), ...all.slice(0, next)];
  }

  #wait(connection: Connection): void {
    const feed = this.#feeds.get(connection);
    if (feed === undefined || this.#flow.stopped || this.blocked) return;
    connection.link.whenReadable(feed.onTick);
  }

  #read(connection: Connection): void {
    const feed = this.#feeds.get(connection);
    const flow = this.#flow;
    const { pace } = connection;
    const limit = this.#limit(connection);
    let bytes = 0;
    for (let reads = 0; reads < READS_PER_TURN && bytes < BYTES_PER_TURN; reads++) {
      if (feed === undefined || flow.stopped || this.blocked) {
        pace.tick = -1;
        return;
      }
      const count = this.#take(connection, limit);
      if (count < 0) return;
      if (count === 0) break;
      if (connection.flooding) {
        pace.tick = 0;
        this.#parts.ticker.at(pace.tick, feed);
        return;
      }
      const turned = connection.seenToNet !== flow.movedToNet;
      connection.seenToNet = flow.movedToNet;
      bytes += count;
      const next = judge(pace, count, count === limit, performance.now(), flow.byteMs, turned, flow.lastTick);
      if (next === "wait") break;
      if (next === "tick") {
        this.#parts.ticker.at(pace.tick, feed);
        return;
      }
    }
    pace.tick = -1;
    this.#wait(connection);
  }

  #limit(connection: Connection): number {
    if (connection.link.transport === "udp") return DATAGRAM_BYTES;
    const { bytes, explicit } = this.#parts.config.options.netToDevBufsize;
    const most = connection.flooding ? FLOOD_BYTES : READ_BYTES;
    return explicit ? Math.min(bytes, most) : most;
  }

  /** Bytes read and passed on; 0: none now; -1: the peer is lost. */
  #take(connection: Connection, limit: number): number {
    const into = roomFor(limit);
    let count: number;
    try {
      count = connection.link.read(into);
    } catch (error) {
      this.#parts.events.peerLost(connection, error);
      return -1;
    }
    if (count < 0) {
      this.#parts.events.peerLost(connection, null);
      return -1;
    }
    if (count > 0) this.#decode(connection, into.subarray(0, count));
    return count;
  }

  #decode(connection: Connection, read: Uint8Array): void {
    connection.bytesFromNet += read.length;
    this.#lastRead = connection;
    const { telnet } = connection;
    if (telnet === null || telnet.decoder.passes(read)) {
      connection.flooding = false;
      this.#pass(connection, read);
      return;
    }
    const input = new TelnetInput(connection, telnet.decoder, read);
    connection.flooding = this.#inOrder(input) > MANY_COMMANDS;
    if (this.#postponed === input) input.keep();
  }

  /** How many commands there were. */
  #inOrder(input: TelnetInput): number {
    const { connection } = input;
    const { events } = this.#parts;
    let commands = 0;
    while (!this.#flow.stopped && this.#feeds.has(connection)) {
      if (this.blocked) {
        this.#postponed = input;
        break;
      }
      const event = input.next();
      if (event === null) break;
      if (event.kind !== "data") {
        commands++;
        events.telnet(connection, event);
        continue;
      }
      events.commandsEnd(connection);
      if (!this.#flow.stopped) this.#pass(connection, event.bytes);
    }
    events.commandsEnd(connection);
    return commands;
  }

  #pass(connection: Connection, bytes: Uint8Array): void {
    const { taps, heartbeat } = this.#parts;
    connection.lastActiveSecond = heartbeat.second;
    taps.monitorTcp?.(bytes);
    taps.traces?.netToDevice(bytes);
    this.#flow.movedToDevice++;
    this.write(bytes);
    taps.ledTx?.flash();
  }
}
