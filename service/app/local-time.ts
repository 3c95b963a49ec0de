/** The time of day as banners, file names and traces want it. */
import type { ClockReading } from "../config/template.js";

/** Local time (TZ), to the microsecond. */
export function readClock(): ClockReading {
  // Date.now() has milliseconds only, and what performance counts from is not set with the clock: that has the rest.
  const epochMs = Date.now();
  const restUs = Math.floor(performance.now() * 1000) % 1000;
  const now = new Date(epochMs);
  const startOfYear = Date.UTC(now.getFullYear(), 0, 1);
  const today = Date.UTC(now.getFullYear(), now.getMonth(), now.getDate());
  return {
    epochMs,
    microseconds: (epochMs % 1000) * 1000 + restUs,
    year: now.getFullYear(),
    month: now.getMonth(),
    dayOfMonth: now.getDate(),
    dayOfWeek: now.getDay(),
    dayOfYear: Math.round((today - startOfYear) / 86_400_000),
    hours: now.getHours(),
    minutes: now.getMinutes(),
    seconds: now.getSeconds(),
  };
}
