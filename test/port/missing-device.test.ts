/** A device that is not there is a state of its port, not an error. */
import t from "tap";
import { DeviceError } from "../../service/device/device.js";
import { portCondition } from "../../service/port/status.js";
import { World } from "../support/fake-environment.js";

const PATH = "/dev/ttyA";

/** Whose device is not plugged in. */
async function without(path = PATH) {
  const world = new World();
  await world.unplug(path);
  world.open = config => {
    if (config.device.path === path && !world.environment.nodeWatcher.isPresent(path)) {
      throw new DeviceError("open-failed", path, "No such file or directory");
    }
    return world.makeDevice(config);
  };
  return world;
}

t.test("the words for how a port is", async t => {
  const words = (["disabled", "idle", "opening", "open", "closing"] as const).map(phase => [
    portCondition({ phase, devicePresent: true, slots: [{}], listenError: null }),
    portCondition({ phase, devicePresent: false, slots: [{}], listenError: null }),
  ]);
  t.same(words, [
    ["disabled", "disabled"],
    ["idle", "waiting for device"],
    ["opening", "waiting for device"],
    ["connected", "connected"],
    ["closing", "closing"],
  ]);
});

t.test("the port listens, tells peers why, and serves when the device appears", async t => {
  const world = await without();
  const port = world.port(`7000:raw:0:${PATH}:9600`);
  t.same(world.logged, [], "that it is missing is no error");
  t.match(port.status(), { phase: "idle", devicePresent: false, lastError: null });
  const early = await world.call("7000");
  t.equal(early.take(), "Device open failure: No such file or directory\r\n");
  t.ok(early.closed);
  t.match(port.status().lastError, "No such file or directory");
  const changes = world.changes;
  await world.plug(PATH);
  t.ok(world.changes > changes, "the change is reported");
  t.match(port.status(), { phase: "idle", devicePresent: true, lastError: null });
  await world.call("7000", "x");
  t.equal(world.device.written, "x");
  await world.unplug(PATH);
  t.match(port.status(), { phase: "open", devicePresent: false });
});

t.test("an error that is not about a missing device stays until there is news of the device", async t => {
  const world = new World();
  const port = world.port(`7000:raw:0:${PATH}:9600`);
  world.open = () => {
    throw new DeviceError("open-failed", PATH, "Permission denied");
  };
  await world.call("7000");
  t.match(port.status().lastError, "Permission denied");
  await world.nodeChanged(PATH);
  t.equal(port.status().lastError, null, "its owner has changed, perhaps");
});

t.test("what was wrong with a device says nothing about another one", async t => {
  const world = await without();
  const port = world.port(`7000:raw:0:${PATH}:9600`);
  await world.call("7000");
  port.reconfigure(world.config(`7000:raw:0:${PATH}:115200`), null);
  t.match(port.status().lastError, "No such file or directory", "it is still the same");
  port.reconfigure(world.config("7000:raw:0:/dev/ttyB:9600"), null);
  t.equal(port.status().lastError, null);
});

t.test("a fixed UDP peer is connected when the device appears, and nothing is tried before", async t => {
  const world = await without();
  world.port(`udp,7000:raw:0:${PATH}:9600 remaddr=udp,192.0.2.1,5000`);
  await world.pass(6000);
  t.equal(world.listener("udp,7000").connected.length, 0);
  t.same(world.logged, []);
  await world.plug(PATH);
  t.equal(world.listener("udp,7000").connected.length, 1);
  world.device.send("x");
  await world.pass(1);
  t.equal(world.listener("udp,7000").connected[0]?.take(), "x");
});

t.test("a fixed UDP peer whose device does not open, although it is there, is tried again each 5 seconds", async t => {
  const world = new World();
  let tries = 0;
  world.open = config => {
    if (++tries < 3) throw new DeviceError("locked", PATH, "Device is locked");
    return world.makeDevice(config);
  };
  world.port(`udp,7000:raw:0:${PATH}:9600 remaddr=udp,192.0.2.1,5000`);
  await world.pass(9999);
  t.equal(tries, 2);
  await world.pass(1);
  t.equal(world.devices.length, 1);
});

t.test("a device that goes while a peer lets its bytes wait is lost all the same", async t => {
  const world = new World();
  const port = world.port(`7000:raw:0:${PATH}:9600`);
  const link = await world.call("7000");
  link.room = 0;
  world.device.send("more than fits");
  await world.settle();
  await world.unplug(PATH);
  t.equal(port.status().phase, "open", "its name is gone, the line works");
  world.device.breakWith("line");
  await world.nodeChanged(PATH);
  t.equal(port.status().phase, "idle");
  t.ok(link.closed);
  t.match(port.status().lastError, "lost here");
});

t.test("a rotator passes over a port whose device is missing", async t => {
  const world = await without();
  const port = world.port(`7000:raw:0:${PATH}:9600`);
  t.notOk(port.takeFromRotator(world.link()));
  await world.plug(PATH);
  t.ok(port.takeFromRotator(world.link()));
});

t.test("a reload that names another device watches that one", async t => {
  const world = await without("/dev/ttyB");
  const port = world.port(`7000:raw:0:${PATH}:9600`);
  port.reconfigure(world.config("7000:raw:0:/dev/ttyB:9600"), null);
  t.notOk(port.status().devicePresent);
  const changes = world.changes;
  await world.unplug(PATH);
  t.equal(world.changes, changes, "the old one does not matter");
  await world.plug("/dev/ttyB");
  t.ok(world.changes > changes);
});

t.test("the device of a port that is gone or could not start is not watched", async t => {
  const world = new World();
  const removed = world.port(`7000:raw:0:${PATH}:9600`);
  const disconnectReason = world.port(`7001:raw:0:${PATH}:9600`);
  t.equal(world.watchers, 2);
  removed.removeWhenFree(null);
  await disconnectReason.shutdown();
  world.listenFault = new Error("Address already in use");
  t.throws(() => world.port(`7002:raw:0:${PATH}:9600`));
  t.equal(world.watchers, 0);
});
