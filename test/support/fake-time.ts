/** Timers and `performance.now()` that move when the test says so, for as long as it runs. */
import type { Teardown } from "./client.js";
import { FakeClock } from "./fake-clock.js";

export function fakeTime(t: Teardown): FakeClock {
  const clock = new FakeClock();
  const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;
  const timers = new Map<unknown, () => void>();

  /** What code holds of a timer. Node takes less than a millisecond for one. */
  function start(run: () => void, ms: number, again: boolean): object {
    const timer = { unref: () => timer, ref: () => timer };
    const wait = Math.max(1, Math.trunc(ms));
    const due = (): void => {
      if (again) timers.set(timer, clock.after(wait, due));
      else timers.delete(timer);
      run();
    };
    timers.set(timer, clock.after(wait, due));
    return timer;
  }

  function stop(timer: unknown): void {
    timers.get(timer)?.();
    timers.delete(timer);
  }

  Object.assign(globalThis, {
    setTimeout: (run: () => void, ms = 0) => start(run, ms, false),
    setInterval: (run: () => void, ms = 0) => start(run, ms, true),
    clearTimeout: (timer: unknown) => (timers.has(timer) ? stop(timer) : clearTimeout(timer as NodeJS.Timeout)),
    clearInterval: (timer: unknown) => (timers.has(timer) ? stop(timer) : clearInterval(timer as NodeJS.Timeout)),
  });
  performance.now = () => clock.nowMs();
  t.teardown(() => {
    Object.assign(globalThis, { setTimeout, clearTimeout, setInterval, clearInterval });
    Reflect.deleteProperty(performance, "now");
  });
  return clock;
}
