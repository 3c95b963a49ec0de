import t from "tap";
import { ask, createFakeControl, GREETING } from "../support/fake-control.js";
import { createFakeLink } from "../support/fake-link.js";
import { createFakeManagedPort } from "../support/fake-managed-port.js";

t.test("four sessions may be open; a fifth is told so until one leaves", async t => {
  const { server, connect } = createFakeControl();
  const [first, ...others] = [connect(), connect(), connect(), connect()];

  const fifth = createFakeLink();
  server.accept(fifth);
  t.equal(fifth.received, "Too many controller ports\r\n");
  t.equal(fifth.closed, true);

  first?.finish();
  first?.settle();
  const sixth = createFakeLink();
  server.accept(sixth);
  t.equal(sixth.take(), GREETING);
  for (const link of [...others, sixth]) t.equal(ask(link, "version"), "ser2net version 3.5.4\r\n");
});

t.test("the last place is kept for peers on the machine itself, whatever remote peers hold", async t => {
  const { server } = createFakeControl();
  const call = (address: string) => {
    const link = createFakeLink({ address, port: 40_001 });
    server.accept(link);
    return link.take();
  };
  for (let at = 0; at < 3; at++) t.equal(call("192.0.2.7"), GREETING);
  t.equal(call("::ffff:192.0.2.7"), "Too many controller ports\r\n");
  t.equal(call("::ffff:127.0.0.1"), GREETING);
  t.equal(call("::1"), "Too many controller ports\r\n");
});

t.test(
  "where all places are taken, the session that was silent for longest, 10 minutes at least, makes room",
  async t => {
    const { server, clock } = createFakeControl();
    const call = (address: string) => {
      const link = createFakeLink({ address, port: 40_001 });
      server.accept(link);
      link.take();
      return link;
    };
    const local = call("127.0.0.1");
    const [first, second, third] = [call("192.0.2.1"), call("192.0.2.2"), call("192.0.2.3")];
    clock.pass(599_000);
    ask(first, "version");
    t.match(call("192.0.2.4").received, /Too many/);
    clock.pass(1000);
    const fourth = call("192.0.2.4");
    t.same(
      [first, second, third, fourth, local].map(link => link.closed),
      [false, true, false, false, false],
    );
    t.match(call("127.0.0.2").received, GREETING);
    t.ok(local.closed, "a peer of the machine itself takes any");
  },
);

t.test("a fifth peer that is gone already does no harm", async t => {
  const { server, connect } = createFakeControl();
  for (let at = 0; at < 4; at++) connect();
  const fifth = createFakeLink();
  fifth.breakWith("write", "pipe");
  server.accept(fifth);
  t.equal(fifth.closed, true);
});

t.test("a peer that is gone before the greeting takes no session", async t => {
  const { server, connect } = createFakeControl();
  const link = createFakeLink();
  link.breakWith("write", "pipe");
  server.accept(link);
  t.equal(link.closed, true);
  for (let at = 0; at < 4; at++) connect(); // throws where it is not greeted
});

t.test("sessions do not see each other's lines", async t => {
  const { connect } = createFakeControl();
  const [one, two] = [connect(), connect()];
  one.send("vers");
  two.send("help");
  one.send("ion\r");
  t.equal(one.take(), "version\r\nser2net version 3.5.4\r\n-> ");
  t.equal(two.take(), "help");
});

t.test("close ends all sessions and their monitors, and may be called again", async t => {
  const port = createFakeManagedPort();
  const { server, connect } = createFakeControl([port]);
  const links = [connect(), connect()];
  for (const link of links) ask(link, "monitor tcp 7000");
  server.close();
  server.close();
  t.same(
    links.map(link => link.closed),
    [true, true],
  );
  for (let at = 0; at < 4; at++) connect(); // throws where it is not greeted
  t.equal(port.monitored, null);
  for (const link of links) t.equal(link.take(), "");
});
