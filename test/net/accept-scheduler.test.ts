import t from "tap";
import { AcceptScheduler } from "../../service/net/accept-scheduler.js";
import { FakeClock } from "../support/fake-clock.js";

/** The events in order: a letter for each peer taken, `|` for a turn in which data moves and a pause. */
async function history(waiting: Record<string, { peers: number; costMs: number }>): Promise<string> {
  const clock = new FakeClock();
  const scheduler = new AcceptScheduler(clock);
  let events = "";
  let left = 0;
  for (const [name, { peers, costMs }] of Object.entries(waiting)) {
    let count = peers;
    left += peers;
    scheduler.add(() => {
      if (count === 0) return false;
      count--;
      left--;
      events += name;
      clock.jump(costMs);
      return true;
    });
  }
  await new Promise(resolve => setImmediate(resolve));
  events += "|";
  while (left > 0) {
    clock.pass(1);
    events += "|";
  }
  return events;
}

t.test("where accepting takes long, data moves between two peers, and the listeners take turns", async t => {
  const events = await history({ a: { peers: 4, costMs: 2 }, b: { peers: 2, costMs: 2 }, c: { peers: 1, costMs: 2 } });
  t.equal(events, "a|b|c|a|b|a|a|");
});

t.test("a listener that is added during a round comes before those that had theirs", async t => {
  const clock = new FakeClock();
  const scheduler = new AcceptScheduler(clock);
  const order: string[] = [];
  const taker = (name: string, peers: number) => (): boolean => {
    if (peers-- === 0) return false;
    order.push(name);
    if (order.length === 2) scheduler.add(taker("late", 1));
    clock.jump(2); // more than the budget of a turn
    return true;
  };
  scheduler.add(taker("a", 5));
  await new Promise(resolve => setImmediate(resolve));
  while (order.length < 6) clock.pass(1);
  t.same(order, ["a", "a", "late", "a", "a", "a"]);
});

t.test("peers that come one at a time are taken at once, without a pause", async t => {
  const clock = new FakeClock();
  const scheduler = new AcceptScheduler(clock);
  for (let peer = 1; peer <= 3; peer++) {
    let waiting = 1;
    scheduler.add(() => waiting-- > 0);
    await new Promise(resolve => setImmediate(resolve));
    t.equal(waiting, -1, "it was taken, and none waits after it");
    t.equal(clock.waiting, 0);
  }
});

t.test("between the turns of a storm the process sleeps, until no peer waits", async t => {
  const clock = new FakeClock();
  const scheduler = new AcceptScheduler(clock);
  let left = 3;
  scheduler.add(() => {
    clock.jump(2);
    return --left > 0;
  });
  await new Promise(resolve => setImmediate(resolve));
  await new Promise(resolve => setImmediate(resolve));
  t.equal(left, 2, "a turn of the event loop alone takes no more");
  t.equal(clock.waiting, 1);
  for (let pause = 0; pause < 2; pause++) clock.pass(1);
  t.equal(left, 0);
  t.equal(clock.waiting, 0);
});

t.test("a quiet listener costs nothing", async t => {
  const scheduler = new AcceptScheduler();
  let asked = 0;
  scheduler.add(() => {
    asked++;
    return false;
  });
  for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve));
  t.equal(asked, 1);
});
