/** Bytes from the device to all peers. While one of them has not taken all it got, the device is not read. */
import type { TransferredState } from "../../handover/state.js";
import { escapeIac } from "../../telnet/encoder.js";
import { type NextRead, ReadPacing } from "../read-pacing.js";
import type { CharacterDelay } from "./character-delay.js";
import { type CloseOn, createCloseOn } from "./close-on.js";
import {
  BYTES_PER_TURN,
  DATAGRAM_BYTES,
  READ_BYTES,
  READS_PER_TURN,
  roomFor,
  type TransferOptions,
  type TransferState,
} from "./transfer-state.js";

/** One buffer for all ports, like that of reads. Telnet may double each byte. */
const escaped = new Uint8Array(DATAGRAM_BYTES * 2);

const NOTHING = new Uint8Array(0);

export class DeviceToNet {
  /** From the device. */
  bytes = 0;
  readonly #options: TransferOptions;
  readonly #state: TransferState;
  readonly #closeOn: CloseOn | null;
  /** The manual page's algorithm, for port lines that ask for it. */
  readonly delay: CharacterDelay | null;
  readonly #pacing = new ReadPacing();
  /** The time of the read, or of the end of chardelay, that is under way. */
  #nowMs = 0;
  readonly #ready = () => this.#read();

  constructor(options: TransferOptions, state: TransferState, before: TransferredState | null) {
    this.#options = options;
    this.#state = state;
    this.bytes = before?.bytesFromDevice ?? 0;
    const { closeon, chardelay, devToNetBufsize } = options.config.options;
    this.#closeOn = closeon === null || closeon.length === 0 ? null : createCloseOn(closeon);
    if (before !== null) this.#closeOn?.scan(before.closeOnSeen);
    this.delay =
      chardelay.explicit && chardelay.enabled
        ? options.characterDelay(
            chardelay,
            Math.min(devToNetBufsize.bytes, READ_BYTES), // a slow connection's replay has room for no more at once
            options.clock,
            {
              ready: () => !this.blocked,
              emit: bytes => {
                this.#nowMs = options.clock.nowMs();
                this.#emit(bytes);
              },
            },
            before?.gathered,
          )
        : null;
  }

  /** For the process after this one. */
  state(): Pick<TransferredState, "bytesFromDevice" | "gathered" | "closeOnSeen"> {
    const closeOnSeen = this.#closeOn?.seen() ?? NOTHING;
    return { bytesFromDevice: this.bytes, gathered: this.delay?.state() ?? null, closeOnSeen };
  }

  /** A peer has not taken all it got, or asked for a pause. */
  get blocked(): boolean {
    for (const connection of this.#options.connections) if (connection.blocked) return true;
    return false;
  }

  wait(atTick = false): void {
    if (this.#state.stopped || this.blocked) return;
    this.#options.device.whenReadable(this.#ready, atTick);
  }

  stop(): void {
    this.delay?.stop();
    this.#options.device.ignoreReadable();
  }

  #read(): void {
    const state = this.#state;
    let bytes = 0;
    let next: NextRead = "again";
    for (let reads = 0; next === "again" && reads < READS_PER_TURN && bytes < BYTES_PER_TURN; reads++) {
      if (state.stopped || this.blocked) return;
      const limit = this.#limit();
      this.#nowMs = this.#options.clock.nowMs();
      const count = this.#take(limit);
      if (count < 0) return;
      if (count === 0) break;
      bytes += count;
      const result = { bytes: count, isFull: count === limit, nowMs: this.#nowMs };
      next = this.#pacing.next(result, state.timing, state.toDevice, this.#options.budget);
      // An empty tty is not asked: the kernel would wait for its worker (see AT_ARRIVAL).
      if (count < limit) break;
    }
    this.wait(next === "tick" && this.delay === null);
  }

  /**
   * A configured dev-to-net-bufsize bounds each piece, and so do datagrams; else a piece may have
   * any size. Telnet may double each byte.
   */
  #limit(): number {
    const { options, networkPort } = this.#options.config;
    const { bytes, explicit } = options.devToNetBufsize;
    if (this.delay !== null) return Math.min(READ_BYTES, this.delay.room(this.#anyTelnet()));
    if (!explicit && networkPort.transport !== "udp") return READ_BYTES;
    return Math.min(READ_BYTES, this.#anyTelnet() ? Math.max(1, bytes >> 1) : bytes);
  }

  #anyTelnet(): boolean {
    for (const connection of this.#options.connections) if (connection.telnet !== null) return true;
    return false;
  }

  /** Bytes read and passed on; 0: none now; -1: the device is lost. */
  #take(limit: number): number {
    const { device, events } = this.#options;
    const into = roomFor(limit);
    let count: number;
    try {
      count = device.read(into);
    } catch (error) {
      this.delay?.release();
      events.deviceLost("dev read error", error);
      return -1;
    }
    if (count < 0) {
      this.delay?.release();
      events.deviceLost("closed port", null);
      return -1;
    }
    if (count > 0) this.#pass(into.subarray(0, count));
    return count;
  }

  #pass(read: Uint8Array): void {
    const { observers, events, heartbeat } = this.#options;
    this.#state.lastDeviceSecond = heartbeat.second;
    observers.term?.(read);
    observers.output?.(read);
    const end = this.#closeOn === null ? -1 : this.#closeOn.scan(read);
    const bytes = end < 0 ? read : read.subarray(0, end);
    observers.traces?.deviceToNet(bytes);
    observers.ledRx?.flash();
    this.bytes += bytes.length;
    if (this.delay === null) {
      this.#emit(bytes);
    } else {
      this.delay.add(bytes);
      if (end >= 0) this.delay.release();
    }
    if (end >= 0) events.closeOnFound();
  }

  #emit(bytes: Uint8Array): void {
    if (this.blocked) throw new Error("device data while a peer is blocked");
    const { connections, heartbeat, observers } = this.#options;
    observers.replay?.add(bytes);
    this.#state.toNet.add(bytes.length * this.#state.timing.byteMs, this.#nowMs);
    for (const connection of connections) {
      connection.lastActiveSecond = heartbeat.second;
      if (connection.replay !== null) continue; // it comes to these bytes later
      connection.sendData(connection.telnet === null ? bytes : escapeIac(bytes, escaped));
    }
  }
}
