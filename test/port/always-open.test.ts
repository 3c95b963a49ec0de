/** Ports whose device is open whether there is a connection or not. */
import t from "tap";
import { DeviceError } from "../../service/device/device.js";
import { suboption, WILL } from "../support/agreed-peer.js";
import { World } from "../support/fake-environment.js";

const PATH = "/dev/ttyA";
const LINE = `7000:raw:0:${PATH}:9600 always-open`;

t.test(
  "the device is open from the start, gets the open string, and its output goes on without a connection",
  async t => {
    const world = new World();
    const port = world.port("OPENSTR:o:wake ", "CLOSESTR:c:sleep", "TRACEFILE:t:/t", `${LINE} dtr=off o c tb=t`);
    t.equal(world.devices.length, 0, "sockets first");
    await world.pass(1);
    t.equal(world.device.written, "wake ");
    t.match(port.status(), { phase: "open", control: { dtr: false } });
    t.equal(port.condition, "idle");
    world.device.send("early");
    await world.pass(20);
    t.equal(port.status().bytesFromDevice, 5);
    t.ok(world.traced.includes("deviceToNet early"));
    const link = await world.call("7000");
    link.send("x");
    world.device.send("live");
    await world.pass(20);
    t.equal(link.received, "live");
    t.equal(port.condition, "connected");
    link.finish();
    await world.settle();
    t.equal(world.devices.length, 1);
    t.equal(world.device.written, "wake x");
    t.notOk(world.device.closed, "it stays open when the last peer goes");
    await port.shutdown();
    t.equal(world.device.written, "wake xsleep");
  },
);

t.test("line settings and a break of a peer end with the last one", async t => {
  const world = new World();
  world.port(`7000:telnet:0:${PATH}:9600 always-open remctl max-connections=2`);
  await world.pass(1);
  const [link, other] = [await world.call("7000", WILL), await world.call("7000")];
  link.send(`${suboption([1, 0, 7, 8, 0])}${suboption([5, 5])}`);
  await world.settle();
  t.same(world.device.line?.calls, ["set 460800 N81", "break on"]);
  link.finish();
  await world.settle();
  t.same(world.device.line?.calls.slice(2), ["break off"], "the other one goes on with the speed");
  other.finish();
  await world.settle();
  t.same(world.device.line?.calls.slice(3), ["set 9600 N81"]);
  const last = await world.call("7000");
  last.finish();
  await world.settle();
  t.equal(world.device.line?.calls.length, 4, "nothing was changed");
});

t.test("a device that goes is opened again when it comes back, with the open string", async t => {
  const world = new World();
  const port = world.port("OPENSTR:o:wake ", `${LINE} o`);
  await world.pass(1);
  const link = await world.call("7000");
  world.device.hangUp();
  await world.unplug(PATH);
  t.ok(link.closed);
  t.equal(port.condition, "waiting for device");
  await world.pass(3000);
  t.equal(world.devices.length, 1);
  await world.plug(PATH);
  await world.pass(1);
  t.equal(world.devices.length, 2);
  t.equal(world.device.written, "wake ");
  t.equal(port.status().phase, "open");
  world.device.hangUp();
  await world.settle();
  await world.pass(990);
  t.equal(world.devices.length, 2, "while its node stays, it is tried once a second");
  await world.pass(20);
  t.equal(world.devices.length, 3);
});

t.test("a device that hangs up at once is opened after longer and longer pauses, and logged once", async t => {
  const world = new World();
  const port = world.port("OPENSTR:o:wake ", `${LINE} o`);
  await world.pass(1);
  const lost = "notice The device of port 7000 hung up";
  let opened = 1;
  for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
    world.device.hangUp();
    await world.settle();
    await world.pass(seconds * 1000 - 10);
    t.equal(world.devices.length, opened, `not before ${seconds} s`);
    await world.pass(20);
    t.equal(world.devices.length, ++opened, `after ${seconds} s`);
  }
  t.same(
    world.logged.filter(text => text === lost),
    [lost],
  );
  await world.pass(10_000);
  world.device.hangUp();
  await world.settle();
  await world.pass(1010);
  t.equal(world.devices.length, ++opened, "one that stayed open is opened soon again");
  t.equal(world.logged.filter(text => text === lost).length, 2);
  t.equal(port.status().phase, "open");
});

t.test("a device that cannot be opened is tried once a second and logged once; a peer is told each time", async t => {
  const world = new World();
  world.open = config => {
    throw new DeviceError("open-failed", config.device.path, "Permission denied");
  };
  const port = world.port(LINE);
  await world.pass(2500);
  const error = `error Could not open device ${PATH} for port 7000: Permission denied`;
  t.same(world.logged, [error]);
  t.equal((await world.call("7000")).received, "Device open failure: Permission denied\r\n");
  t.same(world.logged, [error, error]);
  world.open = config => world.makeDevice(config);
  await world.pass(1001);
  t.match(port.status(), { phase: "open", lastError: null });
});

t.test("another port that has the device keeps it, and gets none that is always open", async t => {
  const world = new World();
  world.port(`7001:raw:0:${PATH}:9600`);
  const other = await world.call("7001");
  const port = world.port(LINE);
  await world.pass(1500);
  t.equal(port.status().phase, "idle");
  other.finish();
  await world.settle();
  await world.pass(1001);
  t.equal(port.status().phase, "open");
  t.equal((await world.call("7001")).received, "Port's device already in use\r\n");
});

t.test("kickolduser, disconnect and the time limit end connections, not the device", async t => {
  const world = new World();
  const port = world.port(`7000:raw:5:${PATH}:9600 always-open kickolduser`);
  await world.pass(1);
  t.notOk(port.disconnect(), "there is no connection");
  const [first, second] = [await world.call("7000"), await world.call("7000")];
  t.ok(first.closed);
  t.notOk(second.closed);
  t.ok(port.disconnect());
  t.ok(second.closed);
  const third = await world.call("7000");
  await world.pass(7000);
  t.ok(third.closed);
  t.equal(world.devices.length, 1);
  t.notOk(world.device.closed);
});

t.test(
  "switched off, removed or without the word, the device is closed; a reload that changes nothing leaves it",
  async t => {
    const world = new World();
    const port = world.port(LINE);
    await world.pass(1);
    port.reconfigure(world.config(LINE), null);
    await world.pass(5);
    t.equal(world.devices.length, 1);
    t.notOk(world.device.closed);
    port.reconfigure(world.config(LINE.replace("9600", "19200")), null);
    await world.settle();
    t.ok(world.devices[0]?.closed);
    await world.pass(1001);
    t.match(port.status(), { phase: "open", line: { speed: 19200 }, pending: "none" });
    port.setState("off");
    await world.settle();
    t.match(port.status(), { phase: "disabled" });
    port.setState("raw");
    await world.pass(1001);
    t.equal(port.status().phase, "open");
    t.equal(port.setConfig("-always-open"), null);
    await world.settle();
    t.equal(port.status().phase, "idle");
    port.setConfig("always-open");
    await world.pass(1);
    t.equal(port.status().phase, "open");
    port.removeWhenFree(null);
    await world.settle();
    t.same(world.removed, ["7000"]);
    t.ok(world.device.closed);
    await world.pass(2000);
    t.equal(world.devices.length, 4, "and not opened again");
  },
);

t.test("a changed definition waits for a connection, then counts", async t => {
  const world = new World();
  const port = world.port(LINE);
  await world.pass(1);
  const link = await world.call("7000");
  port.reconfigure(world.config(LINE), null);
  t.equal(port.status().pending, "none", "it is the same");
  port.reconfigure(world.config(LINE.replace("9600", "2400")), null);
  t.equal(port.status().pending, "reconfigure");
  link.finish();
  await world.settle();
  await world.pass(1001);
  t.match(port.status(), { phase: "open", line: { speed: 2400 } });
});

t.test("with hold= connections wait for the device, and without one it is waited for all the same", async t => {
  const world = new World();
  const port = world.port(`${LINE} hold=2`);
  await world.pass(1);
  world.device.hangUp();
  await world.unplug(PATH);
  await world.pass(3000);
  t.equal(port.condition, "waiting for device");
  await world.plug(PATH);
  await world.pass(1);
  t.equal(port.status().phase, "open");
});
