import t from "tap";
import { createLog } from "../../service/log/levels.js";
import type { Log } from "../../service/log/log.js";
import { BUDGET, BUDGET_AFTER_FLOOD, BURST, LimitedLog, QUIET_MS } from "../../service/log/rate-limit.js";
import { FakeClock } from "../support/fake-clock.js";

t.test("after a burst the same text is only counted, and the count told once a minute", async t => {
  const { log, said, clock } = setUp();
  repeat(BURST + 25, () => log.error("Too many open files"));
  t.same(said, Array(BURST).fill("error Too many open files"));
  said.length = 0;
  clock.pass(QUIET_MS);
  t.same(said, ["error message repeated 25 times: [Too many open files]"]);
  log.error("Too many open files");
  t.equal(said.length, 1, "no new burst while it goes on");
  clock.pass(QUIET_MS);
  t.equal(said.at(-1), "error message repeated 1 times: [Too many open files]");
  t.equal(said.length, 2);
});

t.test("a quiet minute gives a new burst, and then there is nothing left to wait for", async t => {
  const { log, said, clock } = setUp();
  repeat(BURST + 1, () => log.error("again"));
  clock.pass(QUIET_MS);
  clock.pass(QUIET_MS);
  t.equal(clock.waiting, 0);
  said.length = 0;
  repeat(BURST, () => log.error("again"));
  t.equal(said.length, BURST);
});

t.test("other texts and other levels are not held back", async t => {
  const { log, said } = setUp();
  repeat(BURST + 1, () => log.error("a"));
  log.error("b");
  log.warning("a");
  t.same(said.slice(BURST), ["error b", "warning a"]);
});

t.test(
  "lines about connections have a budget of their own: a peer that comes again and again hides no fault",
  async t => {
    const { log, said, clock } = setUp();
    const connect = (at: number) =>
      log.notice(`Port 2001: 192.0.2.7,${at} connected`, { event: "connect", port: "2001", label: null, device: null });
    for (let at = 0; at < BUDGET + 100; at++) connect(at);
    t.equal(said.length, BUDGET);
    log.error("a fault");
    t.equal(said.at(-1), "error a fault");
    clock.pass(QUIET_MS);
    t.equal(said.at(-1), "warning 100 log lines about connections suppressed: too many within a minute");
    said.length = 0;
    for (let at = 0; at < BUDGET; at++) connect(at);
    t.equal(said.length, BUDGET_AFTER_FLOOD, "and less after a flood");
  },
);

t.test("what was held back is told before the end, and before it is forgotten for newer texts", async t => {
  const { log, said, clock } = setUp();
  repeat(BURST + 3, () => log.error("first"));
  for (let i = 0; i < 64; i++) log.info(`other ${i}`);
  t.equal(said.filter(text => text === "error message repeated 3 times: [first]").length, 1);
  t.ok(clock.waiting <= 64 + 1, "a timer for each text that is remembered, and one for the minute of all");
  repeat(BURST + 2, () => log.error("last"));
  log.flush();
  t.equal(said.at(-1), "error message repeated 2 times: [last]");
  t.equal(clock.waiting, 0);
});

t.test("all lines together have a budget, which is small until a minute stays within it", async t => {
  const { log, said, clock } = setUp();
  const flood = (lines: number): number => {
    said.length = 0;
    for (let i = 0; i < lines; i++) log.error(`port ${i}: ${said.length}`);
    return said.length;
  };
  t.equal(flood(BUDGET + 500), BUDGET);
  said.length = 0;
  clock.pass(QUIET_MS);
  t.same(said, ["warning 500 log lines suppressed: too many within a minute"]);
  t.equal(flood(BUDGET), BUDGET_AFTER_FLOOD);
  clock.pass(QUIET_MS);
  t.equal(flood(BUDGET_AFTER_FLOOD), BUDGET_AFTER_FLOOD);
  clock.pass(QUIET_MS); // nothing was suppressed
  t.equal(flood(BUDGET), BUDGET);
  log.error("one more");
  log.flush();
  t.equal(said.at(-1), "warning 1 log lines suppressed: too many within a minute");
  t.equal(clock.waiting, 0);
});

function setUp() {
  const said: string[] = [];
  const clock = new FakeClock();
  const target: Log = createLog((level, text) => said.push(`${level} ${text}`));
  return { log: new LimitedLog(target, clock), said, clock };
}

function repeat(times: number, action: () => void): void {
  for (let i = 0; i < times; i++) action();
}
