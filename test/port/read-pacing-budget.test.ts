import t from "tap";
import { WakeUpBudget } from "../../service/port/read-pacing.js";
import { FakeClock } from "../support/fake-clock.js";

const SLOW_BYTE_MS = 0.087;
const FAST_BYTE_MS = 0.011;

class Daemon {
  readonly clock = new FakeClock();
  readonly told: number[] = [];
  readonly budget = new WakeUpBudget({
    cpuMs: () => this.#cpuMs,
    setTickMs: ms => void this.told.push(ms),
  });
  #cpuMs = 0;

  /** A second, or less, in which so much happens. */
  second(reads: number, share = 0, byteMs = SLOW_BYTE_MS, ms = 1000): this {
    for (let read = 0; read < reads; read++) {
      this.clock.pass(ms / reads);
      this.#cpuMs += (share * ms) / reads;
      this.budget.read(byteMs, this.clock.nowMs());
    }
    return this;
  }
}

t.test("streams are read at ticks from 300 reads a second on, and until there are less than 150", async t => {
  const daemon = new Daemon();
  const atTicks = [100, 250, 350, 250, 160, 100, 250].map(reads => daemon.second(reads).budget.streamsAtTicks);
  t.same(atTicks, [false, false, true, true, true, false, false]);
});

t.test("a pause ends it", async t => {
  const daemon = new Daemon().second(1000);
  daemon.clock.pass(10_000);
  daemon.budget.read(SLOW_BYTE_MS, daemon.clock.nowMs());
  t.equal(daemon.budget.streamsAtTicks, false);
});

t.test("ticks get longer while more than half of the core is used, and shorter below a quarter", async t => {
  const daemon = new Daemon().second(1000, 0.1);
  t.equal(daemon.budget.tickMs, 2);
  t.equal(daemon.second(1000, 0.4).budget.tickMs, 2);
  daemon.second(1000, 0.6);
  t.equal(daemon.budget.tickMs, 16);
  t.equal(daemon.budget.overloaded, true);
  t.equal(daemon.second(1000, 0.4).budget.tickMs, 16, "it neither helps nor hurts");
  daemon.second(1000, 0.1);
  t.equal(daemon.budget.tickMs, 2);
  t.equal(daemon.budget.overloaded, false);
  t.same([...new Set(daemon.told)], [2, 4, 8, 16], "one step at a time");
});

t.test("a moment of work is no reason for longer ticks", async t => {
  const daemon = new Daemon().second(1000, 0.1);
  for (let time = 0; time < 5; time++) {
    daemon.clock.pass(50);
    daemon.told.length = 0;
    daemon.second(100, 0.9, SLOW_BYTE_MS, 100);
    daemon.second(200, 0.1, SLOW_BYTE_MS, 200);
    t.same(new Set(daemon.told), new Set([2]));
  }
});

t.test("a fast line has shorter ticks", async t => {
  const daemon = new Daemon().second(1000, 0.1, FAST_BYTE_MS);
  t.equal(daemon.budget.tickMs, 1);
  t.equal(daemon.budget.overloaded, false);
  t.equal(daemon.second(1000, 0.1).budget.tickMs, 2);
});
