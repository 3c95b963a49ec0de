/** Serial over LAN on an activated payload: both directions, and the status bits of the BMC (IPMI 2.0, 15.11). */
import type { SolLinkState } from "../handover/sol-state.js";
import { SessionError } from "./session-error.js";
import { type Receipt, SolInput } from "./sol-input.js";
import { dueIn, type OutgoingPacket, SolOutput } from "./sol-output.js";
import { decodeSol, encodeSol, OPERATION, STATUS } from "./sol-packet.js";

export interface SolLinkOptions {
  /** Data bytes in a packet to the BMC. */
  readonly packetBytes: number;
  readonly ackTimeoutMs: number;
  readonly ackRetries: number;
  /** CTS, DCD and DSR are to stay deasserted. */
  readonly deassert: boolean;
}

/** The BMC reports a break of the serial line, or that it lost characters; it does not go on after it was refused. */
export type SolEvent = "break" | "overrun" | "stuck";

interface SolLinkEvents {
  send(payload: Uint8Array): void;
  /** Bytes have arrived. */
  readable(): void;
  /** There is room again after a `write` that took less than it was given. */
  writable(): void;
  happened(what: SolEvent): void;
  lost(error: SessionError): void;
}

const NO_DATA = new Uint8Array(0);

export class SolLink {
  readonly #options: SolLinkOptions;
  readonly #events: SolLinkEvents;
  readonly #output: SolOutput;
  readonly #input = new SolInput();
  /** OPERATION bits of every packet. */
  readonly #levels: number;
  /** Not sent yet: it rides on the next packet. */
  #receipt: Receipt | null = null;
  #isWriterWaiting = false;
  #releaseDeadlineMs = Number.POSITIVE_INFINITY;
  #releases = 0;

  constructor(options: SolLinkOptions, events: SolLinkEvents) {
    this.#options = options;
    this.#events = events;
    this.#levels = options.deassert ? OPERATION.ctsPause | OPERATION.dropDcdDsr : 0;
    this.#output = new SolOutput(options, packet => this.#send(packet));
  }

  start(nowMs: number): void {
    this.#output.start(nowMs);
  }

  /** Goes on, in place of `start`. */
  resume(before: SolLinkState, nowMs: number): void {
    this.#output.resume(before.output, nowMs);
    this.#input.resume(before.input);
    this.#isWriterWaiting = before.isWriterWaiting;
    this.#releases = before.releases;
    this.#releaseDeadlineMs = nowMs + (before.releaseInMs ?? Number.POSITIVE_INFINITY);
  }

  /** For the process after this one. */
  state(nowMs: number): SolLinkState {
    return {
      ...{ output: this.#output.state(nowMs), input: this.#input.state(), isWriterWaiting: this.#isWriterWaiting },
      ...{ releaseInMs: dueIn(this.#releaseDeadlineMs, nowMs), releases: this.#releases },
    };
  }

  get deadlineMs(): number {
    return Math.min(this.#output.deadlineMs, this.#releaseDeadlineMs);
  }

  /** All that was written is acknowledged. */
  get isDrained(): boolean {
    return this.#output.isDrained;
  }

  /** How many of the bytes were taken; `writable` follows when it was not all of them. */
  write(bytes: Uint8Array, nowMs: number): number {
    const count = this.#output.write(bytes, nowMs);
    if (count < bytes.length) this.#isWriterWaiting = true;
    return count;
  }

  get isWritable(): boolean {
    return !this.#output.isFull;
  }

  get isReadable(): boolean {
    return this.#input.length > 0;
  }

  /** Bytes put into `into`; 0: none are there. */
  read(into: Uint8Array, nowMs: number): number {
    const count = this.#input.read(into);
    if (this.#input.isRoomToTell && this.#releaseDeadlineMs === Number.POSITIVE_INFINITY) this.#release(nowMs);
    return count;
  }

  sendBreak(nowMs: number): void {
    this.#output.operate(OPERATION.break, nowMs);
  }

  /** Drops what waits here, and tells the BMC to drop what it holds. */
  flush(which: "input" | "output" | "both", nowMs: number): void {
    if (which !== "output") this.#input.discard();
    if (which !== "input") this.#output.discard();
    const bits = { input: OPERATION.flushOutbound, output: OPERATION.flushInbound };
    this.#output.operate(which === "both" ? bits.input | bits.output : bits[which], nowMs);
  }

  /**
   * @param isLate sent before a packet that has been received: it acknowledges, but its data came already. Its number
   *   alone does not tell a late retransmission from new data
   */
  receive(payload: Uint8Array, nowMs: number, isLate = false): void {
    const packet = decodeSol(payload);
    if (packet === null) return;
    if (isLate) {
      this.#output.acknowledge(packet, nowMs);
      this.#tellWriter();
      return;
    }
    if ((packet.flags & STATUS.deactivated) !== 0) {
      this.#events.lost(new SessionError("deactivated", "the BMC ended Serial over LAN"));
      return;
    }
    if (!this.#input.isRepeated(packet)) this.#report(packet.flags);
    const before = this.#input.length;
    this.#receipt = this.#input.receive(packet, nowMs);
    if (packet.sequence !== 0) this.#stopReleasing();
    this.#output.acknowledge(packet, nowMs);
    if (this.#receipt !== null) this.#send({ sequence: 0, flags: 0, data: NO_DATA });
    this.#tellWriter();
    if (this.#input.length > before) this.#events.readable();
  }

  /** To be called when the deadline has passed. */
  expire(nowMs: number): void {
    if (this.#releaseDeadlineMs <= nowMs) this.#release(nowMs);
    if (this.#output.deadlineMs > nowMs) return;
    if (this.#output.expire(nowMs)) this.#tellWriter();
    else this.#events.lost(new SessionError("silent", "the BMC does not acknowledge data"));
  }

  #report(flags: number): void {
    if ((flags & STATUS.break) !== 0) this.#events.happened("break");
    if ((flags & STATUS.overrun) !== 0) this.#events.happened("overrun");
  }

  #tellWriter(): void {
    if (!this.#isWriterWaiting || this.#output.isFull) return;
    this.#isWriterWaiting = false;
    this.#events.writable();
  }

  /** Tells the BMC that there is room again; repeated, since the packet may get lost, until it sends. */
  #release(nowMs: number): void {
    this.#releaseDeadlineMs = Number.POSITIVE_INFINITY;
    const { ackRetries, ackTimeoutMs } = this.#options;
    if (!this.#input.isRoomToTell || this.#releases > ackRetries) return;
    if (this.#releases++ === ackRetries) {
      this.#events.happened("stuck");
      return;
    }
    this.#releaseDeadlineMs = nowMs + ackTimeoutMs;
    this.#send({ sequence: 0, flags: 0, data: NO_DATA });
  }

  #stopReleasing(): void {
    this.#releases = 0;
    this.#releaseDeadlineMs = Number.POSITIVE_INFINITY;
  }

  #send({ sequence, flags, data }: OutgoingPacket): void {
    const { acknowledged, acceptedCount, isNack } = this.#receipt ?? NOTHING;
    this.#receipt = null;
    const nack = isNack ? OPERATION.nack : 0;
    this.#events.send(encodeSol({ sequence, acknowledged, acceptedCount, flags: flags | nack | this.#levels, data }));
  }
}

const NOTHING: Receipt = { acknowledged: 0, acceptedCount: 0, isNack: false };
