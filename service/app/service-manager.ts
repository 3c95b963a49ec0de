/** Reports to the service manager: ready, reloading, stopping, counts of ports, and the health of the daemon. */
import { backgroundClock, type Cancel, type Clock } from "../line/clock.js";
import type { Log } from "../log/log.js";
import type { Port } from "../port/port.js";
import { createNotifier, type Notifier } from "../systemd/notify.js";
import { createWatchdog, type Watchdog, watchdogInterval } from "../systemd/watchdog.js";

/** The status is sent once for all changes within this time. */
const STATUS_PAUSE_MS = 1000;
/** Closing all devices takes 4 s at most; the manager is asked for twice that. */
const STOP_MS = 8000;

export interface ReportedState {
  readonly ports: { list(): readonly Port[] };
  problem(): string | null;
  /** Number of lines with errors in the configuration in force. */
  readonly faultyLines: number;
  readonly drain: { readonly isDraining: boolean };
  /** Of the board; null without one. */
  readonly board: { readonly hardware: readonly unknown[] } | null;
  /** A text: the reason why the last reload changed nothing. */
  readonly lastReload: unknown;
  /** Connectors that the board needs and that have no device. */
  missing(): readonly string[];
}

export class ServiceManager {
  readonly #daemon: ReportedState;
  readonly #notifier: Notifier;
  readonly #intervalUs: number | null;
  readonly #clock: Clock;
  #watchdog: Watchdog | null = null;
  #cancelStatus: Cancel | null = null;

  constructor(daemon: ReportedState, environment: NodeJS.ProcessEnv, log: Log, clock: Clock = backgroundClock) {
    this.#clock = clock;
    this.#daemon = daemon;
    this.#intervalUs = watchdogInterval(environment, process.pid);
    this.#notifier = createNotifier(environment, log, clock);
  }

  /** The ports listen. @param takenOver what is new of it, in words: of the process before this one */
  started(takenOver: string | null): void {
    this.#notifier.ready(takenOver === null ? statusText(this.#daemon) : `${statusText(this.#daemon)}; ${takenOver}`);
    this.#watchdog = createWatchdog({
      intervalUs: this.#intervalUs,
      clock: this.#clock,
      notifier: this.#notifier,
      checks: () => this.#daemon.problem(),
      recovered: () => this.changed(),
    });
  }

  reloading(): void {
    this.#notifier.reloading("reading the configuration");
  }

  /** Another version takes the place of this one, which pings next. */
  upgrading(): void {
    this.#notifier.watchdogPing();
    this.#notifier.reloading("going on as another version");
  }

  /** A refused reload ends like any other: the manager waits for it. */
  reloaded(): void {
    this.#notifier.ready(statusText(this.#daemon));
  }

  stopping(): void {
    this.#watchdog?.close();
    this.#cancelStatus?.();
    this.#notifier.stopping("closing ports");
    this.#notifier.extendTimeout(STOP_MS);
  }

  /** Something about the ports changed. */
  changed(): void {
    if (this.#cancelStatus !== null) return;
    this.#cancelStatus = this.#clock.after(STATUS_PAUSE_MS, () => {
      this.#cancelStatus = null;
      this.#notifier.status(statusText(this.#daemon));
    });
  }
}

/**
 * `12 ports: 9 idle, 2 connected, 1 waiting for device`. ser2net-health looks for "not served" and "required
 * device missing", `ser2net apply` for the latter.
 */
export function statusText(daemon: ReportedState): string {
  const ports = daemon.ports.list();
  const counts = new Map<string, number>();
  for (const port of ports) {
    const condition = describeCondition(port);
    counts.set(condition, (counts.get(condition) ?? 0) + 1);
  }
  const parts = [...counts].map(([condition, count]) => `${count} ${condition}`);
  const refusal = typeof daemon.lastReload === "string" ? `reload rejected: ${daemon.lastReload}; ` : "";
  const hasNone = ports.length === 0 && daemon.board?.hardware.length === 0;
  const count = `${ports.length} ${ports.length === 1 ? "port" : "ports"}`;
  const total = hasNone ? `${count}: this machine has no serial lines` : count;
  const labels = daemon.missing();
  const missing = labels.length === 0 ? "" : `; required device missing: ${labels.join(", ")}`;
  const lines = daemon.faultyLines;
  const faulty = lines === 0 ? "" : `; ${lines} ${lines === 1 ? "line" : "lines"} with errors`;
  const draining = daemon.drain.isDraining ? "draining; " : "";
  return `${refusal}${draining}${total}${parts.length === 0 ? "" : `: ${parts.join(", ")}`}${faulty}${missing}`;
}

/** `not served: address already in use`; else the condition. */
function describeCondition(port: Port): string {
  if (port.condition !== "not served") return port.condition;
  const reason = port.listenError ?? "";
  return `not served: ${reason.charAt(0).toLowerCase()}${reason.slice(1)}`;
}
