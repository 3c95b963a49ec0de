/**
 * A device that may go away and come back while its peers stay. To the rest of the port it is one device: while it is
 * away nothing comes from it and it takes no byte, and line settings are remembered for its return.
 */
import type { PortConfig } from "../config/configuration.js";
import { type Device, DeviceError, type LineDevice } from "../device/device.js";
import type { Clock } from "../line/clock.js";
import type { InitialControl, LineCounters, ModemControl, ModemState } from "../line/modem.js";
import type { LineSettings } from "../line/settings.js";
import { lossReason } from "./device-failures.js";
import type { PortEnvironment } from "./environment.js";
import type { DeviceLossCause } from "./port-events.js";
import { ReopenTimer } from "./reopen-timer.js";

export interface ReconnectingDeviceOptions {
  readonly device: Device;
  readonly seconds: number;
  readonly clock: Clock;
  isPresent(): boolean;
  /** The modem lines that were set at its opening. */
  readonly control: InitialControl;
  /** Opens it again, with the line as it was (null: it has none). Throws DeviceError. */
  reopen(
    line: { readonly settings: LineSettings; readonly driven: InitialControl } | null,
    signal: AbortSignal,
  ): Device | Promise<Device>;
  /** It went away. False: it is not waited for, the loss is passed on. */
  lost(what: DeviceLossCause, error: unknown): boolean;
  returned(): void;
  /** It was tried, and is tried again. */
  failed(reason: string): void;
  /** It did not come back in time. */
  gaveUp(what: DeviceLossCause, error: unknown): void;
}

export class ReconnectingDevice implements Device {
  readonly path: string;
  readonly line: ReconnectingLine | null;
  readonly #options: ReconnectingDeviceOptions;
  /** Null while it is away. */
  #device: Device | null;
  #reopenTimer: ReopenTimer | null = null;
  /** The one that went away last is closed. */
  #gone: Promise<void> = Promise.resolve();
  #readable: (() => void) | null = null;
  #writable: (() => void) | null = null;

  constructor(options: ReconnectingDeviceOptions) {
    const { device } = options;
    this.path = device.path;
    this.#options = options;
    this.#device = device;
    this.line =
      device.line === null
        ? null
        : new ReconnectingLine(
            device.line,
            { dtr: options.control.dtr, rts: options.control.rts },
            error => this.#isWaiting("dev write error", error),
            () => this.#device?.line ?? null,
          );
  }

  get isAway(): boolean {
    return this.#device === null;
  }

  /** Something about its node changed. */
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

  whenReadable(callback: () => void): void {
    this.#readable = callback;
    this.#device?.whenReadable(this.#onReadable);
  }

  ignoreReadable(): void {
    this.#readable = null;
    this.#device?.ignoreReadable();
  }

  whenWritable(callback: () => void): void {
    this.#writable = callback;
    this.#device?.whenWritable(this.#onWritable);
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

  #isWaiting(what: DeviceLossCause, error: unknown): boolean {
    const device = this.#device;
    if (error !== null && !(error instanceof DeviceError)) return false;
    if (device === null || !this.#options.lost(what, error)) return false;
    const { seconds } = this.#options;
    this.#device = null;
    this.#gone = device.close(0);
    this.#reopenTimer = new ReopenTimer({
      seconds,
      clock: this.#options.clock,
      gone: this.#gone,
      isPresent: () => this.#options.isPresent(),
      open: signal => this.#options.reopen(this.line, signal),
      opened: again => this.#return(again),
      failed: reason => this.#options.failed(reason),
      over: () => this.#options.gaveUp(what, error),
    });
    return true;
  }

  #return(device: Device): void {
    this.#reopenTimer = null;
    this.#device = device;
    this.line?.applySettings();
    this.#options.returned();
    if (this.#readable !== null) this.#device?.whenReadable(this.#onReadable);
    if (this.#writable !== null) this.#device?.whenWritable(this.#onWritable);
  }
}

class ReconnectingLine implements LineDevice {
  settings: LineSettings;
  readonly #isWaiting: (error: unknown) => boolean;
  /** Null while the device is away. */
  readonly #line: () => LineDevice | null;
  /** Lines that were set at the opening or since; the driver raises the others. */
  driven: InitialControl;

  constructor(
    line: LineDevice,
    control: InitialControl,
    isWaiting: (error: unknown) => boolean,
    current: () => LineDevice | null,
  ) {
    this.settings = line.settings;
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

export interface ReconnectEvents {
  /** Another port uses the device meanwhile. */
  isBusy(): boolean;
  /** It went away. False: the port is not in a state to wait for it. */
  lost(reason: string): boolean;
  returned(): void;
  gaveUp(what: DeviceLossCause): void;
}

/** The same device for a port that holds its connections when it goes away; null: they are closed. */
export function reconnectingDevice(
  device: Device,
  config: PortConfig,
  environment: PortEnvironment,
  events: ReconnectEvents,
): ReconnectingDevice | null {
  const seconds = config.options.holdSeconds;
  if (seconds === 0) return null;
  const { path } = config.device;
  const title = `Device ${path} of port ${config.name}`;
  let failure: string | null = null; // as it was logged last
  return new ReconnectingDevice({
    device,
    seconds,
    clock: environment.time,
    control: config.options,
    isPresent: () => environment.nodeWatcher.isPresent(path),
    reopen: (line, signal) => {
      if (events.isBusy()) throw new DeviceError("locked", path, "another port uses it");
      if (line === null) return environment.openDevice(config, signal);
      const options = { ...config.options, ...line.driven };
      return environment.openDevice({ ...config, line: line.settings, options }, signal);
    },
    lost: (_, error) => {
      const reason = lossReason(error);
      if (!events.lost(reason)) return false;
      failure = null;
      environment.log.warning(`${title} is gone (${reason}): its connections wait ${seconds} s for it`);
      return true;
    },
    returned: () => {
      environment.log.notice(`${title} is back`);
      events.returned();
    },
    failed: reason => {
      if (reason !== failure) environment.log.warning(`${title} is not back yet: ${reason}`);
      failure = reason;
    },
    gaveUp: what => {
      environment.log.error(`${title} did not come back within ${seconds} s`);
      events.gaveUp(what);
    },
  });
}
