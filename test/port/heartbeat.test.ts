import t from "tap";
import { Heartbeat } from "../../service/port/heartbeat.js";
import { FakeClock } from "../support/fake-clock.js";

t.test("the heartbeat beats only while it has listeners", async t => {
  const time = new FakeClock();
  const heartbeat = new Heartbeat(time);
  const seconds: number[] = [];
  const listener = { everySecond: () => void seconds.push(heartbeat.second) };
  const other = { everySecond: () => {} };
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
  const first = {
    everySecond: () => {
      heard.push("first");
      heartbeat.remove(first);
    },
  };
  heartbeat.add(first);
  heartbeat.add({ everySecond: () => heard.push("second") });
  time.pass(2000);
  t.same(heard, ["first", "second", "second"]);
});
