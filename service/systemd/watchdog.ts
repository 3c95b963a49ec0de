/** Pings the service manager only while the event loop is on time and no permanent failure is known. */
import { backgroundClock, type Clock } from "../line/clock.js";
import type { Notifier } from "./notify.js";

export interface Watchdog {
  close(): void;
}

interface WatchdogOptions {
  /** From `watchdogInterval`; null: the service manager wants no ping, and no timer runs. */
  readonly intervalUs: number | null;
  readonly notifier: Pick<Notifier, "status" | "watchdogPing" | "watchdogTrigger">;
  /** A permanent failure that needs a restart (a listener is gone, a port never closes), or null. */
  readonly checks: () => string | null;
  /** The event loop is on time again: the usual status is to be sent. */
  readonly recovered: () => void;
  readonly clock?: Clock;
}

/**
 * Turns in one interval. A turn is late when it begins one whole turn after its time. So after a first late turn there is
 * time for another one, which pings, before the manager gives up.
 */
const CHECKS_PER_INTERVAL = 4;
/** Longest turn: a failure is noticed within this time, however long the interval is. */
const LONGEST_TURN_MS = 30_000;

/** $WATCHDOG_USEC where it is meant for this process. Takes the variables out of `environment`. */
export function watchdogInterval(environment: NodeJS.ProcessEnv, pid: number): number | null {
  const { WATCHDOG_USEC: interval = "", WATCHDOG_PID: meantFor = String(pid) } = environment;
  delete environment.WATCHDOG_USEC;
  delete environment.WATCHDOG_PID;
  return /^[1-9]\d*$/.test(interval) && meantFor === String(pid) ? Number(interval) : null;
}

export function createWatchdog(options: WatchdogOptions): Watchdog {
  const { intervalUs, notifier, checks, recovered, clock = backgroundClock } = options;
  const turnMs = Math.min(Math.max(1, (intervalUs ?? 0) / 1000 / CHECKS_PER_INTERVAL), LONGEST_TURN_MS);
  let isLate = false;
  let cancel = (): void => {};

  /** The next turn is due `turnMs` after the begin of this one: a stall within a turn makes the next one late. */
  function waitForTurn(begunMs: number): void {
    const dueMs = begunMs + turnMs;
    cancel = clock.after(Math.max(0, dueMs - clock.nowMs()), () => turn(dueMs));
  }

  function turn(dueMs: number): void {
    const begunMs = clock.nowMs();
    const broken = checks();
    if (broken !== null) {
      notifier.watchdogTrigger(broken);
      return; // the manager ends the process: no further turn
    }
    const lateMs = begunMs - dueMs;
    if (lateMs > turnMs) {
      isLate = true;
      notifier.status(`event loop late by ${Math.round(lateMs)} ms, watchdog not pinged`);
    } else {
      if (isLate) recovered();
      isLate = false;
      notifier.watchdogPing();
    }
    waitForTurn(begunMs);
  }

  if (intervalUs !== null) waitForTurn(clock.nowMs());
  return { close: () => cancel() };
}
