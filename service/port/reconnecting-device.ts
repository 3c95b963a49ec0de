/**
 * The bundle hold.cjs: a device that may go away and come back while its peers stay. To the rest of the port it is one device: while it is
 * away nothing comes from it and it takes no byte, and line settings are remembered for its return.
 */
import type { PortConfig } from "../config/configuration.js";
import { type Device, DeviceError, type DeviceHandover, type LineDevice } from "../device/device.js";
import type { DeviceState } from "../handover/state.js";
import type { InitialControl, LineCounters, ModemControl, ModemState } from "../line/modem.js";
import type { LineSettings } from "../line/settings.js";
import { ENODEV, errorReason } from "../native/errors.js";
import type { PlayingLines } from "../native/serial.js";
import { lossReason, pauseAfterLoss, RETRY_MS } from "./device-failures.js";
import type { HeldDevice, HeldDeviceOptions } from "./environment.js";
import type { DeviceLossCause } from "./port-events.js";
import { ReopenTimer } from "./reopen-timer.js";

export class ReconnectingDevice implements HeldDevice {
  readonly path: string;
  readonly line: ReconnectingLine | null;
  readonly #options: HeldDeviceOptions;
  /** In the log. */
  readonly #title: string;
  /** Why it could not be opened again, as it was logged last. */
  #loggedFailure: string | null = null;
  /** Null while it is away. */
  #device: Device | null;
  #reopenTimer: ReopenTimer | null = null;
  #openedMs: number; // on the clock
  /** Pause after the last loss; 0: there was none. */
  #pauseMs = 0;
  /** Resolves when the device that went away last is closed. */
  #gone: Promise<void> = Promise.resolve();
  #readable: (() => void) | null = null;
  #writable: (() => void) | null = null;

  constructor(options: HeldDeviceOptions) {
    const { device, config, before } = options;
    this.path = device?.path ?? config.device.path;
    this.#title = `Device ${config.device.path} of port ${config.name}`;
    this.#options = options;
    this.#device = device;
    this.#openedMs = options.environment.time.nowMs();
    const settings = device === null ? lineOf(before, config) : (device.line?.settings ?? null);
    const { dtr, rts } = config.options;
    this.line =
      settings === null
        ? null
        : new ReconnectingLine(
            settings,
            { dtr: before?.driven.dtr ?? dtr, rts: before?.driven.rts ?? rts },
            error => this.#isWaiting("dev write error", error),
            () => this.#device?.line ?? null,
          );
  }

  get isAway(): boolean {
    return this.#device === null;
  }

  /** Its node changed: tries to open it again. */
  attempt(): void {
    this.#reopenTimer?.attempt();
  }

  read(into: Uint8Array): number {
    if (this.#device === null) return 0;
    let count: number;
    try {
      count = this.#device.read(into);
    } catch (error) {
      if (!this.#isWaiting("dev read error", error)) throw error;
      return 0;
    }
    return count < 0 && this.#isWaiting("closed port", null) ? 0 : count;
  }

  write(bytes: Uint8Array): number {
    if (this.#device === null) return 0;
    try {
      return this.#device.write(bytes);
    } catch (error) {
      if (!this.#isWaiting("dev write error", error)) throw error;
      return 0;
    }
  }

  whenReadable(callback: () => void, atTick?: boolean): void {
    this.#readable = callback;
    this.#device?.whenReadable(this.#onReadable, atTick);
  }

  ignoreReadable(): void {
    this.#readable = null;
    this.#device?.ignoreReadable();
  }

  whenWritable(callback: () => void): void {
    this.#writable = callback;
    this.#device?.whenWritable(this.#onWritable);
  }

  state(): DeviceHandover | null {
    const driven = this.line?.driven ?? { dtr: null, rts: null };
    const open = this.#device?.state?.() ?? null;
    if (open !== null) return { ...open, driven };
    if (this.#device !== null) return null;
    const [kind, line] = [this.line === null ? "printer" : "tty", this.line?.settings ?? null] as const;
    const holdLeftMs = this.#reopenTimer?.leftMs ?? 0;
    const noBreak = { at: "off", on: false, timed: false, leftMs: 0 } as const;
    return { name: "", kind, line, virtualControl: null, break: noBreak, driven, holdLeftMs };
  }

  /** Goes on waiting for a device that was away in the process before this one. */
  awaitReturn(leftMs: number): void {
    const reason = errorReason(ENODEV);
    if (!this.#options.events.lost(reason)) return;
    const seconds = Math.ceil(leftMs / 1000);
    this.#options.environment.log.warning(`${this.#title} is still gone: its connections wait ${seconds} s for it`);
    this.#reopen(leftMs, "closed port");
  }

  close(limitMs: number, atLineSpeed = false): Promise<void> {
    this.#reopenTimer?.end();
    return this.#device?.close(limitMs, atLineSpeed) ?? this.#gone;
  }

  readonly #onReadable = (): void => {
    const callback = this.#readable;
    this.#readable = null;
    callback?.();
  };

  readonly #onWritable = (): void => {
    const callback = this.#writable;
    this.#writable = null;
    callback?.();
  };

  /** False: the loss is passed on. */
  #isWaiting(what: DeviceLossCause, error: unknown): boolean {
    const device = this.#device;
    if (error !== null && !(error instanceof DeviceError)) return false;
    const reason = lossReason(error);
    if (device === null || !this.#options.events.lost(reason)) return false;
    const { environment, config } = this.#options;
    const seconds = config.options.holdSeconds;
    environment.log.warning(`${this.#title} is gone (${reason}): its connections wait ${seconds} s for it`);
    this.#loggedFailure = null;
    this.#pauseMs = pauseAfterLoss(this.#pauseMs, environment.time.nowMs() - this.#openedMs) || RETRY_MS;
    this.#device = null;
    this.#gone = device.close(0);
    this.#reopen(seconds * 1000, what);
    environment.keepState?.(config.name);
    return true;
  }

  #reopen(limitMs: number, what: DeviceLossCause): void {
    const { environment, config, events } = this.#options;
    this.#reopenTimer = new ReopenTimer({
      limitMs,
      // A device must not be given up before it was tried.
      firstMs: Math.max(RETRY_MS, Math.min(this.#pauseMs, limitMs / 2)),
      clock: environment.time,
      gone: this.#gone,
      isPresent: () => environment.nodeWatcher.isPresent(config.device.path),
      open: signal => this.#openAgain(signal),
      opened: again => this.#return(again),
      failed: reason => this.#failed(reason),
      over: () => {
        const { holdSeconds } = config.options;
        environment.log.error(`${this.#title} did not come back within ${holdSeconds} s`);
        events.gaveUp(what);
      },
    });
  }

  /** With the line as it was. */
  #openAgain(signal: AbortSignal): Device | Promise<Device> {
    const { environment, config, events } = this.#options;
    if (events.isBusy()) throw new DeviceError("locked", config.device.path, "another port uses it");
    if (this.line === null) return environment.openDevice(config, () => signal);
    const options = { ...config.options, ...this.line.driven };
    return environment.openDevice({ ...config, line: this.line.settings, options }, () => signal);
  }

  #failed(reason: string): void {
    if (reason !== this.#loggedFailure)
      this.#options.environment.log.warning(`${this.#title} is not back yet: ${reason}`);
    this.#loggedFailure = reason;
  }

  #return(device: Device): void {
    this.#reopenTimer = null;
    this.#device = device;
    this.#openedMs = this.#options.environment.time.nowMs();
    this.line?.applySettings();
    this.#options.environment.log.notice(`${this.#title} is back`);
    this.#options.events.returned();
    if (this.#readable !== null) this.#device?.whenReadable(this.#onReadable);
    if (this.#writable !== null) this.#device?.whenWritable(this.#onWritable);
  }
}

/** The settings with which a device was waited for, unless those of the port line are others now. */
function lineOf(before: DeviceState | null, config: PortConfig): LineSettings | null {
  if (before === null || before.line === null) return null;
  const isSame = JSON.stringify(before.configuredLine) === JSON.stringify(config.line);
  return isSame ? before.line : config.line;
}

class ReconnectingLine implements LineDevice {
  settings: LineSettings;
  readonly #isWaiting: (error: unknown) => boolean;
  /** Null while the device is away. */
  readonly #line: () => LineDevice | null;
  /** Lines that were set at the opening or since; the driver raises the others. */
  driven: InitialControl;

  constructor(
    settings: LineSettings,
    control: InitialControl,
    isWaiting: (error: unknown) => boolean,
    current: () => LineDevice | null,
  ) {
    this.settings = settings;
    this.driven = control;
    this.#isWaiting = isWaiting;
    this.#line = current;
  }

  set(settings: LineSettings): LineSettings {
    this.settings = this.#act(line => line.set(settings), settings);
    return this.settings;
  }

  sendBreak(): void {
    this.#act(line => line.sendBreak(), undefined);
  }

  setBreak(on: boolean): void {
    this.#act(line => line.setBreak(on), undefined);
  }

  /** A break ends with the device. */
  get breakOn(): boolean {
    return this.#line()?.breakOn ?? false;
  }

  drive(control: Partial<ModemControl>): void {
    this.driven = { ...this.driven, ...control };
    this.#act(line => line.drive(control), undefined);
  }

  play(steps: Uint32Array, last: Partial<ModemControl>): PlayingLines | null {
    const playing = this.#line()?.play?.(steps, last) ?? null;
    if (playing !== null) this.driven = { ...this.driven, ...last };
    return playing;
  }

  get control(): ModemControl {
    return this.#line()?.control ?? { dtr: this.driven.dtr ?? true, rts: this.driven.rts ?? true };
  }

  modemState(): ModemState | null {
    return this.#line()?.modemState() ?? null;
  }

  counters(): LineCounters | null {
    return this.#line()?.counters() ?? null;
  }

  purge(which: "input" | "output" | "both"): void {
    this.#act(line => line.purge(which), undefined);
  }

  /** The device was opened with the settings that were in force; what it made of them counts. */
  applySettings(): void {
    this.settings = this.#line()?.settings ?? this.settings;
  }

  #act<T>(act: (line: LineDevice) => T, away: T): T {
    const line = this.#line();
    if (line === null) return away;
    try {
      return act(line);
    } catch (error) {
      if (!this.#isWaiting(error)) throw error;
      return away;
    }
  }
}
