import t from "tap";
import { DeviceError } from "../../service/device/device.js";
import { World } from "../support/fake-environment.js";

const PEER = { address: "::ffff:192.0.2.7", port: 40112 };
const OTHER = { address: "192.0.2.9", port: 5555 };

t.test("a connect and a disconnect are a line each, with peer, device, reason, duration and bytes", async t => {
  const world = new World();
  world.port("7001:raw:0:/dev/ttyA:9600");
  const link = await world.call("7001", "hello", PEER);
  world.device.send("welcome back");
  await world.pass(2500);
  link.finish();
  await world.settle();
  t.same(texts(world), [
    "Port 7001 (Router): 192.0.2.7,40112 connected, device /dev/ttyA",
    "Port 7001 (Router): 192.0.2.7,40112 disconnected: network read close, after 3 s, 5 bytes in, 12 out",
  ]);
  const about = { port: "7001", label: "Router", device: "/dev/ttyA", peer: "192.0.2.7,40112", user: null };
  t.same(fields(world), [
    { event: "connect", ...about, reason: null },
    { event: "disconnect", ...about, reason: "network read close", duration: 3, bytesIn: 5, bytesOut: 12 },
  ]);
});

t.test("a refusal says why: busy, address, wrappers, drain, and a device that does not open", async t => {
  const world = new World();
  world.port("7000:raw:0:/dev/ttyA:9600 remaddr=192.0.2.7,0;192.0.2.9,0");
  await world.call("7000", "", PEER);
  await world.call("7000", "", OTHER);
  await world.call("7000", "", { address: "203.0.113.1", port: 1 });
  world.permitted = () => false;
  await world.call("7000", "", OTHER);
  world.permitted = () => true;
  world.isDraining = true;
  await world.call("7000", "", OTHER);
  world.isDraining = false;
  world.open = () => {
    throw new DeviceError("open-failed", "/dev/ttyB", "No such device");
  };
  world.port("7002:raw:0:/dev/ttyB:9600");
  await world.call("7002", "", OTHER);
  t.same(
    world.events.map(({ fields: { event, peer, reason } }) => `${event} ${peer} ${reason}`),
    [
      "connect 192.0.2.7,40112 null",
      "refuse 192.0.2.9,5555 Port already in use",
      "refuse 203.0.113.1,1 Access denied",
      "refuse 192.0.2.9,5555 Access denied",
      "refuse 192.0.2.9,5555 Port is draining: no new connections for now, try again later",
      "refuse 192.0.2.9,5555 Device open failure: No such device",
    ],
  );
  t.equal(texts(world)[1], "Port 7000: 192.0.2.9,5555 refused: Port already in use");
});

t.test("a kick is one line that says who came, and has what a disconnect has", async t => {
  const world = new World();
  world.port("7000:telnet:0:/dev/ttyA:9600 kickolduser");
  await world.call("7000", "x", PEER);
  await world.call("7000", "", OTHER);
  await world.pass(5);
  t.same(texts(world).slice(1), [
    "Port 7000: 192.0.2.7,40112 kicked off by 192.0.2.9,5555, after 0 s, 1 bytes in, 0 out",
    "Port 7000: 192.0.2.9,5555 connected, device /dev/ttyA",
  ]);
  t.match(fields(world)[1], { event: "kick", reason: "by 192.0.2.9,5555", bytesIn: 1, bytesOut: 0, duration: 0 });
});

t.test("all connections of a port that closes have its reason", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:9600 max-connections=2");
  await world.call("7000", "", PEER);
  await world.call("7000", "", OTHER);
  port.disconnect();
  await world.pass(5);
  t.same(
    world.events.slice(2).map(({ fields: { event, peer, reason } }) => `${event} ${peer} ${reason}`),
    ["disconnect 192.0.2.7,40112 disconnect", "disconnect 192.0.2.9,5555 disconnect"],
  );
});

t.test("the user is told where it is known", async t => {
  const world = new World();
  world.port("7000:raw:0:/dev/ttyA:9600");
  const link = Object.assign(world.link(PEER), { user: "alice" });
  world.listener("7000").call(link);
  await world.settle();
  t.match(texts(world), ["Port 7000: 192.0.2.7,40112 (alice) connected, device /dev/ttyA"]);
  t.match(fields(world), [{ user: "alice" }]);
});

t.test("a quiet daemon logs refusals and kicks only", async t => {
  const world = new World();
  Object.assign(world.environment, { quiet: true });
  world.port("7000:raw:0:/dev/ttyA:9600");
  world.port("7002:raw:0:/dev/ttyB:9600 kickolduser");
  const link = await world.call("7000", "", PEER);
  await world.call("7000", "", OTHER);
  link.finish();
  await world.call("7002", "", PEER);
  await world.call("7002", "", OTHER);
  await world.pass(5);
  t.same(
    world.events.map(({ fields: { event } }) => event),
    ["refuse", "kick"],
  );
});

function texts(world: World): string[] {
  return world.events.map(({ text }) => text);
}

function fields(world: World) {
  return world.events.map(one => one.fields);
}
