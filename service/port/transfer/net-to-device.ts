/** Bytes of all peers to the device. While it has not taken all it got, no peer is read. */
import type { TransferredState } from "../../handover/state.js";
import type { Connection } from "../peers/connection.js";
import type { NextRead } from "../read-pacing.js";
import { type Gone, StalledPeers } from "./stalled-peers.js";
import { TelnetInput } from "./telnet-input.js";
import {
  BYTES_PER_TURN,
  DATAGRAM_BYTES,
  READ_BYTES,
  READS_PER_TURN,
  roomFor,
  type TransferOptions,
  type TransferState,
} from "./transfer-state.js";

/** A chunk with more telnet commands is a flood: they cost far more than data, and no client needs so many. */
const MANY_COMMANDS = 64;
/** Read of a flood at each tick. */
const FLOOD_BYTES = 512;

export class NetToDevice {
  /** To the device. */
  bytes = 0;
  readonly #options: TransferOptions;
  readonly #state: TransferState;
  /** Null: the device has taken all so far. */
  #stalledPeers: StalledPeers | null = null;
  #unwritten: Uint8Array | null = null;
  /** The rest of the peer that filled the device: commands must not overtake data. */
  #postponed: TelnetInput | null = null;
  #lastRead: Connection | null = null;
  /** The time at which the bytes that are passed on were read, or the device has taken the ones before them. */
  #nowMs = 0;

  constructor(options: TransferOptions, state: TransferState, before: TransferredState | null) {
    this.#options = options;
    this.#state = state;
    this.bytes = before?.bytesToDevice ?? 0;
  }

  /** For the process after this one. */
  state(): Pick<TransferredState, "bytesToDevice" | "unwritten" | "postponed"> {
    const left = this.#postponed;
    const postponed = left === null ? null : { connection: left.connection.id, ...left.rest() };
    return { bytesToDevice: this.bytes, unwritten: this.#unwritten ?? new Uint8Array(0), postponed };
  }

  /** The device has not taken all it got. */
  get blocked(): boolean {
    return this.#unwritten !== null;
  }

  /** Takes up what the process before this one left, when all peers are added. */
  resume({ unwritten, postponed }: TransferredState): void {
    if (unwritten.length > 0) this.write(unwritten);
    const connection = [...this.#options.connections].find(({ id }) => id === postponed?.connection);
    if (postponed === null || connection === undefined || connection.telnet === null) return;
    const input = TelnetInput.resume(connection, connection.telnet.decoder, postponed);
    if (this.blocked) this.#postponed = input;
    else this.#inOrder(input);
  }

  add(connection: Connection): void {
    connection.feed = () => this.#read(connection);
    this.#wait(connection);
  }

  remove(connection: Connection): void {
    connection.feed = null;
    connection.link.ignoreReadable();
    const bytes = this.#forgetPostponed(connection);
    if (bytes > 0) this.#options.events.dropped(connection, bytes);
  }

  /** What the device has not taken yet is dropped. */
  stop(): void {
    const bytes = this.#forgetUnwritten() + (this.#postponed?.dataLeft() ?? 0);
    if (bytes > 0) this.#options.events.dropped(null, bytes);
    this.#postponed = null;
    for (const connection of this.#options.connections) connection.feed = null;
    this.#stalledPeers?.stop();
  }

  /** What the device does not take now is kept; nothing more comes until it has left. */
  write(bytes: Uint8Array): void {
    const count = this.#writeNow(bytes);
    if (count === bytes.length || this.#state.stopped) return;
    this.#unwritten = bytes.slice(count);
    this.#options.device.whenWritable(() => this.#flush());
    const { clock, connections } = this.#options;
    const gone: Gone = (connection, count, error) => this.#gone(connection, count, error);
    this.#stalledPeers ??= new StalledPeers({ clock, connections, device: this, gone });
    this.#stalledPeers.deviceFull();
  }

  #flush(): void {
    if (this.#unwritten === null || this.#state.stopped) return;
    const count = this.#writeNow(this.#unwritten);
    if (this.#state.stopped || this.#unwritten === null) return;
    if (count < this.#unwritten.length) {
      this.#unwritten = this.#unwritten.subarray(count);
      this.#options.device.whenWritable(() => this.#flush());
      return;
    }
    this.#unwritten = null;
    this.#nowMs = this.#options.clock.nowMs();
    const postponed = this.#postponed;
    this.#postponed = null;
    if (postponed !== null) this.#inOrder(postponed);
    for (const connection of this.#inTurn()) this.#read(connection);
  }

  /** Discards the output too, unless another peer is connected: the port closes. */
  #gone(connection: Connection, bytes: number, error: unknown): void {
    const { connections, events } = this.#options;
    if (!connections.has(connection)) return; // its session told late
    const own = this.#forgetPostponed(connection);
    events.dropped(connection, bytes + own + (connections.size === 1 ? this.#forgetUnwritten() : 0));
    if (error === null) events.peerEnded(connection);
    else events.linkFailed(connection, "read", error);
  }

  /** How many bytes of data that were. */
  #forgetUnwritten(): number {
    const bytes = this.#unwritten?.length ?? 0;
    this.#unwritten = null;
    return bytes;
  }

  /** As `#forgetUnwritten`, for what that peer sent after it. */
  #forgetPostponed(connection: Connection): number {
    if (this.#postponed?.connection !== connection) return 0;
    const bytes = this.#postponed.dataLeft();
    this.#postponed = null;
    return bytes;
  }

  #writeNow(bytes: Uint8Array): number {
    try {
      const count = this.#options.device.write(bytes);
      this.bytes += count;
      return count;
    } catch (error) {
      this.#options.events.deviceLost("dev write error", error);
      return bytes.length;
    }
  }

  /** All connections, beginning after the one that was read last, so that none keeps a slow device from the others. */
  #inTurn(): readonly Connection[] {
    const all = [...this.#options.connections];
    const next = this.#lastRead === null ? 0 : all.indexOf(this.#lastRead) + 1;
    return [...all.slice(next), ...all.slice(0, next)];
  }

  #wait(connection: Connection, atTick = false): void {
    const { feed } = connection;
    if (feed === null || this.#state.stopped || this.blocked) return;
    connection.link.whenReadable(feed, atTick);
  }

  #read(connection: Connection): void {
    const state = this.#state;
    const limit = this.#limit(connection);
    let bytes = 0;
    let next: NextRead = "again";
    for (let reads = 0; next === "again" && reads < READS_PER_TURN && bytes < BYTES_PER_TURN; reads++) {
      if (connection.feed === null || state.stopped || this.blocked) return;
      this.#nowMs = this.#options.clock.nowMs();
      const count = this.#take(connection, limit);
      if (count < 0) return;
      if (count === 0) break;
      bytes += count;
      const result = { bytes: count, isFull: count === limit, nowMs: this.#nowMs };
      next = connection.pacing.next(result, state.timing, state.toNet, this.#options.budget);
      if (connection.flooding) next = "tick";
    }
    this.#wait(connection, next === "tick");
  }

  #limit(connection: Connection): number {
    if (connection.link.transport === "udp") return DATAGRAM_BYTES;
    const { bytes, explicit } = this.#options.config.options.netToDevBufsize;
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
      this.#options.events.linkFailed(connection, "read", error);
      return -1;
    }
    if (count < 0) {
      this.#options.events.peerEnded(connection);
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
    const { commands: handlers } = this.#options;
    let commands = 0;
    // A crash after data has left must not find the state of the decoder before it.
    let kept = 0;
    const keep = (): void => {
      if (kept === commands + input.pieces) return;
      kept = commands + input.pieces;
      handlers.inputEnd();
    };
    while (!this.#state.stopped && connection.feed !== null) {
      if (this.blocked) {
        this.#postponed = input;
        break;
      }
      const event = input.next();
      if (event === null) break;
      if (event.kind !== "data") {
        commands++;
        handlers.telnet(connection, event);
        continue;
      }
      handlers.commandsEnd(connection);
      keep();
      if (!this.#state.stopped) this.#pass(connection, event.bytes);
    }
    handlers.commandsEnd(connection);
    keep();
    return commands;
  }

  #pass(connection: Connection, read: Uint8Array): void {
    const { observers, heartbeat } = this.#options;
    connection.lastActiveSecond = heartbeat.second;
    if (!connection.writes) {
      connection.drop(read.length);
      return;
    }
    const bytes = connection.decodeData(read);
    observers.tcp?.(bytes);
    observers.traces?.netToDevice(bytes);
    this.#state.toDevice.add(bytes.length * this.#state.timing.byteMs, this.#nowMs);
    this.write(bytes);
    observers.ledTx?.flash();
  }
}
