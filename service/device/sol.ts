/** The serial console of a BMC (IPMI Serial over LAN) as a device. */
import type { SessionError } from "../ipmi/session-error.js";
import type { LoginSecrets, LoginSettings, SolSettings } from "../ipmi/settings.js";
import type { SolEvent, SolLink } from "../ipmi/sol-link.js";
import type { SolSession, SolSessionEvents, SolSessionOptions } from "../ipmi/sol-session.js";
import { type Cancel, type Clock, pause, systemClock } from "../line/clock.js";
import type { LineCounters, ModemControl, ModemState } from "../line/modem.js";
import { type LineSettings, STANDARD_LINE } from "../line/settings.js";
import { type BmcAddress, BmcSocket } from "./bmc-socket.js";
import { type Device, DeviceError, type LineDevice } from "./device.js";

/** How often a closing device looks whether its output has left. */
const DRAIN_POLL_MS = 10;
const NEVER = Number.POSITIVE_INFINITY;

/** Makes a session: from the bundle sol.cjs. */
export type CreateSession = (options: Omit<SolSessionOptions, "random">, events: SolSessionEvents) => SolSession;

interface SolConsoleOptions {
  /** The public form of the device: without secrets. */
  readonly path: string;
  readonly address: BmcAddress;
  readonly login: LoginSettings;
  /** Overwritten after the login. */
  readonly secrets: LoginSecrets;
  readonly sol: SolSettings;
  readonly createSession: CreateSession;
  readonly warn: (text: string) => void;
  /** The session is established. */
  readonly connected: () => void;
  /** It was not. Null: `close` was called meanwhile. */
  readonly refused: (error: SessionError | null) => void;
  readonly clock?: Clock;
}

export class SolConsole implements Device, LineDevice {
  readonly path: string;
  readonly line: LineDevice;
  readonly settings: LineSettings;
  readonly #options: SolConsoleOptions;
  readonly #socket: BmcSocket;
  readonly #session: SolSession;
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
  #control: ModemControl = { dtr: true, rts: true };
  #breaks = 0;
  #overruns = 0;
  breakOn = false;

  /** Begins the login. Throws SystemError where no socket can be opened. */
  constructor(options: SolConsoleOptions) {
    const { path, address, login, secrets, sol } = options;
    this.path = path;
    this.line = this;
    this.settings = { ...STANDARD_LINE, speed: sol.speed };
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#socket = new BmcSocket(address, datagram => this.#act(nowMs => this.#session.receive(datagram, nowMs)));
    this.#session = options.createSession(
      { login, secrets, sol, udpPort: address.port },
      {
        send: datagram => this.#socket.send(datagram),
        connected: () => {
          this.#link = this.#session.link;
        },
        readable: () => {}, // both are looked at after each call
        writable: () => {},
        happened: what => this.#happened(what),
        warn: text => options.warn(`${path}: ${text}`),
        ended: error => {
          this.#end = error;
          this.#socket.close();
        },
      },
    );
    this.#act(nowMs => this.#session.start(nowMs));
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

  // ---- the line, as far as a BMC supports it

  /** The bit rate was set at the activation; SOL has no other settings. */
  set(): LineSettings {
    this.#throwIfLost();
    return this.settings;
  }

  sendBreak(): void {
    this.#operate((link, nowMs) => link.sendBreak(nowMs));
  }

  /** A break of the length that the BMC gives it; that it ends by itself does not show. */
  setBreak(on: boolean): void {
    if (on && !this.breakOn) this.sendBreak();
    this.breakOn = on;
  }

  /** Virtual: a peer reads back what it set. */
  drive(control: Partial<ModemControl>): void {
    this.#throwIfLost();
    this.#control = { ...this.#control, ...control };
  }

  get control(): ModemControl {
    return this.#control;
  }

  /** SOL does not tell the state of modem lines. */
  modemState(): ModemState | null {
    return null;
  }

  /** The events that the BMC has reported since the activation. */
  counters(): LineCounters {
    const none = { cts: 0, dsr: 0, ri: 0, dcd: 0, frame: 0, parity: 0, bufferOverrun: 0 };
    return { ...none, break: this.#breaks, overrun: this.#overruns };
  }

  purge(which: "input" | "output" | "both"): void {
    this.#operate((link, nowMs) => link.flush(which, nowMs));
  }

  #operate(operation: (link: SolLink, nowMs: number) => void): void {
    this.#throwIfLost();
    if (this.#link !== null) operation(this.#link, this.#clock.nowMs());
    this.#armTimer();
  }

  #happened(what: SolEvent): void {
    const warn = (text: string): void => this.#options.warn(`${this.path}: ${text}`);
    if (what === "break") this.#breaks++;
    else if (what === "stuck") warn("the BMC sends nothing more after it was told to wait");
    else if (++this.#overruns === 1) warn("the BMC lost characters of the server (overrun)");
  }

  // ---- the session

  /** Runs a call of the session, then the callbacks for its effects. */
  #act(call: (nowMs: number) => void): void {
    const wasConnected = this.#link !== null;
    call(this.#clock.nowMs());
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
