import t from "tap";
import type { Chardelay } from "../../../service/config/configuration.js";
import { STANDARD_LINE } from "../../../service/line/settings.js";
import { CharacterDelay } from "../../../service/port/transfer/character-delay.js";
import { FakeClock } from "../../support/fake-clock.js";

interface Trial {
  readonly delay: CharacterDelay;
  readonly time: FakeClock;
  /** `12 ms: text` */
  readonly sent: string[];
  /** Whether the peers take anything. */
  ready: boolean;
  say(text: string): void;
}

function start({
  bufferBytes = 64,
  speed = 9600,
  ...chardelay
}: Partial<Chardelay> & { bufferBytes?: number; speed?: number } = {}): Trial {
  const time = new FakeClock();
  const sent: string[] = [];
  const options = { enabled: true, explicit: true, scale: 20, minUs: 1000, maxUs: 20_000, ...chardelay };
  const delay = new CharacterDelay(options, bufferBytes, time, {
    ready: () => trial.ready,
    emit: bytes => void sent.push(`${time.nowMs()} ms: ${Buffer.from(bytes).toString("latin1")}`),
  });
  delay.lineChanged({ ...STANDARD_LINE, speed });
  const say = (text: string): void => delay.add(Buffer.from(text, "latin1"));
  const trial: Trial = { delay, time, sent, ready: true, say };
  return trial;
}

t.test("bytes wait for two characters more, in whole milliseconds", async t => {
  const { say, sent, time } = start();
  say("a");
  time.pass(2);
  t.same(sent, []);
  time.pass(1);
  t.same(sent, ["3 ms: a"]); // 2083 us at 9600 8N1
});

t.test("each byte starts the wait anew, and all are sent together", async t => {
  const { say, sent, time } = start();
  for (const letter of "abc") {
    say(letter);
    time.pass(2);
  }
  time.pass(1);
  t.same(sent, ["7 ms: abc"]);
});

t.test("chardelay-max counts from the first byte", async t => {
  const { say, sent, time } = start({ minUs: 200_000, maxUs: 500_000 });
  for (let letter = 0; letter < 10; letter++) {
    say(String(letter));
    time.pass(100);
  }
  t.same(sent, ["500 ms: 01234", "1000 ms: 56789"]);
});

t.test("chardelay-max cuts the wait of a slow line", async t => {
  const { say, sent, time } = start({ speed: 300, maxUs: 5000 });
  say("a");
  time.pass(100);
  t.same(sent, ["5 ms: a"]);
});

t.test("chardelay-min lengthens the wait of a fast line", async t => {
  const { say, sent, time } = start({ speed: 115_200, minUs: 7000 });
  say("a");
  time.pass(100);
  t.same(sent, ["7 ms: a"]);
});

t.test("a byte after the deadline is sent at once", async t => {
  const trial = start({ minUs: 5000, maxUs: 5000 });
  trial.say("a");
  trial.time.stall(6); // the loop was busy: the timer has not run
  t.same(trial.sent, ["6 ms: a"]);
  trial.say("b");
  trial.time.pass(5);
  t.same(trial.sent, ["6 ms: a", "11 ms: b"], "and its deadline is its own");
});

t.test("a full buffer leaves at once, one byte less waits", async t => {
  const { say, sent, time, delay } = start({ bufferBytes: 8 });
  t.equal(delay.room(false), 8);
  say("1234567");
  t.equal(delay.room(false), 1);
  t.same(sent, []);
  say("8");
  t.same(sent, ["0 ms: 12345678"]);
  t.equal(delay.room(false), 8);
  time.pass(100);
  t.equal(sent.length, 1, "and nothing follows");
});

t.test("telnet may double each byte, so half of the room is given; never none", async t => {
  const { delay, say } = start({ bufferBytes: 5 });
  t.equal(delay.room(true), 2);
  say("1234");
  t.equal(delay.room(true), 1);
  t.equal(start({ bufferBytes: 1 }).delay.room(true), 1, "BUG-12");
});

t.test("long delays are counted once (BUG-32)", async t => {
  const { say, sent, time } = start({ minUs: 1_200_000, maxUs: 5_000_000 });
  say("a");
  time.pass(1199);
  t.same(sent, []);
  time.pass(1);
  t.same(sent, ["1200 ms: a"]);
});

t.test("while a peer is busy nothing is sent, and nothing twice (BUG-5)", async t => {
  const trial = start();
  trial.say("ab");
  trial.ready = false;
  trial.time.pass(50);
  t.same(trial.sent, []);
  trial.delay.retry();
  t.same(trial.sent, [], "still busy");
  trial.ready = true;
  trial.delay.retry();
  trial.delay.retry();
  trial.time.pass(50);
  t.same(trial.sent, ["50 ms: ab"]);
});

t.test("a peer that was busy for other reasons does not cut the wait short", async t => {
  const trial = start();
  trial.say("a");
  trial.delay.retry();
  t.same(trial.sent, []);
  trial.time.pass(3);
  t.same(trial.sent, ["3 ms: a"]);
});

t.test("the wait follows the speed", async t => {
  const { delay, say, sent, time } = start();
  delay.lineChanged({ ...STANDARD_LINE, speed: 1200 });
  say("a");
  time.pass(16);
  t.same(sent, []);
  time.pass(1);
  t.same(sent, ["17 ms: a"]); // 16666 us
});

t.test("no wait at all when it comes to nothing", async t => {
  const { say, sent } = start({ speed: 4_000_000, scale: 1, minUs: 0 });
  say("a");
  t.same(sent, ["0 ms: a"]);
});

t.test("what is released has no timer left, what is stopped is not sent", async t => {
  const { delay, say, sent, time } = start();
  say("a");
  delay.release();
  t.same(sent, ["0 ms: a"]);
  say("b");
  delay.stop();
  time.pass(100);
  t.same(sent, ["0 ms: a"]);
  t.equal(time.waiting, 0);
});

t.test("what has gathered goes on waiting in the next process", async t => {
  for (let passed = 0; passed <= 3; passed++) {
    const { delay, say, time } = start();
    say("ab");
    time.pass(passed);
    const before = delay.state();
    const sent: string[] = [];
    const next = new FakeClock();
    const options = { enabled: true, explicit: true, scale: 20, minUs: 1000, maxUs: 20_000 };
    // The configuration may have a smaller buffer by now.
    const after = new CharacterDelay(
      options,
      1,
      next,
      {
        ready: () => true,
        emit: bytes => void sent.push(`${passed + next.nowMs()} ms: ${Buffer.from(bytes).toString("latin1")}`),
      },
      before,
    );
    after.lineChanged({ ...STANDARD_LINE, speed: 9600 });
    next.pass(10);
    t.same(sent, passed === 3 ? [] : ["3 ms: ab"], `after ${passed} ms`);
    t.equal(after.state(), null);
  }
});

t.test("what is held for a peer is held in the next process", async t => {
  const trial = start();
  trial.ready = false;
  trial.say("ab");
  trial.time.pass(5);
  t.match(trial.delay.state(), { waitMs: 0, limitMs: 15 });
});
