/** The direction from the console to the BMC: one packet at a time, sent until it is acknowledged. */
import type { SolOutputState } from "../handover/sol-state.js";
import { ByteQueue } from "./byte-queue.js";
import { MAX_SEQUENCE, type SolPacket, STATUS } from "./sol-packet.js";

/** Bytes accepted before the BMC has taken them. */
const QUEUE_BYTES = 1024;
/**
 * The test packet right after activation tells whether the BMC acknowledges packets without data. Data waits for its
 * answer, but not long: a BMC that sends none works, too.
 */
const TEST_TRANSMISSIONS = 2;
const TEST_INTERVAL_MS = 500;

export type OutgoingPacket = Pick<SolPacket, "sequence" | "flags" | "data">;
/** The acknowledgement in a packet of the BMC. */
type Acknowledgement = Pick<SolPacket, "acknowledged" | "acceptedCount" | "flags">;

interface SolOutputOptions {
  /** Data bytes in a packet. */
  readonly packetBytes: number;
  readonly ackTimeoutMs: number;
  readonly ackRetries: number;
}

interface Outstanding extends OutgoingPacket {
  readonly isTest: boolean;
  transmissions: number;
}

const NO_DATA = new Uint8Array(0);

export class SolOutput {
  readonly #options: SolOutputOptions;
  readonly #send: (packet: OutgoingPacket) => void;
  readonly #queue = new ByteQueue(QUEUE_BYTES);
  #outstanding: Outstanding | null = null;
  /** OPERATION bits to be sent once, after the data in the queue. */
  #operations = 0;
  #sequence = 0;
  /** The BMC takes nothing at present. */
  #isHeld = false;
  #acknowledgesEmpty = false;
  /** When `expire` is to be called; infinite when nothing waits. */
  deadlineMs = Number.POSITIVE_INFINITY;

  constructor(options: SolOutputOptions, send: (packet: OutgoingPacket) => void) {
    this.#options = options;
    this.#send = send;
  }

  /** Goes on in place of `start`. What is under way is sent again when its time has come. */
  resume(before: SolOutputState, nowMs: number): void {
    this.#queue.push(before.queue);
    this.#outstanding = before.outstanding === null ? null : { ...before.outstanding };
    this.#operations = before.operations;
    this.#sequence = before.sequence;
    this.#isHeld = before.isHeld;
    this.#acknowledgesEmpty = before.acknowledgesEmpty;
    this.deadlineMs = nowMs + (before.dueInMs ?? Number.POSITIVE_INFINITY);
  }

  /** For the process after this one. */
  state(nowMs: number): SolOutputState {
    return {
      ...{ queue: this.#queue.peek(this.#queue.length).slice(), outstanding: this.#outstanding },
      ...{ operations: this.#operations, sequence: this.#sequence, isHeld: this.#isHeld },
      ...{ acknowledgesEmpty: this.#acknowledgesEmpty, dueInMs: dueIn(this.deadlineMs, nowMs) },
    };
  }

  /** Sends the test packet. */
  start(nowMs: number): void {
    const packet = { sequence: MAX_SEQUENCE, flags: 0, data: NO_DATA, isTest: true, transmissions: 0 };
    this.#outstanding = packet;
    this.#transmit(packet, nowMs);
  }

  /** How many of the bytes were taken: none while an operation waits, so that data does not overtake it. */
  write(bytes: Uint8Array, nowMs: number): number {
    if (this.#operations !== 0) return 0;
    const count = this.#queue.push(bytes);
    this.#next(nowMs);
    return count;
  }

  get isFull(): boolean {
    return this.#operations !== 0 || this.#queue.free === 0;
  }

  /** All that was written is acknowledged. */
  get isDrained(): boolean {
    return this.#isQueueEmpty && (this.#outstanding === null || this.#outstanding.isTest);
  }

  /** Break or flush: sent once, after what was written before. */
  operate(bits: number, nowMs: number): void {
    this.#operations |= bits;
    this.#next(nowMs);
  }

  /** Drops what was written and is not under way. */
  discard(): void {
    const underWay = this.#outstanding?.data.length ?? 0;
    const kept = this.#queue.peek(underWay).slice();
    this.#queue.drop(this.#queue.length);
    this.#queue.push(kept);
  }

  /** Every packet of the BMC says something about the output; most of them only that it may go on. */
  acknowledge({ acknowledged, acceptedCount, flags }: Acknowledgement, nowMs: number): void {
    const isRefusal = (flags & (STATUS.nack | STATUS.unavailable)) !== 0;
    if (acknowledged === MAX_SEQUENCE && this.#sequence === 0) this.#acknowledgesEmpty = true;
    const outstanding = this.#outstanding;
    if (outstanding !== null && acknowledged === outstanding.sequence) {
      this.#settle(outstanding, acceptedCount, (flags & STATUS.nack) !== 0);
    } else if (acknowledged !== 0 && isRefusal) {
      return; // about a packet that is no longer under way
    }
    if (isRefusal) this.#hold(nowMs);
    else this.#resume(nowMs);
  }

  /** To be called when the deadline has passed. False: the BMC has not answered the last of the transmissions. */
  expire(nowMs: number): boolean {
    const outstanding = this.#outstanding;
    this.deadlineMs = Number.POSITIVE_INFINITY;
    if (outstanding === null) {
      this.#isHeld = false; // the packet that ended the hold may have been lost
      this.#next(nowMs);
      return true;
    }
    const { isTest, transmissions } = outstanding;
    if (isTest && transmissions >= TEST_TRANSMISSIONS) {
      this.#outstanding = null;
      this.#next(nowMs);
      return true;
    }
    if (!isTest && transmissions >= this.#options.ackRetries) return false;
    this.#transmit(outstanding, nowMs);
    return true;
  }

  get #isQueueEmpty(): boolean {
    return this.#queue.length === 0 && this.#operations === 0;
  }

  /**
   * What was not accepted goes out under a new number. A refused packet does not keep its number: the packet that ends the
   * refusal may name it, too (ipmi_sim), and would look like an acknowledgement of the next attempt.
   */
  #settle(outstanding: Outstanding, acceptedCount: number, isNack: boolean): void {
    const { length } = outstanding.data;
    // A count of 0 without NACK means all of it: some BMCs do not fill it in.
    const accepted = isNack || acceptedCount > 0 ? Math.min(acceptedCount, length) : length;
    if (isNack && accepted === 0) this.#operations |= outstanding.flags;
    this.#queue.drop(accepted);
    this.#outstanding = null;
  }

  #hold(nowMs: number): void {
    this.#isHeld = true;
    if (this.#outstanding !== null) this.#outstanding.transmissions = 0;
    const isWaiting = this.#outstanding !== null || !this.#isQueueEmpty;
    this.deadlineMs = isWaiting ? nowMs + this.#options.ackTimeoutMs : Number.POSITIVE_INFINITY;
  }

  #resume(nowMs: number): void {
    const wasHeld = this.#isHeld;
    this.#isHeld = false;
    if (this.#outstanding === null) this.#next(nowMs);
    else if (wasHeld) this.#transmit(this.#outstanding, nowMs);
  }

  #next(nowMs: number): void {
    if (this.#outstanding !== null) return;
    this.deadlineMs = Number.POSITIVE_INFINITY;
    if (this.#isQueueEmpty) return;
    if (this.#isHeld) {
      this.deadlineMs = nowMs + this.#options.ackTimeoutMs;
      return;
    }
    // A copy: the view does not outlive the next write.
    const data = this.#queue.peek(this.#options.packetBytes).slice();
    const flags = data.length === 0 ? this.#takeOperations() : 0;
    if (data.length === 0 && !this.#acknowledgesEmpty) {
      this.#send({ sequence: 0, flags, data });
      return;
    }
    this.#sequence = (this.#sequence % MAX_SEQUENCE) + 1;
    this.#outstanding = { sequence: this.#sequence, flags, data, isTest: false, transmissions: 0 };
    this.#transmit(this.#outstanding, nowMs);
  }

  #takeOperations(): number {
    const bits = this.#operations;
    this.#operations = 0;
    return bits;
  }

  #transmit(packet: Outstanding, nowMs: number): void {
    packet.transmissions++;
    const { ackTimeoutMs } = this.#options;
    this.deadlineMs = nowMs + (packet.isTest ? Math.min(TEST_INTERVAL_MS, ackTimeoutMs) : ackTimeoutMs);
    this.#send({ sequence: packet.sequence, flags: packet.flags, data: packet.data });
  }
}

/** Null: never. */
export function dueIn(deadlineMs: number, nowMs: number): number | null {
  return deadlineMs === Number.POSITIVE_INFINITY ? null : Math.max(0, Math.ceil(deadlineMs - nowMs));
}
