/** The device of a port: its opening, its node, and why it failed last. */
import type { PortConfig } from "../config/configuration.js";
import type { Device } from "../device/device.js";
import type { DeviceState } from "../handover/state.js";
import { describeOpenError, lossReason, pauseAfterLoss, RETRY_MS, reportLoss } from "./device-failures.js";
import type { HeldDevice, PortEnvironment, ReconnectEvents } from "./environment.js";
import type { DeviceLossCause } from "./port-events.js";

interface PortDeviceOptions {
  readonly environment: PortEnvironment;
  /** The definition in force. */
  readonly config: () => PortConfig;
  /** Another port holds the device. */
  readonly isBusy: () => boolean;
  /** @param before null: it was opened just now */
  opened(device: Device, config: PortConfig, before: DeviceState | null): void;
  hasPeers(): boolean;
  /** @param text for the peers */
  failed(text: string): void;
  /** It went away, and may come back. False: it is being closed anyway. */
  lost(): boolean;
  returned(): void;
  gaveUp(what: DeviceLossCause): void;
  /** Its node has come or gone. */
  nodeChanged(isPresent: boolean): void;
}

export class PortDevice {
  readonly #options: PortDeviceOptions;
  /** Of the attempt to open that counts; null: it is over, or did not ask whether it is wanted. */
  #abort: AbortController | null = null;
  /** The device that is open, if it is one that may come back. */
  #reconnecting: HeldDevice | null = null;
  #identity = "";
  #lastError: string | null = null;
  /** Of the last failure since it opened. */
  #logged: string | null = null;
  #unwatch: (() => void) | null = null;
  #openedMs = 0; // on the clock
  /** 0: it was not lost soon after it was opened. */
  #pauseMs = 0;

  constructor(options: PortDeviceOptions) {
    this.#options = options;
  }

  /** Why it failed last; null since it opened or its node appeared. */
  get lastError(): string | null {
    return this.#lastError;
  }

  /** Pause before the next attempt to open it. */
  get pauseMs(): number {
    return Math.max(RETRY_MS, this.#pauseMs);
  }

  /** It went away, and is waited for. */
  get isAway(): boolean {
    return this.#reconnecting?.isAway === true;
  }

  /** @param inUse true: of the device that was opened, unless it is away; false: of the one that would be */
  identity(inUse: boolean): string {
    return inUse && !this.isAway ? this.#identity : this.#identify();
  }

  /**
   * `opened` or `failed` follows, now or later, unless this is abandoned.
   * @param before the device as the process before this one had it open; where it is gone it is opened anew
   */
  open(before: DeviceState | null = null): void {
    const { environment } = this.#options;
    const config = this.#options.config();
    this.#identity = this.#identify();
    const leftMs = config.options.holdSeconds > 0 ? before?.holdLeftMs : null;
    if (before !== null && leftMs != null && this.#awaitReturn(before, config, leftMs)) return;
    let adopted: Device | null = null;
    let device: Device | Promise<Device>;
    try {
      if (before !== null) adopted = environment.handover?.device(before, config) ?? null;
      device = adopted ?? environment.openDevice(config, () => this.#wanted());
    } catch (error) {
      this.#failed(error, config);
      return;
    }
    if (!(device instanceof Promise)) {
      this.#opened(device, config, adopted === null ? null : before);
      return;
    }
    const signal = this.#wanted();
    device.then(
      late => (signal.aborted ? late.close(0) : this.#opened(late, config)),
      error => (signal.aborted ? undefined : this.#failed(error, config)),
    );
  }

  /** What opens now is closed again. */
  abandon(): void {
    this.#abort?.abort();
    this.#abort = null;
  }

  /** Aborted when what opens now is not wanted any more. Made only where it is asked for: its abort makes an exception. */
  #wanted(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  /** A device that is waited for may be there again. */
  attempt(): void {
    this.#reconnecting?.attempt();
  }

  // ---- its node

  get isPresent(): boolean {
    return this.#options.environment.nodeWatcher.isPresent(this.#options.config().device.path);
  }

  /** Of the definition in force; to be called again when that has changed. */
  watch(): void {
    this.unwatch();
    const { environment, config, nodeChanged } = this.#options;
    this.#unwatch = environment.nodeWatcher.watch(config().device.path, () => nodeChanged(this.isPresent));
  }

  unwatch(): void {
    this.#unwatch?.();
  }

  /** Forgets why it failed. */
  forgetError(): void {
    this.#lastError = null;
    this.#pauseMs = 0;
  }

  /**
   * Logs a loss and keeps its reason. A hang-up is the normal end of a modem call; a missing device is reported by its
   * node. A device without a peer that is lost each time it is opened is logged once.
   */
  reportLoss(what: DeviceLossCause, error: unknown): void {
    const { environment, config, hasPeers } = this.#options;
    const beforeMs = this.#pauseMs;
    this.#pauseMs = pauseAfterLoss(beforeMs, environment.time.nowMs() - this.#openedMs);
    const isAgain = beforeMs > 0 && this.#pauseMs > 0;
    if (!isAgain || hasPeers()) reportLoss(environment.log, config().name, what, error);
    if (error !== null) this.#lastError = lossReason(error);
  }

  closed(): void {
    this.#reconnecting = null;
  }

  #identify(): string {
    return this.#options.environment.identify(this.#options.config().device.path);
  }

  #failed(error: unknown, config: PortConfig): void {
    const { text, log, fault } = describeOpenError(error, config);
    this.#options.environment.count(config.name, "openFailures");
    // Without a peer it is tried again and again.
    if (log !== null && (log !== this.#logged || this.#options.hasPeers())) this.#options.environment.log.error(log);
    this.#logged = log;
    this.#pauseMs = 0;
    if (fault !== null) this.#lastError = fault;
    this.#options.failed(text);
  }

  #opened(device: Device, config: PortConfig, before: DeviceState | null = null): void {
    this.#lastError = null;
    this.#logged = null;
    const { environment } = this.#options;
    this.#openedMs = environment.time.nowMs();
    if (before === null) environment.count(config.name, "opens");
    this.#reconnecting =
      config.options.holdSeconds === 0
        ? null
        : environment.holdDevice({ device, before, config, environment, events: this.#reconnectEvents() });
    this.#options.opened(this.#reconnecting ?? device, config, before);
  }

  /** It was away already in the process before this one. False: it cannot be waited for. */
  #awaitReturn(before: DeviceState, config: PortConfig, leftMs: number): boolean {
    const { environment } = this.#options;
    const events = this.#reconnectEvents();
    const device = environment.holdDevice({ device: null, before, config, environment, events });
    if (device === null) return false;
    this.#reconnecting = device;
    this.#options.opened(device, config, before);
    device.awaitReturn(Math.min(leftMs, config.options.holdSeconds * 1000));
    return true;
  }

  #reconnectEvents(): ReconnectEvents {
    return {
      isBusy: () => this.#options.isBusy(),
      lost: reason => {
        const before = this.#lastError;
        this.#lastError = reason;
        if (this.#options.lost()) return true;
        this.#lastError = before;
        return false;
      },
      returned: () => {
        this.#lastError = null;
        this.#identity = this.#identify();
        this.#options.returned();
      },
      gaveUp: what => this.#options.gaveUp(what),
    };
  }
}
