/** The watchdog means health: the manager is pinged only while the event loop is on time and nothing is known broken. */
import { type Clock, systemClock } from "./clock.js";
import type { Notifier } from "./notify.js";

export interface Watchdog {
  /** Why the manager is not pinged now; null: it is. */
  readonly problem: string | null;
  /** Turns of the event loop that came too late since the start, and the worst of them. */
  readonly lateness: { readonly turns: number; readonly worstMs: number };
  close(): void;
}

export interface WatchdogParts {
  /** From `watchdogInterval`; null: nobody waits for a ping, and no timer runs. */
  readonly intervalUs: number | null;
  readonly notifier: Pick<Notifier, "status" | "watchdogPing" | "watchdogTrigger">;
  /** What is broken for good and only a new process mends (a listener is gone, a port never closes); null: nothing. */
  readonly checks: () => string | null;
  /** The loop is on time again: the status needs not tell of it any more. */
  readonly recovered: () => void;
  readonly clock?: Clock;
}

/**
 * So many turns fit in the interval. A turn is late when it comes one whole turn after its time: the first late one
 * leaves room for another that is on time, and pings, before the manager gives up.
 */
const TURNS = 4;
/** However long the interval: what is broken is noticed within this time. */
const LONGEST_TURN_MS = 30_000;

/** $WATCHDOG_USEC where it is meant for this process. Takes the variables out of `environment`. */
export function watchdogInterval(environment: NodeJS.ProcessEnv, pid: number): number | null {
  const { WATCHDOG_USEC: interval = "", WATCHDOG_PID: meantFor = String(pid) } = environment;
  delete environment.WATCHDOG_USEC;
  delete environment.WATCHDOG_PID;
  return /^[1-9]\d*$/.test(interval) && meantFor === String(pid) ? Number(interval) : null;
}

export function createWatchdog(parts: WatchdogParts): Watchdog {
  const { intervalUs, notifier, checks, recovered, clock = systemClock } = parts;
  const turnMs = Math.min(Math.max(1, (intervalUs ?? 0) / 1000 / TURNS), LONGEST_TURN_MS);
  const lateness = { turns: 0, worstMs: 0 };
  let problem: string | null = null;
  let cancel = (): void => {};

  function waitForTurn(): void {
    const dueMs = clock.nowMs() + turnMs;
    cancel = clock.after(turnMs, () => turn(clock.nowMs() - dueMs));
  }

  function turn(lateMs: number): void {
    const broken = checks();
    if (broken !== null) {
      problem = broken;
      notifier.watchdogTrigger(broken);
      return; // the end is near: nothing is looked at any more
    }
    if (lateMs > turnMs) {
      lateness.turns++;
      lateness.worstMs = Math.max(lateness.worstMs, Math.round(lateMs));
      problem = `event loop late by ${Math.round(lateMs)} ms`;
      notifier.status(`${problem}, watchdog not pinged`);
    } else {
      if (problem !== null) recovered();
      problem = null;
      notifier.watchdogPing();
    }
    waitForTurn();
  }

  if (intervalUs !== null) waitForTurn();
  return {
    get problem() {
      return problem;
    },
    lateness,
    close: () => cancel(),
  };
}
