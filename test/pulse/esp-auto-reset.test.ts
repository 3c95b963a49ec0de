import t from "tap";
import type { ModemControl } from "../../service/line/modem.js";
import { EspAutoReset } from "../../service/pulse/esp-auto-reset.js";
import { FakeClock } from "../support/fake-clock.js";

/** Changes as esptool writes them: D0, R1; a number is a wait in milliseconds. */
type Step = "D0" | "D1" | "R0" | "R1" | number;

const CLASSIC: readonly Step[] = ["D0", "R1", 100, "D1", "R0", 50, "D0"];
const HARD: readonly Step[] = ["R1", 100, "R0"];
/** With the dummy change that works around a driver of Windows. */
const WINDOWS: readonly Step[] = ["D0", "R1", "D0", 100, "D1", "R0", "D1", 50, "D0"];
const UNIX_TIGHT: readonly Step[] = ["D0", "R0", "D1", "R1", "D0", "R1", 100, "D1", "R0", 50, "D0", "R0"];

interface EspBoard {
  /** `time boot` or `time download`, whenever the chip leaves its reset. */
  readonly starts: string[];
  /** `time D R`, whenever a line changes. */
  readonly changes: string[];
}

const OFF: ModemControl = { dtr: false, rts: false };
/** As pyserial opens a port. */
const ON: ModemControl = { dtr: true, rts: true };

/** The circuit of two transistors: RTS alone holds the chip in reset, DTR alone selects the download mode. */
function run(steps: readonly Step[], networkMs: number, first: ModemControl = OFF): EspBoard {
  const clock = new FakeClock();
  const starts: string[] = [];
  const changes: string[] = [];
  let lines = first;
  const isReset = () => !lines.dtr && lines.rts;
  const reset = new EspAutoReset(
    lines,
    wanted => {
      const before = isReset();
      const shown = `${Number(lines.dtr)}${Number(lines.rts)}`;
      lines = { ...lines, ...wanted };
      const now = `${Number(lines.dtr)}${Number(lines.rts)}`;
      if (now !== shown) changes.push(`${clock.nowMs()} ${now}`);
      if (before && !isReset()) starts.push(`${clock.nowMs()} ${lines.dtr && !lines.rts ? "download" : "boot"}`);
    },
    clock,
  );
  for (const step of steps) {
    if (typeof step === "number") {
      clock.pass(networkMs === 0 ? 0 : step); // a network that stalled delivers all at once
      continue;
    }
    reset.request(step.startsWith("D") ? { dtr: step === "D1" } : { rts: step === "R1" });
    clock.pass(networkMs);
  }
  clock.pass(5000);
  t.equal(reset.isIdle, true);
  t.equal(clock.waiting, 0);
  return { starts, changes };
}

t.test("each sequence of esptool leads to the download mode, however long its steps need", t => {
  for (const [name, steps] of Object.entries({ CLASSIC, WINDOWS, UNIX_TIGHT }))
    for (const networkMs of [0, 1, 50, 100, 400])
      for (const first of [OFF, ON]) {
        const { starts, changes } = run(steps, networkMs, first);
        t.match(starts.at(-1), / download$/, `${name}, ${networkMs} ms`);
        if (first === OFF) t.equal(starts.length, 1, `${name}, ${networkMs} ms`);
        t.match(changes.at(-1), / 00$/, "and ends with both lines off");
      }
  t.end();
});

t.test("without the option the chip boots: a step of 50 ms comes too late", t => {
  let lines = { dtr: true, rts: true };
  const starts: string[] = [];
  for (const step of CLASSIC) {
    if (typeof step === "number") continue;
    const wasReset = !lines.dtr && lines.rts;
    lines = step.startsWith("D") ? { ...lines, dtr: step === "D1" } : { ...lines, rts: step === "R1" };
    if (wasReset && (lines.dtr || !lines.rts)) starts.push(lines.dtr && !lines.rts ? "download" : "boot");
  }
  t.same(starts, ["boot"], "the circuit of this test is the one that has the trouble");
  t.end();
});

t.test("a hard reset boots, and is 100 ms long even if it arrives at once", t => {
  t.same(run(HARD, 50).starts, ["150 boot"]);
  t.same(run(HARD, 0).changes, ["0 01", "100 00"]);
  t.end();
});

t.test("a sequence that arrives at once has its times", t => {
  t.same(run(CLASSIC, 0).changes, ["0 01", "100 10", "150 00"]);
  t.end();
});

t.test("DTR on in reset without RTS off is carried out after a second", t => {
  const clock = new FakeClock();
  const driven: string[] = [];
  const reset = new EspAutoReset({ dtr: false, rts: true }, lines => driven.push(JSON.stringify(lines)), clock);
  reset.request({ dtr: true });
  t.same(reset.asked, { dtr: true, rts: true }, "a client reads back what it asked for");
  clock.pass(999);
  t.same(driven, []);
  clock.pass(1);
  t.same(driven, ['{"dtr":true}']);
  t.end();
});

t.test("a flood of requests is carried out, and nothing is kept of it", t => {
  const clock = new FakeClock();
  let driven = 0;
  const reset = new EspAutoReset({ dtr: false, rts: true }, () => driven++, clock);
  for (let count = 0; count < 10_000; count++) reset.request({ dtr: count % 2 === 0 });
  t.ok(driven > 500);
  reset.end(true);
  t.equal(clock.waiting, 0);
  t.end();
});

t.test("the end drives what was asked for last, or nothing where the device is gone", t => {
  const clock = new FakeClock();
  const driven: string[] = [];
  const one = () => new EspAutoReset({ dtr: false, rts: true }, lines => driven.push(JSON.stringify(lines)), clock);
  const [kept, lost] = [one(), one()];
  for (const reset of [kept, lost]) reset.request({ dtr: true });
  kept.end(true);
  lost.end(false);
  clock.pass(5000);
  t.same(driven, ['{"dtr":true}']);
  t.end();
});
