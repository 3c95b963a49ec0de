/** The serial console of a BMC (IPMI Serial over LAN) as a device. */
import type { SolConsoleState } from "../handover/sol-state.js";
import { SessionError } from "../ipmi/session-error.js";
import type { LoginSecrets, LoginSettings, SolSettings } from "../ipmi/settings.js";
import type { SolLink } from "../ipmi/sol-link.js";
import type { SolSession, SolSessionEvents, SolSessionOptions } from "../ipmi/sol-session.js";
import { type Cancel, type Clock, pause, systemClock } from "../line/clock.js";
import { type LineSettings, STANDARD_LINE } from "../line/settings.js";
import { storeDescriptor, storedName } from "../native/stored-descriptors.js";
import { type BmcAddress, BmcSocket } from "./bmc-socket.js";
import { NO_BREAK } from "./break.js";
import { type Device, DeviceError, type DeviceHandover } from "./device.js";
import { SolLine } from "./sol-line.js";
import { SolRecord } from "./sol-record.js";

/** How often a closing device looks whether its output has left. */
const DRAIN_POLL_MS = 10;
const NEVER = Number.POSITIVE_INFINITY;

/** A session that is resumed has none. */
const NO_SECRETS: LoginSecrets = { password: new Uint8Array(0), bmcKey: null };

/** Makes a session: from the bundle sol.cjs. */
export type CreateSession = (options: Omit<SolSessionOptions, "random">, events: SolSessionEvents) => SolSession;

export interface SolConsoleOptions {
  /** The public form of the device: without secrets. */
  readonly path: string;
  readonly address: BmcAddress;
  readonly login: LoginSettings;
  /** For each login; they are overwritten after it. Throws DeviceError. */
  readonly readSecrets: () => LoginSecrets;
  readonly sol: SolSettings;
  readonly createSession: CreateSession;
  readonly warn: (text: string) => void;
  /** The session is established. */
  readonly connected: () => void;
  /** It was not. Null: `close` was called meanwhile. */
  readonly refused: (error: SessionError | null) => void;
  /** Null: it logs in. */
  readonly before: SolConsoleBefore | null;
  readonly clock?: Clock;
}

/** What the process before this one has left of its console. */
interface SolConsoleBefore {
  /** The UDP socket. */
  readonly fd: number;
  readonly state: SolConsoleState;
  readonly record: SolRecord | null;
  /** The settings in force. */
  readonly line: LineSettings | null;
}

export class SolConsole implements Device {
  readonly path: string;
  readonly line: SolLine;
  readonly #warn: (text: string) => void;
  readonly #options: SolConsoleOptions;
  readonly #socket: BmcSocket;
  #session: SolSession;
  /** Null: there is no store for it. */
  #record: SolRecord | null = null;
  readonly #clock: Clock;
  /** Set from the moment the session is established; kept after its end, for the bytes that were not read. */
  #link: SolLink | null = null;
  /** Undefined while the session lasts; null: it ended as asked. */
  #end: SessionError | null | undefined = undefined;
  #cancelTimer: Cancel | null = null;
  /** When the timer is due. */
  #timerMs = NEVER;
  #readable: (() => void) | null = null;
  #writable: (() => void) | null = null;
  #closed: Promise<void> | null = null;
  #ended: () => void = () => {};

  /** Begins the login, or goes on. Throws DeviceError, and SystemError where no socket can be opened. */
  constructor(options: SolConsoleOptions) {
    const { path, address, sol, before, readSecrets, warn } = options;
    const secrets = before === null ? readSecrets() : NO_SECRETS;
    this.path = path;
    this.#options = options;
    this.#warn = text => warn(`${path}: ${text}`);
    this.line = new SolLine({
      settings: before?.line ?? { ...STANDARD_LINE, speed: sol.speed },
      before: before?.state ?? null,
      operate: operation => this.#operate(operation),
      warn: this.#warn,
    });
    this.#clock = options.clock ?? systemClock;
    const received = (datagram: Uint8Array): void => this.#act(nowMs => this.#session.receive(datagram, nowMs));
    this.#socket = new BmcSocket(address, received, before?.fd);
    this.#session = this.#createSession(secrets);
    this.#act(nowMs => (before === null ? this.#session.start(nowMs) : this.#resume(before, nowMs)));
  }

  #createSession(secrets: LoginSecrets): SolSession {
    const { login, sol, address, createSession } = this.#options;
    const session: SolSession = createSession(
      { login, secrets, sol, udpPort: address.port },
      {
        send: datagram => {
          this.#keep();
          this.#socket.send(datagram);
        },
        connected: () => this.#connected(session),
        readable: () => {}, // both are looked at after each call
        writable: () => {},
        happened: what => this.line.happened(what),
        warn: this.#warn,
        ended: error => {
          if (error !== null && !session.isConfirmed) this.#logInAnew(error);
          else this.#over(error);
        },
      },
    );
    return session;
  }

  #connected(session: SolSession): void {
    this.#link = session.link;
    storeDescriptor(this.#socket.fd, "d");
    this.#record ??= SolRecord.create(this.#warn);
  }

  #over(error: SessionError | null): void {
    this.#end = error;
    this.#socket.close();
    this.#record?.close();
  }

  // ---- over a restart

  #resume({ state, record }: SolConsoleBefore, nowMs: number): void {
    this.#record = record;
    if (this.#session.resume(state.session, nowMs)) return;
    this.#logInAnew(new SessionError("out-of-step", "its cipher suite is not supported"));
  }

  /** The session of the process before this one is over. What was under way in it is lost. */
  #logInAnew(reason: SessionError): void {
    this.#warn(`the session of the last run cannot be continued (${reason.message}): logs in anew`);
    this.#link = null;
    try {
      this.#session = this.#createSession(this.#options.readSecrets());
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      this.#over(new SessionError(reason.code, error.reason));
      return;
    }
    this.#session.start(this.#clock.nowMs());
  }

  state(): DeviceHandover | null {
    const [name, sol] = [storedName(this.#socket.fd), this.#state()];
    if (name === null || sol === null) return null;
    const [line, secondName] = [this.line.settings, this.#record?.name ?? ""];
    return { name, secondName, kind: "sol", line, virtualControl: null, break: NO_BREAK, sol };
  }

  #state(): SolConsoleState | null {
    const session = this.#session.state(this.#clock.nowMs());
    return session === null ? null : { bmc: this.#options.address, session, ...this.line.state() };
  }

  /** For a crash: before the BMC gets to know of it. */
  #keep(): void {
    const state = this.#record === null ? null : this.#state();
    if (state !== null) this.#record?.keep(state);
  }

  read(into: Uint8Array): number {
    const count = this.#link?.read(into, this.#clock.nowMs()) ?? 0;
    this.#armTimer();
    if (count === 0) this.#throwIfLost();
    return count;
  }

  write(bytes: Uint8Array): number {
    this.#throwIfLost();
    const count = this.#link?.write(bytes, this.#clock.nowMs()) ?? 0;
    this.#keep();
    this.#armTimer();
    return count;
  }

  whenReadable(callback: () => void): void {
    this.#readable = callback;
    if (this.#isReadable) queueMicrotask(() => this.#wakeReader());
  }

  ignoreReadable(): void {
    this.#readable = null;
  }

  whenWritable(callback: () => void): void {
    this.#writable = callback;
    if (this.#isWritable) queueMicrotask(() => this.#wakeWriter());
  }

  close(limitMs: number): Promise<void> {
    this.#closed ??= this.#drainAndClose(limitMs);
    return this.#closed;
  }

  #operate(operation: (link: SolLink, nowMs: number) => void): void {
    this.#throwIfLost();
    if (this.#link !== null) operation(this.#link, this.#clock.nowMs());
    this.#keep();
    this.#armTimer();
  }

  // ---- the session

  /** Runs a call of the session, then the callbacks for its effects. */
  #act(call: (nowMs: number) => void): void {
    const wasConnected = this.#link !== null;
    call(this.#clock.nowMs());
    this.#keep();
    this.#armTimer();
    if (!wasConnected && this.#link !== null) this.#options.connected();
    if (this.#end !== undefined) this.#hasEnded(this.#end);
    this.#wakeReader();
    this.#wakeWriter();
  }

  #hasEnded(error: SessionError | null): void {
    this.#cancelTimer?.();
    this.#ended();
    if (this.#link === null) this.#options.refused(error);
  }

  /** It is not moved for each packet: one that comes too early is set again. */
  #armTimer(): void {
    const dueMs = this.#session.deadlineMs;
    if (dueMs >= this.#timerMs || dueMs === NEVER) return;
    this.#cancelTimer?.();
    this.#timerMs = dueMs;
    this.#cancelTimer = this.#clock.after(Math.max(0, Math.ceil(dueMs - this.#clock.nowMs())), () => this.#expire());
  }

  #expire(): void {
    this.#timerMs = NEVER;
    if (this.#session.deadlineMs > this.#clock.nowMs()) this.#armTimer();
    else this.#act(nowMs => this.#session.expire(nowMs));
  }

  get #isReadable(): boolean {
    return this.#end !== undefined || this.#link?.isReadable === true;
  }

  get #isWritable(): boolean {
    return this.#end !== undefined || this.#link?.isWritable === true;
  }

  #wakeReader(): void {
    const callback = this.#readable;
    if (callback === null || !this.#isReadable) return;
    this.#readable = null;
    callback();
  }

  #wakeWriter(): void {
    const callback = this.#writable;
    if (callback === null || !this.#isWritable) return;
    this.#writable = null;
    callback();
  }

  #throwIfLost(): void {
    if (this.#end === undefined || this.#closed !== null) return;
    throw new DeviceError("lost", this.path, this.#end?.message ?? "the session was closed");
  }

  // ---- the end

  async #drainAndClose(limitMs: number): Promise<void> {
    this.#readable = null;
    this.#writable = null;
    const endMs = this.#clock.nowMs() + limitMs;
    while (this.#end === undefined && this.#link?.isDrained === false && this.#clock.nowMs() < endMs) {
      await pause(DRAIN_POLL_MS, this.#clock);
    }
    if (this.#end !== undefined) return;
    const ended = new Promise<void>(resolve => {
      this.#ended = resolve;
    });
    this.#act(nowMs => this.#session.close(nowMs));
    await ended;
  }
}
