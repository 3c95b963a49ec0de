/** When a held device is opened again, and which port may use it meanwhile. */
import t from "tap";
import { DeviceError } from "../../service/device/device.js";
import { hold, PATH } from "../support/held-port.js";

t.test("a node that is there but does not open is tried again each second", async t => {
  const { world, link, unplug } = await hold();
  await unplug();
  const tries: number[] = [];
  world.open = config => {
    tries.push(world.time.nowMs());
    if (tries.length < 3) throw new DeviceError("locked", PATH, "Device is locked");
    return world.makeDevice(config);
  };
  await world.pass(500);
  t.same(tries, [], "not before it is there");
  await world.plug(PATH);
  await world.pass(2100);
  t.same(
    tries.map(ms => ms - (tries[0] ?? 0)),
    [0, 1000, 2000],
  );
  link.send("x");
  await world.settle();
  t.equal(world.device.written, "x");
  t.equal(world.logged.length, 3);
  t.match(world.logged[1], `Device ${PATH} of port 7000 is not back yet: Device is locked`, "told once");
});

t.test("a device that must not be tried each second is tried when it may be", async t => {
  const { world, port } = await hold("hold=100");
  world.device.hangUp();
  await world.settle();
  let tries = 0;
  world.open = () => {
    tries++;
    throw new DeviceError("open-failed", PATH, "wrong password", { retryAfterMs: 30_000 });
  };
  await world.pass(1100);
  t.equal(tries, 1);
  await world.pass(29_000);
  t.equal(tries, 1, "not yet");
  await world.pass(2000);
  t.equal(tries, 2);
  t.equal(port.status().phase, "opening");
});

t.test(
  "a device that is lost again and again soon after it was opened is opened after longer and longer pauses",
  async t => {
    const { world, port, link } = await hold("hold=3600");
    const opens: number[] = [];
    world.open = config => {
      opens.push(world.time.nowMs());
      return world.makeDevice(config);
    };
    await world.pass(10_000);
    await opensAtOnce([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    await world.pass(10_000);
    await opensAtOnce([1000, 2000]);
    t.notOk(link.closed);
    t.equal(port.status().phase, "open");

    /** It is lost at each opening. */
    async function opensAtOnce(pausesMs: readonly number[]): Promise<void> {
      for (const pauseMs of pausesMs) {
        const [lostMs, count] = [world.time.nowMs(), opens.length];
        world.device.hangUp();
        await world.settle();
        await world.pass(pauseMs - 1);
        t.equal(opens.length, count, `not before ${pauseMs} ms`);
        await world.pass(1);
        t.equal((opens.at(-1) ?? 0) - lostMs, pauseMs);
      }
    }
  },
);

t.test("the pause is at most half the time for which a device is waited for", async t => {
  const { world, link } = await hold("hold=6");
  for (const pauseMs of [1000, 2000, 3000, 3000]) {
    const count = world.devices.length;
    world.device.hangUp();
    await world.settle();
    await world.pass(pauseMs - 1);
    t.equal(world.devices.length, count);
    await world.pass(1);
    t.equal(world.devices.length, count + 1);
  }
  t.notOk(link.closed);
});

t.test("a change of the node's permissions is a reason to try at once", async t => {
  const { world, unplug } = await hold();
  await unplug();
  let mine = false;
  world.open = config => {
    if (!mine) throw new DeviceError("open-failed", PATH, "Permission denied");
    return world.makeDevice(config);
  };
  await world.plug(PATH);
  mine = true;
  await world.nodeChanged(PATH);
  t.equal(world.devices.length, 2);
});

t.test("why the device went is told until it is back, also where its node changes in vain", async t => {
  const { world, port, unplug } = await hold();
  await unplug();
  const { lastError } = port.status();
  t.equal(lastError, "the device was closed");
  world.open = () => {
    throw new DeviceError("open-failed", PATH, "Permission denied");
  };
  await world.plug(PATH);
  await world.nodeChanged(PATH);
  t.match(port.status(), { phase: "opening", lastError });
  world.open = config => world.makeDevice(config);
  await world.nodeChanged(PATH);
  t.match(port.status(), { phase: "open", lastError: null });
});

t.test("a device that another port took meanwhile is waited for, by new peers too", async t => {
  const { world, link, unplug } = await hold("max-connections=2");
  world.port("7001:raw:0:/dev/ttyB:9600");
  await unplug();
  const other = await world.call("7001");
  world.identities.set(PATH, "/dev/ttyB");
  await world.plug(PATH);
  t.equal(world.devices.length, 2, "it is the other port's");
  const joined = await world.call("7000", "from it");
  t.notOk(joined.closed);
  t.equal(joined.received, "");
  other.finish();
  await world.pass(1000);
  t.equal(world.devices.length, 3);
  t.notOk(link.closed);
  t.equal(world.device.written, "from it");
});

t.test("a port that waits keeps other ports off its device", async t => {
  const { world, unplug } = await hold();
  world.port(`7001:raw:0:${PATH}:9600`);
  await unplug();
  const other = await world.call("7001");
  t.equal(other.take(), "Port's device already in use\r\n");
});

t.test("a device that takes time to open, and is open when every peer has left, is closed", async t => {
  const { world, port, link, unplug } = await hold();
  let open = () => {};
  const opening = new Promise<void>(resolve => {
    open = resolve;
  });
  await unplug();
  world.open = config => opening.then(() => world.makeDevice(config));
  await world.plug(PATH);
  t.equal(port.condition, "opening");
  link.finish();
  await world.settle();
  t.equal(port.status().phase, "idle");
  open();
  await world.settle();
  t.ok(world.device.closed, "too late: no connection is left");
});

t.test("each loss has the whole time", async t => {
  const { world, link, unplug } = await hold();
  for (const _ of [1, 2, 3]) {
    await unplug();
    await world.pass(2500);
    await world.plug(PATH);
  }
  t.notOk(link.closed);
  t.equal(world.logged.length, 6);
});

t.test(
  "a device that is lost before it is used counts as one that is lost soon; its node is a reason to try",
  async t => {
    const { world } = await hold("hold=3600");
    world.device.hangUp();
    world.open = config => {
      const device = world.makeDevice(config);
      device.hangUp();
      return device;
    };
    await world.pass(33_000);
    t.equal(world.devices.length, 6, "after 1, 2, 4, 8 and 16 s");
    await world.unplug(PATH);
    await world.plug(PATH);
    t.equal(world.devices.length, 7);
  },
);
