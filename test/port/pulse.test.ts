import t from "tap";
import { World } from "../support/fake-environment.js";

/** A port in use whose pulse `twice` has begun: DTR=0 10ms DTR=1 10ms DTR=0. */
async function playing() {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:9600");
  const link = await world.call("7000");
  const { line } = world.device;
  if (line === null) throw new Error("no line");
  t.equal(port.pulse("twice"), null);
  const driven = (): string[] => line.calls.splice(0).filter(call => call.startsWith("drive"));
  t.same(driven(), ['drive {"dtr":false}'], "its first step at once");
  return { world, port, link, driven };
}

t.test("the steps follow, one pulse at a time", async t => {
  const { world, port, driven } = await playing();
  await world.pass(10);
  t.same(driven(), ['drive {"dtr":true}']);
  t.equal(port.pulse("twice"), "Another pulse is being played");
  await world.pass(10);
  t.same(driven(), ['drive {"dtr":false}']);
  t.equal(port.pulse("twice"), null);
});

t.test("before the process ends with the device open, the lines get their last states", async t => {
  const { world, port, driven } = await playing();
  port.endPulses();
  t.same(driven(), ['drive {"dtr":false}']);
  await world.pass(100);
  t.same(driven(), [], "and nothing after that");
});

t.test("a port that closes leaves the last states; a lost device is not driven", async t => {
  const closed = await playing();
  await closed.world.pass(10);
  closed.driven();
  closed.link.finish();
  await closed.world.settle();
  t.same(closed.driven(), ['drive {"dtr":false}']);
  const lost = await playing();
  lost.world.device.hangUp();
  await lost.world.pass(100);
  t.same(lost.driven(), []);
  t.same(lost.world.logged, ["notice The device of port 7000 hung up"], "and no fault is logged");
});

t.test("a device that is lost while a step is driven ends the port, once", async t => {
  const { world, driven } = await playing();
  world.device.breakWith("line");
  await world.pass(100);
  t.same(driven(), []);
  t.same(world.logged, ["error The dev write for port 7000 had error: lost here"]);
});

t.test("closed, unknown, no lines", async t => {
  const world = new World();
  const port = world.port("7000:rawlp:0:/dev/ttyA:9600");
  t.equal(port.pulse("twice"), "Port is not currently connected: 7000");
  await world.call("7000");
  t.equal(port.pulse("twice"), "Port has no modem lines: 7000");
  const other = world.port("7001:raw:0:/dev/ttyB:9600");
  await world.call("7001");
  t.match(other.pulse("nosuch"), /^Unknown pulse: nosuch; known are .*esp-reset.*twice$/);
});
