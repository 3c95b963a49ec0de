import t from "tap";
import { World } from "../support/fake-environment.js";

const CLOSEON = "CLOSEON:end:END\\n";

t.test("the bytes up to the text are sent, and every peer is disconnected", async t => {
  const world = new World();
  const port = world.port(CLOSEON, "7000:raw:0:/dev/ttyA:9600 end max-connections=2");
  const links = [await world.call("7000"), await world.call("7000")];
  const seen: string[] = [];
  port.monitor(
    "term",
    bytes => seen.push(Buffer.from(bytes).toString("latin1")),
    () => {},
  );
  world.device.send("hello E");
  await world.pass(20);
  world.device.send("ND\nafter");
  await world.pass(20);
  for (const link of links) {
    t.equal(link.received, "hello END\n");
    t.ok(link.closed);
  }
  t.same(seen, ["hello E", "ND\nafter"], "the monitor has it all");
  t.equal(port.status().phase, "idle");
});

t.test("a peer that is behind gets all of it before it goes", async t => {
  const world = new World();
  const trace = "TRACEFILE:all:/tmp/x";
  const port = world.port(trace, CLOSEON, "7000:raw:0:/dev/ttyA:9600 end max-connections=2 tb=all");
  const [slow, fast] = [await world.call("7000"), await world.call("7000")];
  slow.room = 3;
  world.device.send("hello END\nafter");
  await world.pass(20);
  t.equal(fast.received, "hello END\n");
  t.ok(fast.closed);
  t.notOk(slow.closed);
  slow.room = 100;
  await world.pass(20);
  t.equal(slow.received, "hello END\n");
  t.ok(slow.closed);
  t.same(
    world.traced.filter(line => line.startsWith("closed")),
    [
      "closedConnection closeon sequence found",
      "closedConnection closeon sequence found",
      "closedPort All network connections free",
    ],
  );
  t.equal(port.status().phase, "idle");
});

t.test("a suspended peer gets it when it asks for more", async t => {
  const world = new World();
  world.port(CLOSEON, "7000:telnet:0:/dev/ttyA:9600 end remctl -chardelay");
  const link = await world.call("7000", "\xff\xfb\x2c");
  link.take();
  link.room = 0;
  world.device.send("hello END\n");
  await world.settle();
  link.send("\xff\xfa\x2c\x08\xff\xf0");
  await world.pass(20);
  link.room = 100;
  await world.settle();
  t.equal(link.take(), "hello END\n");
  t.ok(link.closed);
});

t.test("half a text does not outlive a connection (BUG-14)", async t => {
  const world = new World();
  world.port(CLOSEON, "7000:raw:0:/dev/ttyA:9600 end -chardelay");
  const first = await world.call("7000");
  world.device.send("xEN");
  await world.settle();
  first.finish();
  await world.settle();
  const second = await world.call("7000");
  world.device.send("D\n");
  await world.settle();
  t.equal(second.received, "D\n");
  t.notOk(second.closed);
});

t.test("the text is looked for in device bytes, before IAC is doubled", async t => {
  const world = new World();
  world.port("CLOSEON:end:\\xff\\xff", "7000:telnet:0:/dev/ttyA:9600 end -chardelay");
  const link = await world.call("7000");
  link.take();
  world.device.send("\xff-\xff\xffafter");
  await world.settle();
  t.equal(link.take(), "\xff\xff-\xff\xff\xff\xff");
  t.ok(link.closed);
});

t.test("with a chardelay what has gathered is sent at once", async t => {
  const world = new World();
  world.port(CLOSEON, "7000:raw:0:/dev/ttyA:9600 end chardelay-min=90000 chardelay-max=90000");
  const link = await world.call("7000");
  world.device.send("hello ");
  await world.settle();
  t.equal(link.received, "");
  world.device.send("END\nafter");
  await world.settle();
  t.equal(link.received, "hello END\n");
  t.ok(link.closed);
});
