import t from "tap";
import { World } from "../support/fake-environment.js";

t.test("a free port takes its new definition at once and keeps its socket", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:9600");
  const listener = world.listener("7000");
  port.reconfigure(world.config("7000:telnet:7:/dev/ttyB:2400 max-connections=2"), null);
  t.equal(world.listener("7000"), listener);
  t.notOk(listener.closed);
  t.match(port.status(), {
    state: "telnet",
    timeoutSeconds: 7,
    devicePath: "/dev/ttyB",
    line: { speed: 2400 },
    pending: "none",
  });
  t.equal(port.status().slots.length, 2);
  const link = await world.call("7000");
  t.ok(link.received.startsWith("\xff\xfb\x03"));
  t.equal(world.device.path, "/dev/ttyB");
});

t.test("off and on by a new definition", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:9600");
  port.reconfigure(world.config("7000:off:0:/dev/ttyA:9600"), null);
  t.ok(world.listener("7000").closed);
  t.equal(port.status().phase, "disabled");
  port.reconfigure(world.config("7000:raw:0:/dev/ttyA:9600"), null);
  t.notOk(world.listener("7000").closed);
});

t.test("a port in use serves on under the old one, then takes the last of the new ones", async t => {
  const world = new World();
  const port = world.port("CLOSESTR:c:old", "7000:raw:0:/dev/ttyA:9600 c");
  const link = await world.call("7000");
  const old = world.device;
  port.setTimeoutSeconds(77);
  port.reconfigure(world.config("7000:raw:1:/dev/ttyB:2400"), null);
  port.reconfigure(world.config("CLOSESTR:c:new", "7000:telnet:2:/dev/ttyC:4800 c"), null);
  t.match(port.status(), { pending: "reconfigure", timeoutSeconds: 77, devicePath: "/dev/ttyA", state: "raw" });
  t.equal((await world.call("7000")).received, "Port already in use\r\n");
  link.send("x");
  await world.pass(20);
  link.finish();
  await world.settle();
  t.equal(old.written, "xold");
  t.match(port.status(), { pending: "none", timeoutSeconds: 2, devicePath: "/dev/ttyC", state: "telnet" });
  await world.call("7000");
  t.equal(world.device.path, "/dev/ttyC");
});

t.test("a peer that waits by kickolduser is served by the new definition", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:9600 kickolduser");
  await world.call("7000");
  port.reconfigure(world.config("7000:raw:0:/dev/ttyB:9600"), null);
  const kicker = await world.call("7000");
  t.notOk(kicker.closed);
  t.equal(world.device.path, "/dev/ttyB");
});

t.test("with a reason every peer is disconnected at once", async t => {
  const world = new World();
  const trace = "TRACEFILE:all:/tmp/x";
  const port = world.port(trace, "udp,7000:raw:0:/dev/ttyA:9600 tb=all");
  const link = await world.call("udp,7000", "x");
  port.reconfigure(world.config("udp,7000:raw:9:/dev/ttyA:9600"), "UDP reconfig");
  await world.settle();
  t.ok(link.closed);
  t.ok(world.traced.includes("closedPort UDP reconfig"));
  t.match(port.status(), { timeoutSeconds: 9, pending: "none", phase: "idle" });
  await world.call("udp,7000", "y");
  t.equal(world.device.written, "y");
});

t.test("a new definition that cannot be opened is logged, the port is off", async t => {
  const world = new World();
  const port = world.port("7000:off:0:/dev/ttyA:9600");
  world.listenFault = new Error("Address already in use");
  port.reconfigure(world.config("7000:raw:0:/dev/ttyA:9600"), null);
  t.same(world.logged, ["error Unable to create network socket for port 7000: Address already in use"]);
  t.equal(port.status().state, "off");
});

t.test("a free port is removed at once", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:9600");
  port.removeWhenFree(null);
  t.ok(world.listener("7000").closed);
  t.same(world.removed, ["7000"]);
  t.equal(world.ports.find("7000"), null);
});

t.test("a port in use takes no new peer, and is removed when the last one has gone", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:9600 max-connections=2");
  const [one, two] = [await world.call("7000"), await world.call("7000")];
  port.removeWhenFree(null);
  t.ok(world.listener("7000").closed);
  t.match(port.status(), { pending: "delete", state: "off", phase: "open" });
  one.send("1");
  await world.pass(20);
  t.equal(world.device.written, "1");
  one.finish();
  await world.settle();
  t.same(world.removed, []);
  two.finish();
  await world.settle();
  t.same(world.removed, ["7000"]);
});

t.test("with a reason a port in use is removed at once", async t => {
  const world = new World();
  const port = world.port("udp,7000:raw:0:/dev/ttyA:9600");
  const link = await world.call("udp,7000", "x");
  port.removeWhenFree("UDP delete");
  await world.settle();
  t.ok(link.closed);
  t.same(world.removed, ["udp,7000"]);
});

t.test("a port to be removed that is in the next file again stays off until it is free", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:9600");
  const link = await world.call("7000");
  port.removeWhenFree(null);
  port.reconfigure(world.config("7000:raw:0:/dev/ttyB:9600"), null);
  t.match(port.status(), { pending: "reconfigure", state: "off" });
  t.ok(world.listener("7000").closed);
  link.finish();
  await world.settle();
  t.same(world.removed, []);
  t.match(port.status(), { pending: "none", state: "raw", devicePath: "/dev/ttyB" });
  t.notOk(world.listener("7000").closed);
});

t.test("a kicker in the lobby of a port that goes away is let go", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:9600 kickolduser");
  await world.call("7000");
  world.device.stuck = true;
  const kicker = await world.call("7000");
  port.removeWhenFree(null);
  await world.pass(4000);
  t.ok(kicker.closed);
  t.same(world.removed, ["7000"]);
  t.equal(world.devices.length, 1);
});

t.test("a fixed UDP peer that a new definition brings has its connection at once", async t => {
  const world = new World();
  const port = world.port("udp,7000:raw:0:/dev/ttyA:9600");
  port.reconfigure(world.config("udp,7000:raw:0:/dev/ttyA:9600 remaddr=udp,192.0.2.1,5000 -chardelay"), null);
  await world.settle();
  const [peer] = world.listener("udp,7000").connected;
  t.match(peer?.peer, { address: "192.0.2.1", port: 5000 });
  world.device.send("unasked");
  await world.settle();
  t.equal(peer?.received, "unasked");
});
