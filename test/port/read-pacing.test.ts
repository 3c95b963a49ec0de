import t from "tap";
import { type NextRead, ReadPacing, RecentData, WakeUpBudget } from "../../service/port/read-pacing.js";
import { FakeClock } from "../support/fake-clock.js";

/** 9600 and 115200 8N1. */
const SLOW = { byteMs: 10 / 9.6, longestTickMs: 1000 };
const FAST = { byteMs: 10 / 115.2, longestTickMs: 1000 };

/** A source beside others that keep the daemon busy, or alone. */
class Source {
  readonly clock = new FakeClock();
  readonly budget = new WakeUpBudget({
    cpuMs: () => this.clock.nowMs() * this.share,
    setTickMs: () => {},
  });
  readonly other = new RecentData();
  share = 0;
  readonly #pacing = new ReadPacing();

  busy(): this {
    for (let read = 0; read < 200; read++) {
      this.clock.pass(1);
      this.budget.read(1, this.clock.nowMs());
    }
    return this;
  }

  read(afterMs: number, bytes: number, timing = FAST, isFull = false): NextRead {
    this.clock.pass(afterMs);
    return this.#pacing.next({ bytes, isFull, nowMs: this.clock.nowMs() }, timing, this.other, this.budget);
  }

  /** The last of so many reads. */
  stream(reads: number, everyMs: number, bytes: number, timing = FAST): NextRead {
    let next: NextRead = "wait";
    for (let read = 0; read < reads; read++) next = this.read(everyMs, bytes, timing);
    return next;
  }
}

t.test("what comes seldom is passed on at once, however many others there are", async t => {
  const source = new Source().busy();
  for (const afterMs of [0, 50, 30, 100]) t.equal(source.read(afterMs, 1, SLOW), "wait");
});

t.test("a frame is passed on byte by byte to its end", async t => {
  const source = new Source().busy();
  source.read(0, 1);
  source.clock.pass(20);
  for (let byte = 0; byte < 250; byte++) t.equal(source.read(byte === 0 ? 0 : 0.087, 1), "wait", `byte ${byte}`);
});

t.test("a stream beside others is read at ticks", async t => {
  const source = new Source().busy();
  t.equal(source.stream(400, 0.7, 8), "tick");
  t.equal(source.stream(100, 2, 23), "tick", "and goes on so");
});

t.test("a slow stream alone is passed on at once, beside seven others it is not", async t => {
  t.equal(new Source().stream(500, 8.3, 8, SLOW), "wait");
  const source = new Source();
  let next: NextRead = "wait";
  for (let read = 0; read < 400; read++) {
    for (let other = 0; other < 7; other++) source.budget.read(SLOW.byteMs, source.clock.nowMs());
    next = source.read(8.3, 8, SLOW);
  }
  t.equal(next, "tick");
});

t.test("a stream that is alone is read at ticks as soon as it costs too many wake-ups", async t => {
  const source = new Source();
  t.equal(source.stream(1000, 0.7, 8), "tick");
  t.equal(source.stream(1000, 20, 230), "wait", "no more than fifty a second: at once again");
});

t.test("each turn of a dialogue is passed on at once", async t => {
  const source = new Source().busy();
  source.stream(400, 0.7, 8);
  for (let block = 0; block < 20; block++) {
    source.other.add(0.087, source.clock.nowMs()); // the answer
    for (let piece = 0; piece < 128; piece++) t.equal(source.read(0.7, 8), "wait", `block ${block}, piece ${piece}`);
  }
});

t.test("two streams are no dialogue", async t => {
  const source = new Source().busy();
  let next: NextRead = "wait";
  for (let read = 0; read < 400; read++) {
    source.other.add(0.7, source.clock.nowMs());
    next = source.read(0.7, 8);
  }
  t.equal(next, "tick");
});

t.test("a buffer that is ahead of its line, or full, is read again", async t => {
  const source = new Source().busy();
  t.equal(source.read(0, 100, FAST, true), "again");
  source.read(1, 1);
  t.equal(source.read(1, 400), "again");
});

t.test("what would not fit the kernel's buffers until the next tick does not wait for it", async t => {
  const source = new Source().busy();
  t.equal(source.stream(400, 0.7, 8, { ...FAST, longestTickMs: 0 }), "wait", "-chardelay");
  t.equal(source.stream(400, 0.7, 8, { ...FAST, longestTickMs: 1.5 }), "wait");
  t.equal(source.stream(400, 0.7, 8, { ...FAST, longestTickMs: 2 }), "tick");
});

t.test("when the core is busy, only what is quiet is passed on at once", async t => {
  const source = new Source().busy();
  source.share = 0.8;
  source.busy().busy();
  t.equal(source.budget.overloaded, true);
  t.equal(source.read(100, 1), "wait", "a key after a pause");
  t.equal(source.read(1, 1), "tick", "what follows it");
});

t.test("many sources that begin together are not all granted what one is", async t => {
  const source = new Source().busy();
  t.equal(source.read(20, 1), "wait");
  for (let read = 0; read < 500; read++) source.budget.allowsAtOnce(true);
  t.equal(source.read(1, 8), "tick");
  source.busy();
  t.equal(source.read(1, 8), "wait", "a little later it is");
});
