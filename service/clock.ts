/** The time of day as banners, file names and traces want it. */
import type { ClockReading } from "./config/template.js";

/** Local time (TZ), to the microsecond. */
export function readClock(): ClockReading {
  // Date.now() has milliseconds only; the clock behind performance has the rest.
  const epochUs = Math.floor((performance.timeOrigin + performance.now()) * 1000);
  const now = new Date(epochUs / 1000);
  const startOfYear = Date.UTC(now.getFullYear(), 0, 1);
  const today = Date.UTC(now.getFullYear(), now.getMonth(), now.getDate());
  return {
    epochMs: Math.floor(epochUs / 1000),
    microseconds: epochUs % 1_000_000,
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
