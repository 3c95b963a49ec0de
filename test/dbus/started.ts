/** The service on a bus, with one port, and its time in the hands of the test. */
import type { Test } from "tap";
import { type DbusServiceOptions, startDbus } from "../../service/dbus/entry.js";
import { systemClock } from "../../service/line/clock.js";
import { busyStatus, createFakeManagedPort } from "../support/fake-managed-port.js";
import { collectLog, registry, standIn } from "./stage.js";

export interface Wait {
  readonly delayMs: number;
  readonly run: () => void;
  cancelled: boolean;
}

/** A service with one port, and time in the hands of the test. */
export function start(t: Test, address: string, options: Partial<DbusServiceOptions> = {}) {
  const log = collectLog();
  const waits: Wait[] = [];
  const port = createFakeManagedPort(busyStatus({ name: "2001" }));
  const known = new Map([["2001", port]]);
  const after = (delayMs: number, run: () => void) => {
    const wait = { delayMs, run, cancelled: false };
    waits.push(wait);
    return () => {
      wait.cancelled = true;
    };
  };
  const ports = registry(known);
  const service = startDbus(standIn({ address, log, ports, clock: { ...systemClock, after }, ...options }));
  t.teardown(() => service.stop());
  return {
    service,
    log,
    port,
    known,
    waits,
    /** Runs the timer that was set last. */
    fire(what = "a timer") {
      const last = waits.at(-1);
      if (last === undefined || last.cancelled) throw new Error(`no call waits for ${what}`);
      last.cancelled = true;
      last.run();
    },
  };
}
