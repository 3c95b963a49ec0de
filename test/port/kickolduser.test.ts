/** The option kickolduser. */
import t from "tap";
import { World } from "../support/fake-environment.js";

const OPENING = "\xff\xfb\x03\xff\xfb\x01\xff\xfe\x01\xff\xfd\x00\xff\xfb\x00";

t.test("kickolduser: the only user makes room", async t => {
  for (const [state, told] of [
    ["raw", ""],
    ["telnet", `${OPENING}kicked off, new user is coming\r\n`],
  ] as const) {
    const world = new World();
    world.port("OPENSTR:hi:OPEN", "CLOSESTR:bye:CLOSE", `7000:${state}:0:/dev/ttyA:9600 kickolduser hi bye`);
    const old = await world.call("7000");
    const next = await world.call("7000", "typed");
    t.equal(old.received, told, `${state}: what the old user sees`);
    t.ok(old.closed);
    t.notOk(next.closed);
    const [first, second] = world.devices;
    t.equal(first?.written, "OPENCLOSE", "the device is closed for the old one");
    t.ok(first?.closed);
    t.equal(second?.written, "OPENtyped", "and opened anew for the new one");
  }
});

t.test("kickolduser: one of several makes room, the device stays open", async t => {
  const world = new World();
  world.port("7000:raw:0:/dev/ttyA:9600 kickolduser max-connections=2");
  const [one, two] = [await world.call("7000"), await world.call("7000")];
  const three = await world.call("7000");
  t.same([one.closed, two.closed, three.closed], [true, false, false]);
  t.equal(world.devices.length, 1);
  await world.call("7000");
  t.ok(three.closed, "the connection in the lowest slot is the one to go");
});

t.test("the new peer waits while the device is being closed", async t => {
  const world = new World();
  world.port("7000:raw:0:/dev/ttyA:9600 kickolduser");
  await world.call("7000");
  world.device.stuck = true;
  const next = await world.call("7000");
  const third = await world.call("7000");
  await world.pass(3999);
  t.equal(world.devices.length, 1);
  t.equal(third.closed, false, "others wait in the backlog");
  await world.pass(1);
  t.equal(world.devices.length, 3);
  t.same([next.closed, third.closed], [true, false], "and then kick in their turn");
});

t.test("the old peer is gone already when it is kicked off", async t => {
  const world = new World();
  world.port("7000:telnet:0:/dev/ttyA:9600 kickolduser");
  const old = await world.call("7000");
  old.breakWith("write", "pipe");
  const next = await world.call("7000");
  t.ok(old.closed);
  t.equal(next.received, OPENING);
});
