import t from "tap";
import { readLines } from "../config/read.js";
import { World } from "../support/fake-environment.js";

const TRACE = "TRACEFILE:all:/tmp/x";

t.test("the close string goes to the device when the last peer has gone, and only then", async t => {
  const world = new World();
  world.port("CLOSESTR:c:bye \\p", "7000:raw:0:/dev/ttyA:9600 c max-connections=2");
  const [one, two] = [await world.call("7000"), await world.call("7000")];
  one.finish();
  await world.settle();
  t.equal(world.device.written, "");
  two.finish();
  await world.settle();
  t.equal(world.device.written, "bye 7000");
  t.ok(world.device.closed);
});

t.test("a close string that was changed while a peer was connected counts at once", async t => {
  const world = new World();
  const lines = ["CLOSESTR:one:1", "CLOSESTR:two:2"];
  const port = world.port(...lines, "7000:raw:0:/dev/ttyA:9600 one");
  world.environment.optionContext = () => readLines(...lines).finalContext;
  const link = await world.call("7000");
  t.equal(port.setConfig("9600 two"), null);
  link.finish();
  await world.settle();
  t.equal(world.device.written, "2");
});

t.test("the device takes the close string as it can", async t => {
  const world = new World();
  world.port("CLOSESTR:c:goodbye", "7000:raw:0:/dev/ttyA:9600 c");
  const link = await world.call("7000");
  world.device.room = 3;
  link.finish();
  await world.settle();
  t.equal(world.device.written, "goo");
  t.notOk(world.device.closed);
  world.device.room = 1;
  await world.settle();
  world.device.room = 10;
  await world.settle();
  t.equal(world.device.written, "goodbye");
  t.ok(world.device.closed);
});

t.test("a device that takes nothing any more is given up after four seconds (BUG-9)", async t => {
  for (const step of ["taking the close string", "sending what it took"] as const) {
    const world = new World();
    const port = world.port("CLOSESTR:c:goodbye", "7000:raw:0:/dev/ttyA:9600 c");
    const link = await world.call("7000");
    if (step === "taking the close string") world.device.room = 0;
    else world.device.stuck = true;
    link.finish();
    await world.pass(3999);
    t.equal(port.status().phase, "closing", step);
    const waiting = await world.call("7000");
    await world.pass(2);
    t.equal(world.devices.length, 2, "the waiting peer is served then");
    t.notOk(waiting.closed);
  }
});

t.test("both share the four seconds", async t => {
  const world = new World();
  const port = world.port("CLOSESTR:c:bye", "7000:raw:0:/dev/ttyA:9600 c");
  const link = await world.call("7000");
  Object.assign(world.device, { room: 0, stuck: true });
  link.finish();
  await world.pass(3000);
  world.device.room = 100;
  await world.pass(1);
  t.equal(world.device.written, "bye");
  t.equal(world.device.closeLimitMs, 1000);
  await world.pass(1000);
  t.equal(port.status().phase, "idle");
});

t.test("what a peer sent before its FIN reaches a blocked device, then the port closes", async t => {
  const world = new World();
  const port = world.port("CLOSESTR:c:.", "7000:raw:0:/dev/ttyA:9600 c");
  const link = await world.call("7000");
  world.device.room = 0;
  const text = "0123456789".repeat(5000);
  link.send(text);
  link.finish();
  await world.pass(100);
  t.equal(port.status().toDevice, "waiting output");
  for (let taken = 0; taken < text.length - 1000; taken += 1000) {
    world.device.room = 1000;
    await world.pass(20);
  }
  t.notOk(link.closed);
  world.device.room = 1001;
  await world.pass(20);
  t.equal(world.device.written, `${text}.`);
  t.ok(world.device.closed);
});

t.test("what the device has not taken when the port is shut gives way to the close string", async t => {
  const world = new World();
  const port = world.port("CLOSESTR:c:bye", "7000:raw:0:/dev/ttyA:9600 c");
  const link = await world.call("7000");
  world.device.room = 4;
  link.send("1234567");
  await world.settle();
  port.disconnect();
  await world.settle();
  t.ok(link.closed, "peers go at once");
  world.device.room = 100;
  await world.settle();
  t.equal(world.device.written, "1234bye");
});

t.test("disconnect: without a connection, with one, again while it closes", async t => {
  const world = new World();
  const port = world.port(TRACE, "7000:raw:0:/dev/ttyA:9600 tb=all");
  t.notOk(port.disconnect());
  const link = await world.call("7000");
  world.device.stuck = true;
  t.ok(port.disconnect());
  await world.settle();
  t.equal(link.received, "", "no text");
  t.ok(link.closed);
  t.ok(port.disconnect());
  await world.pass(4000);
  t.same(
    world.traced.filter(line => line.startsWith("closedPort")),
    ["closedPort disconnect"],
  );
  t.notOk(port.disconnect());
});

t.test("showport's states while it closes", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:9600");
  const states = (): string => `${port.status().toDevice}, ${port.status().toNet}`;
  t.equal(states(), "unconnected, unconnected");
  await world.call("7000");
  t.equal(states(), "waiting input, waiting input");
  world.device.stuck = true;
  port.disconnect();
  await world.settle();
  t.equal(states(), "waiting output, closing");
  await world.pass(4000);
  t.equal(states(), "unconnected, unconnected");
});

t.test("at the end of the program everything goes, and the device has its time", async t => {
  const world = new World();
  const port = world.port(TRACE, "CLOSESTR:c:bye", "7000:raw:0:/dev/ttyA:9600 tb=all c");
  const link = await world.call("7000");
  world.device.stuck = true;
  let done = false;
  void port.shutdown().then(() => (done = true));
  await world.settle();
  t.ok(link.closed);
  t.ok(world.listener("7000").closed);
  t.equal(world.device.written, "bye");
  t.ok(world.traced.includes("closedPort program shutdown"));
  await world.pass(3999);
  t.notOk(done);
  await world.pass(1);
  t.ok(done);
  t.equal(port.status().phase, "disabled");
});

t.test("the end of the program while a port is closing anyway, idle, or off", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:9600 kickolduser");
  const [idle, off] = [world.port("7001:raw:0:/dev/ttyB:9600"), world.port("7002:off:0:/dev/ttyC:9600")];
  await world.call("7000");
  world.device.stuck = true;
  const kicker = await world.call("7000");
  let done = false;
  void Promise.all([port, idle, off].map(each => each.shutdown())).then(() => (done = true));
  await world.pass(3999);
  t.notOk(done);
  await world.pass(1);
  t.ok(done);
  t.ok(kicker.closed);
  t.equal(world.devices.length, 1, "no peer is admitted any more");
  t.equal(world.time.waiting, 0, "and no timer is left");
});

t.test("traces: when they are opened and closed", async t => {
  const world = new World();
  world.port(TRACE, "7000:telnet:0:/dev/ttyA:9600 tb=all max-connections=2 -chardelay");
  const one = await world.call("7000", "", { address: "192.0.2.1" });
  const two = await world.call("7000", "", { address: "192.0.2.2" });
  one.send("a\xff\xff\xff\xf1b");
  await world.pass(5);
  world.device.send("x\xff");
  await world.pass(5);
  one.finish();
  await world.settle();
  two.finish();
  await world.settle();
  t.same(world.traced, [
    "opened 192.0.2.1",
    "opened 192.0.2.2",
    "netToDevice a\xff",
    "netToDevice b",
    "deviceToNet x\xff",
    "closedConnection network read close",
    "closedConnection network read close",
    "closedPort All network connections free",
    "close",
  ]);
});

t.test("LEDs flash for each direction and are let go", async t => {
  const world = new World();
  world.port(
    "LED:rx:sysfs:device=a duration=10 state=1",
    "LED:tx:sysfs:device=b duration=10 state=1",
    "7000:raw:0:/dev/ttyA:9600 led-rx=rx led-tx=tx -chardelay",
  );
  const link = await world.call("7000", "to");
  world.device.send("from");
  await world.settle();
  link.finish();
  await world.settle();
  t.same(world.traced, ["flash tx", "flash rx", "close rx", "close tx"]);
});
