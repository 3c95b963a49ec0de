import t from "tap";
import { carriedSession } from "../support/carried.js";
import { createFakeControl, type FakeControl } from "../support/fake-control.js";
import { createFakeLink, type FakeLink } from "../support/fake-link.js";
import { createFakeManagedPort } from "../support/fake-managed-port.js";

const PEER = { address: "192.0.2.7", port: 40_000 };

/** The session of `control` in the next process: its link has what the peer is sent there. */
function resumed(control: FakeControl, next: FakeControl, room = Number.POSITIVE_INFINITY): FakeLink {
  const [state] = control.server.states();
  if (state === undefined) throw new Error("no session");
  const link = next.settled(createFakeLink(PEER));
  link.room = room;
  next.server.resume(link, carriedSession(state));
  return link;
}

const INPUTS = [
  "version\r\0show\bwport x\r\nbogus\x7fs\r",
  "ver\xff\xfb\x03sion\r\xff\xfd\x01\xff\xfa\x1fab\xff\xff\xff\xf0x\xff\xffy\r",
  "\xff\xfd\x03\xff\xfd\x01\xff\xfc\x01\xff\xfd\x00\xff\xfb\x00\xff\xfe\x00version\r",
  "monitor tcp 7000\rmonitor stop\rmonitor term 7000\r",
];

t.test("a session goes on in the next process at any byte of its input", async t => {
  for (const input of INPUTS) {
    for (let cut = 0; cut <= input.length; cut++) {
      const whole = createFakeControl();
      const link = whole.connect();
      link.send(input.slice(0, cut));
      const first = link.take();
      link.send(input.slice(cut));
      const expected = first + link.take();

      const control = createFakeControl();
      const before = control.connect();
      before.send(input.slice(0, cut));
      const answered = before.take();
      const after = resumed(control, createFakeControl());
      after.send(input.slice(cut));
      t.equal(answered + after.take(), expected, `${JSON.stringify(input)} cut at ${cut}`);
      t.equal(before.closed, false, "the connection itself is not ended");
    }
  }
});

t.test("output that is half sent goes on at any byte, with the exit after it", async t => {
  const ports = Array.from({ length: 20 }, (_, at) => createFakeManagedPort({ name: `${7000 + at}` }));
  const whole = createFakeControl(ports).connect();
  whole.send("showshortport\rexit\r");
  const expected = whole.take();
  t.ok(whole.closed);
  for (let sent = 0; sent < expected.length; sent += 37) {
    const control = createFakeControl(ports);
    const before = control.connect();
    before.room = sent;
    before.send("showshortport\rexit\r");
    before.settle();
    const after = resumed(control, createFakeControl(ports));
    t.equal(before.take() + after.take(), expected, `after ${sent} bytes`);
    t.ok(after.closed);
  }
});

t.test("a monitor goes on", async t => {
  const control = createFakeControl();
  const before = control.connect();
  before.send("monitor term 7000\r");
  before.take();
  const next = createFakeControl();
  const after = resumed(control, next);
  t.equal(after.take(), "");
  next.ports[0]?.pass("term", Buffer.from("hello"));
  t.equal(after.take(), "hello");
  after.send("monitor tcp 7000\r");
  t.match(after.take(), /Already monitoring/);
});

t.test("a monitored port that is gone is no longer monitored", async t => {
  const control = createFakeControl();
  control.connect().send("monitor term 7000\r");
  control.clock.pass(1);
  const after = resumed(control, createFakeControl([]));
  after.send("version\r");
  t.match(after.take(), /ser2net version/);
});

t.test("the time without input goes on, and so does that since the start", async t => {
  const control = createFakeControl();
  control.clock.pass(5000);
  control.connect();
  control.clock.pass(700_000);
  const [state] = control.server.states();
  t.match(state, { idleMs: 700_000, sinceMs: 5000, line: "", monitor: null, isExiting: false });
  const next = createFakeControl();
  for (let count = 0; count < 4; count++) {
    if (state !== undefined) next.server.resume(createFakeLink(), carriedSession(state));
  }
  t.equal(next.connect().closed, false, "the oldest makes room");
});

t.test("a session that has ended has no state", async t => {
  const control = createFakeControl();
  const link = control.connect();
  link.send("exit\r");
  link.settle();
  t.same(control.server.states(), []);
});
