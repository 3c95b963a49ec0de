import t from "tap";
import { AcceptScheduler } from "../../service/net/accept-scheduler.js";
import { FakeClock } from "../support/fake-clock.js";

/** The events in order: a letter for each peer taken, `|` for a turn in which data moves. */
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
  while (left > 0) {
    await new Promise(resolve => setImmediate(resolve));
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
  while (order.length < 6) await new Promise(resolve => setImmediate(resolve));
  t.same(order, ["a", "a", "late", "a", "a", "a"]);
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
