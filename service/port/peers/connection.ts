/** One connection: its unsent output, telnet state and last activity. */
import type { ConnectionState } from "../../handover/state.js";
import { toBytes } from "../../line/bytes.js";
import type { Link } from "../../net/link.js";
import { COM_PORT } from "../../telnet/codes.js";
import { ReadPacing } from "../read-pacing.js";
import type { ConnectionStatus } from "../status.js";
import type { ConnectionReplay, ConnectionStart } from "./connection-start.js";
import { PeerTelnet } from "./peer-telnet.js";

/** Telnet answers a peer may leave unread before it is closed ("telnet output error"; the reference allows 256). */
const MAX_UNSENT_ANSWERS = 4096;
/** Answers to commands that arrived together are sent together, up to this size. */
const GATHERED_BYTES = 1024;

/** One for all: answers are gathered for one peer at a time, within one call. */
const gathered = new Uint8Array(GATHERED_BYTES);

/** The part of PortEvents that a connection itself notices. */
export interface ConnectionEvents {
  /** The link failed in that call. @param error a LinkError; anything else is a bug, and thrown on */
  linkFailed(connection: Connection, call: "read" | "write", error: unknown): void;
  /** All output of the connection has left. */
  peerReady(connection: Connection): void;
}

export class Connection {
  readonly id: number;
  readonly link: Link;
  readonly slot: number;
  readonly telnet: PeerTelnet | null;
  /** A fixed UDP peer never times out and cannot be kicked off. */
  readonly fixed: boolean;
  readonly pacing = new ReadPacing();
  /** False: it watches, and what it sends to the device is dropped. */
  writes: boolean;
  /** Input dropped since it watches, in bytes. */
  bytesDropped = 0;
  #knowsItWatches = false;
  bytesFromNet = 0;
  bytesToNet = 0;
  /** True while the peer sends mostly telnet commands, and for a telnet peer that has sent nothing yet: reads are then small. */
  flooding: boolean;
  /** FLOWCONTROL-SUSPEND: device data waits until the peer asks for it again. */
  suspended = false;
  feed: (() => void) | null = null; // the one function that reads it; null: it is not read
  replay: ConnectionReplay | null = null;
  replayLeft = 0; // bytes of the replay that the process before this one had not sent
  isGreeted = false; // by the process before this one
  /** The reason to end it when its output has left (closeon); null: it stays. */
  endWhenSent: string | null = null;
  lastActiveSecond: number;
  readonly sinceMs: number; // milliseconds since 1970
  readonly startedMs: number; // on the clock, which is never set
  #unsent: Uint8Array | null = null;
  #unsentAnswers = 0;
  /** Bytes in `gathered`, or -1 while nothing is gathered. */
  #gathered = -1;
  #closed = false;
  /** Bytes the link has taken, and how many they were at the last `tookNothing`. */
  #taken = 0;
  #takenBefore = -1;
  readonly #events: ConnectionEvents;

  constructor(options: ConnectionStart & { readonly events: ConnectionEvents }) {
    this.id = options.id;
    this.link = options.link;
    this.slot = options.slot;
    this.fixed = options.fixed;
    this.lastActiveSecond = options.second;
    [this.sinceMs, this.startedMs] = [options.sinceMs, options.startedMs];
    this.#events = options.events;
    this.telnet = options.mode === "telnet" ? new PeerTelnet(options.telnet, options.before?.telnet) : null;
    this.flooding = this.telnet !== null;
    this.writes = options.before?.writes ?? options.link.watches !== true;
    if (this.telnet !== null) this.link.keepUrgentInline?.();
    if (options.before != null) this.#goOn(options.before);
  }

  #goOn(before: ConnectionState): void {
    [this.bytesFromNet, this.bytesToNet] = [before.bytesFromNet, before.bytesToNet];
    this.flooding = before.flooding;
    this.suspended = before.suspended;
    this.replayLeft = before.replayLeft;
    this.endWhenSent = before.endWhenSent;
    this.#unsentAnswers = before.unsentAnswers;
    for (const datagram of before.inbox) this.link.deliver?.(datagram);
    if (before.unsent.length === 0) return;
    this.#unsent = before.unsent;
    this.link.whenWritable(() => this.#flush());
  }

  /** For the process after this one. */
  state(port: string, second: number): ConnectionState {
    const { id, slot, fixed, link, bytesFromNet, bytesToNet, flooding, suspended, endWhenSent } = this;
    return {
      ...{ name: link.storedName ?? "", port, transport: link.transport, peer: link.peer, id, slot, fixed },
      ...{ sinceMs: this.sinceMs, idleSeconds: Math.max(0, second - this.lastActiveSecond) },
      ...{ bytesFromNet, bytesToNet, flooding, suspended, endWhenSent },
      replayLeft: this.replay?.left ?? 0,
      ...{ unsent: this.#unsent ?? new Uint8Array(0), unsentAnswers: this.#unsentAnswers },
      ...{ telnet: this.telnet?.state() ?? null, inbox: link.inbox?.() ?? [] },
      ...{ attach: link.attached?.state() ?? null, writes: this.writes },
    };
  }

  /** Device data must wait for this peer. */
  get blocked(): boolean {
    return this.replay === null ? this.isWaiting : this.replay.isFull;
  }

  /** It has been sent all there is. */
  get isSent(): boolean {
    return this.replay === null && this.#unsent === null;
  }

  /** Output waits for the peer. */
  get isWaiting(): boolean {
    return this.#unsent !== null || this.suspended;
  }

  /** Data of the peer as it is meant: see EnterDecoder. The bytes may be rewritten in place. */
  decodeData(bytes: Uint8Array): Uint8Array {
    return this.telnet === null ? bytes : this.telnet.decodeData(bytes);
  }

  /** Drops data of a peer that watches; it is told once. */
  drop(bytes: number): void {
    this.bytesDropped += bytes;
    if (!this.#knowsItWatches) this.tell("You are watching: what you type is dropped");
    this.#knowsItWatches = true;
  }

  /** It writes no more. */
  watch(why: string): void {
    this.writes = false;
    this.#knowsItWatches = true;
    this.tell(`${why}: what you type is dropped`);
  }

  /** It writes from now on. @param told null: it has asked for it */
  write(told: string | null): void {
    const watched = !this.writes;
    this.writes = true;
    this.#knowsItWatches = false;
    this.bytesDropped = 0;
    if (watched && told !== null) this.tell(told);
  }

  /** It watches because another one writes, and did not ask to watch only. */
  get mayBeNext(): boolean {
    return this.link.watches !== true;
  }

  /** False: every byte is data to it, so no text is sent: a raw port, a program that has agreed to RFC 2217, `attach -8`. */
  get readsNotices(): boolean {
    return this.telnet === null ? this.link.attached?.hasNotices === true : !this.comPortAgreed;
  }

  /** A line of text where the peer reads notices. */
  tell(text: string): void {
    if (this.readsNotices) this.sendAside(toBytes(`\r\n[${text}]\r\n`));
  }

  /** True when output waits, and the link has taken none of it since the last call. */
  tookNothing(): boolean {
    const stuck = this.#unsent !== null && this.#taken === this.#takenBefore;
    this.#takenBefore = this.#taken;
    return stuck;
  }

  get comPortAgreed(): boolean {
    return this.telnet?.negotiation.isEnabled("them", COM_PORT) ?? false;
  }

  status(second: number): ConnectionStatus {
    return {
      id: this.id,
      address: this.link.peer.address,
      port: this.link.peer.port,
      user: this.link.user ?? null,
      bytesFromNet: this.bytesFromNet,
      bytesToNet: this.bytesToNet,
      since: this.sinceMs,
      idleSeconds: second - this.lastActiveSecond,
      fixed: this.fixed,
      writes: this.writes,
      bytesDropped: this.bytesDropped,
    };
  }

  /**
   * Sends device data, already encoded; the bytes are valid only during the call. Not to be called while `blocked`, so at
   * most one such piece is kept.
   */
  sendData(bytes: Uint8Array): void {
    this.bytesToNet += bytes.length;
    this.#sendGathered();
    this.#send(bytes);
  }

  /** Negotiation, replies, banners, refusals: not counted. False: the peer lets too much of it pile up. */
  sendAside(bytes: Uint8Array): boolean {
    if (this.#gathered >= 0 && this.#gathered + bytes.length <= GATHERED_BYTES) {
      gathered.set(bytes, this.#gathered);
      this.#gathered += bytes.length;
      return true;
    }
    return this.#sendGathered() && this.#sendAnswer(bytes);
  }

  /** Gathers what `sendAside` sends, until `sendTogether` in the same turn of the event loop sends it in one piece. */
  gather(): void {
    if (this.#gathered < 0) this.#gathered = 0;
  }

  /** As sendAside. */
  sendTogether(): boolean {
    const ok = this.#sendGathered();
    this.#gathered = -1;
    return ok;
  }

  #sendGathered(): boolean {
    if (this.#gathered <= 0) return true;
    const bytes = gathered.subarray(0, this.#gathered);
    this.#gathered = 0;
    return this.#sendAnswer(bytes);
  }

  #sendAnswer(bytes: Uint8Array): boolean {
    this.#send(bytes);
    this.#unsentAnswers = this.#unsent === null ? 0 : this.#unsentAnswers + bytes.length;
    return this.#unsentAnswers <= MAX_UNSENT_ANSWERS;
  }

  resume(): void {
    this.suspended = false;
    this.ready();
  }

  ready(): void {
    if (!this.isWaiting && !this.#closed) this.#events.peerReady(this);
  }

  close(): void {
    this.#closed = true;
    this.#unsent = null;
    this.replay = null;
    this.link.close();
  }

  #send(bytes: Uint8Array): void {
    if (this.#closed || bytes.length === 0) return;
    if (this.#unsent !== null) {
      this.#keep(bytes);
      return;
    }
    const count = this.#write(bytes);
    if (count < bytes.length) this.#keep(bytes.subarray(count));
  }

  #keep(bytes: Uint8Array): void {
    if (this.#closed) return;
    if (this.#unsent === null) {
      this.#unsent = bytes.slice();
      this.link.whenWritable(() => this.#flush());
      return;
    }
    const joined = new Uint8Array(this.#unsent.length + bytes.length);
    joined.set(this.#unsent);
    joined.set(bytes, this.#unsent.length);
    this.#unsent = joined;
  }

  #flush(): void {
    if (this.#unsent === null) return;
    const count = this.#write(this.#unsent);
    if (this.#closed) return;
    if (count < this.#unsent.length) {
      this.#unsent = this.#unsent.subarray(count);
      this.link.whenWritable(() => this.#flush());
      return;
    }
    this.#unsent = null;
    this.#unsentAnswers = 0;
    this.#events.peerReady(this);
  }

  #write(bytes: Uint8Array): number {
    try {
      const count = this.link.write(bytes);
      this.#taken += count;
      return count;
    } catch (error) {
      this.#events.linkFailed(this, "write", error);
      return bytes.length;
    }
  }
}
