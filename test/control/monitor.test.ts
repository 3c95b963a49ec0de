import t from "tap";
import { ask, createFakeControl } from "../support/fake-control.js";
import { createFakeManagedPort } from "../support/fake-managed-port.js";

t.test("one direction is copied as it is, until monitor stop", async t => {
  const port = createFakeManagedPort();
  const link = createFakeControl([port]).connect();
  t.equal(ask(link, "monitor term 7000"), "");
  t.equal(port.monitored, "term");
  port.pass("tcp", "not this");
  port.pass("term", "p\xffq\r\0");
  t.equal(link.take(), "p\xffq\r\0");
  t.match(ask(link, "version"), "ser2net version", "the prompt is usable meanwhile");
  t.equal(ask(link, "monitor stop"), "");
  t.equal(port.monitored, null);
  t.equal(ask(link, "monitor tcp 7000"), "");
  port.pass("tcp", "m\xff");
  t.equal(link.take(), "m\xff");
});

t.test("monitor stop is silent also when nothing is monitored", async t => {
  t.equal(ask(createFakeControl().connect(), "monitor stop"), "");
});

t.test("what stands in the way is told in the order of the reference", async t => {
  const [busy, free] = [createFakeManagedPort({ name: "1" }), createFakeManagedPort({ name: "2" })];
  const control = createFakeControl([busy, free]);
  const [other, link] = [control.connect(), control.connect()];
  ask(other, "monitor tcp 1");

  t.equal(ask(link, "monitor bogus 9"), "Invalid port number: 9\r\n");
  t.equal(ask(link, "monitor bogus 1"), "Port is already being monitored\r\n");
  t.equal(ask(link, "monitor term 1"), "Port is already being monitored\r\n");
  t.equal(ask(link, "monitor bogus 2"), "invalid monitor type: bogus\r\n");
  t.equal(free.monitored, null, "a wrong type leaves nothing behind");
  t.equal(ask(link, "monitor tcp 2"), "");
  for (const line of ["monitor tcp", "monitor tcp 9", "monitor bogus 1", "monitor tcp 2"]) {
    t.equal(ask(link, line), "Already monitoring a port\r\n", line);
  }
});

t.test("a refused monitor does not stop that of its owner", async t => {
  const port = createFakeManagedPort();
  const control = createFakeControl([port]);
  const [owner, other] = [control.connect(), control.connect()];
  ask(owner, "monitor tcp 7000");
  ask(other, "monitor tcp 7000");
  ask(other, "monitor stop");
  port.pass("tcp", "still here");
  t.equal(owner.take(), "still here");
  t.equal(other.take(), "");
});

t.test("a session that ends gives its monitor back", async t => {
  const port = createFakeManagedPort();
  const control = createFakeControl([port]);
  const first = control.connect();
  ask(first, "monitor tcp 7000");
  first.finish();
  first.settle();
  t.equal(port.monitored, null);
  t.equal(ask(control.connect(), "monitor term 7000"), "");
});

t.test("when its port goes away a monitor falls silent, and still wants a stop", async t => {
  const port = createFakeManagedPort();
  const control = createFakeControl([port]);
  const link = control.connect();
  ask(link, "monitor tcp 7000");
  port.remove();
  t.equal(link.take(), "");
  t.equal(ask(link, "monitor tcp 7000"), "Already monitoring a port\r\n");
  t.equal(ask(link, "monitor stop"), "");
  t.equal(ask(link, "monitor tcp 7000"), "");
});

t.test("monitor data that does not fit is dropped, and never breaks into an answer", async t => {
  const port = createFakeManagedPort();
  const link = createFakeControl([port]).connect();
  ask(link, "monitor tcp 7000");
  link.room = 4;
  port.pass("tcp", "0123456789");
  t.equal(link.take(), "0123");
  link.room = 12;
  link.send("version\r");
  t.equal(link.take(), "version\r\nser");
  port.pass("tcp", "dropped");
  link.room = 1000;
  port.pass("tcp", "dropped too");
  t.equal(link.take(), "2net version 3.5.4\r\n-> ");
  port.pass("tcp", "seen again");
  t.equal(link.take(), "seen again");
});

t.test("a peer that is gone ends its session, not the port that passes the data", async t => {
  const port = createFakeManagedPort();
  const control = createFakeControl([port]);
  const link = control.connect();
  ask(link, "monitor tcp 7000");
  link.breakWith("write", "pipe");
  port.pass("tcp", "x");
  t.equal(link.closed, true);
  t.equal(port.monitored, null);
});
