/** The time of day for banners, file names and traces. */
import type { ClockReading } from "../config/template.js";
import { type Clock, systemClock } from "../line/clock.js";

/** Local time (TZ), to the microsecond. */
export function readLocalTime(clock: Clock = systemClock): ClockReading {
  // A date has milliseconds only; the microseconds are taken from the monotonic time.
  const now = clock.date();
  const epochMs = now.getTime();
  const restUs = Math.floor(clock.nowMs() * 1000) % 1000;
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
