/** Time and timers. What waits or measures takes a Clock, so that tests let time pass (docs/design.md, "Time"). */

/** Takes a call back. Idempotent; does nothing after the call. */
export type Cancel = () => void;

export interface Clock {
  /** Milliseconds that pass evenly and are never set back; not a time of day. */
  nowMs(): number;
  /** The time of day, which may be set. */
  date(): Date;
  /** Calls `run` once, in `delayMs`. */
  after(delayMs: number, run: () => void): Cancel;
  /** Calls `run` every `periodMs`. */
  every(periodMs: number, run: () => void): Cancel;
}

/** Its timers keep the process running. */
export const systemClock: Clock = {
  nowMs: () => {
    const [seconds, nanoseconds] = process.hrtime(); // performance.now() loads all of node:perf_hooks: 1 ms at the start
    return seconds * 1000 + nanoseconds / 1e6;
  },
  date: () => new Date(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
  every(periodMs, run) {
    const timer = setInterval(run, periodMs);
    return () => clearInterval(timer);
  },
};

/** The same time; its timers do not keep the process running. */
export const backgroundClock: Clock = {
  ...systemClock,
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs).unref();
    return () => clearTimeout(timer);
  },
  every(periodMs, run) {
    const timer = setInterval(run, periodMs).unref();
    return () => clearInterval(timer);
  },
};

/** Resolves in `delayMs`. */
export function pause(delayMs: number, clock: Clock = systemClock): Promise<void> {
  return new Promise(resolve => void clock.after(delayMs, resolve));
}

/** CLOCK_MONOTONIC, in microseconds: the same for all processes until the next boot. */
export function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** As `monotonicUs`, in whole milliseconds. */
export function monotonicMs(): number {
  return Math.floor(monotonicUs() / 1000);
}

/** Processor time that the process has used, of all its threads, in milliseconds. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
