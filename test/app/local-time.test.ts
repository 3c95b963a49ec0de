import t, { type Test } from "tap";
import { readLocalTime } from "../../service/app/local-time.js";
import { systemClock } from "../../service/line/clock.js";

/** The local time at this moment in a time zone. */
function readAt(t: Test, zone: string, epochMs: number) {
  const { TZ } = process.env;
  process.env.TZ = zone;
  t.teardown(() => {
    if (TZ === undefined) delete process.env.TZ;
    else process.env.TZ = TZ;
  });
  return readLocalTime({ ...systemClock, date: () => new Date(epochMs) });
}

t.test("the last second of a leap year", async t => {
  const epochMs = Date.UTC(2024, 11, 31, 23, 59, 58, 123);
  const { microseconds, ...rest } = readAt(t, "UTC", epochMs);
  t.same(rest, {
    epochMs,
    year: 2024,
    month: 11,
    dayOfMonth: 31,
    dayOfWeek: 2,
    dayOfYear: 365,
    hours: 23,
    minutes: 59,
    seconds: 58,
  });
  t.equal(Math.floor(microseconds / 1000), 123);
});

t.test("local time, also where a day has 23 hours", async t => {
  const reading = readAt(t, "Europe/Berlin", Date.UTC(2026, 2, 29, 12));
  t.match(reading, { hours: 14, dayOfMonth: 29, dayOfYear: 87, dayOfWeek: 0 });
});

t.test("a clock that is set while the program runs counts at once", async t => {
  let epochMs = Date.UTC(2026, 5, 1);
  const clock = { ...systemClock, date: () => new Date(epochMs) };
  t.equal(readLocalTime(clock).year, 2026);
  epochMs = Date.UTC(2046, 5, 1);
  t.equal(readLocalTime(clock).year, 2046);
});
