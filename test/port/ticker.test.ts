import t from "tap";
import { Heartbeat, Ticker } from "../../service/port/ticker.js";
import { FakeClock } from "../support/fake-clock.js";

t.test("a source is called once, at the next common moment of its tick", async t => {
  const time = new FakeClock();
  const ticker = new Ticker(time);
  const calls: string[] = [];
  const source = (name: string) => ({ onTick: () => void calls.push(`${time.nowMs()} ${name}`) });
  time.pass(3);
  ticker.at(3, source("a")); // every 16 ms
  time.pass(2);
  ticker.at(3, source("b"));
  ticker.at(1, source("c")); // every 4 ms
  time.pass(100);
  t.same(calls, ["8 c", "16 a", "16 b"]);
});

t.test("all ports cost one timer", async t => {
  const time = new FakeClock();
  const ticker = new Ticker(time);
  for (let port = 0; port < 32; port++) ticker.at(port % 4, { onTick: () => {} });
  t.equal(time.waiting, 1);
  time.pass(16);
  t.equal(time.waiting, 0);
});

t.test("a source may ask again from its tick", async t => {
  const time = new FakeClock();
  const ticker = new Ticker(time);
  const calls: number[] = [];
  const source = {
    onTick() {
      calls.push(time.nowMs());
      if (calls.length < 4) ticker.at(0, source);
    },
  };
  ticker.at(0, source);
  time.pass(50);
  t.same(calls, [2, 4, 6, 8]);
});

t.test("a source that was taken back is not called, and does not hold up the next", async t => {
  const time = new FakeClock();
  const ticker = new Ticker(time);
  const calls: string[] = [];
  const one = { onTick: () => void calls.push("one") };
  ticker.at(2, one);
  ticker.cancel(one);
  time.pass(30);
  ticker.at(2, { onTick: () => void calls.push(`other ${time.nowMs()}`) });
  time.pass(30);
  t.same(calls, ["other 32"]);
});

t.test("a late loop calls once, not for every tick it missed", async t => {
  const time = new FakeClock();
  const ticker = new Ticker(time);
  let calls = 0;
  ticker.at(0, { onTick: () => void calls++ });
  time.stall(500);
  t.equal(calls, 1);
});

t.test("the heartbeat beats only while it has listeners", async t => {
  const time = new FakeClock();
  const heartbeat = new Heartbeat(time);
  const seconds: number[] = [];
  const listener = (): void => void seconds.push(heartbeat.second);
  const other = (): void => {};
  t.equal(time.waiting, 0);
  heartbeat.add(listener);
  heartbeat.add(other);
  t.equal(time.waiting, 1, "one timer for all");
  time.pass(2500);
  t.same(seconds, [1, 2]);
  heartbeat.remove(listener);
  time.pass(1000);
  t.same(seconds, [1, 2]);
  heartbeat.remove(other);
  t.equal(time.waiting, 0);
});

t.test("a listener that leaves during a beat does not disturb the others", async t => {
  const time = new FakeClock();
  const heartbeat = new Heartbeat(time);
  const heard: string[] = [];
  const first = (): void => {
    heard.push("first");
    heartbeat.remove(first);
  };
  heartbeat.add(first);
  heartbeat.add(() => heard.push("second"));
  time.pass(2000);
  t.same(heard, ["first", "second", "second"]);
});
