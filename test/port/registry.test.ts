import t from "tap";
import { World } from "../support/fake-environment.js";

t.test("ports are found by their network port exactly as configured, in order", async t => {
  const world = new World();
  world.port("localhost,7003:raw:0:/dev/ttyA:9600");
  const other = world.port("7001:raw:0:/dev/ttyB:9600");
  t.equal(world.ports.find("7003"), null);
  t.equal(world.ports.find("7001"), other);
  t.same(
    world.ports.list().map(({ name }) => name),
    ["localhost,7003", "7001"],
  );
});

t.test("a port that was replaced under its name is not removed in its successor's place", async t => {
  const world = new World();
  const old = world.port("7001:raw:0:/dev/ttyA:9600");
  const young = world.port("7001:raw:0:/dev/ttyA:9600");
  world.ports.remove(old);
  t.equal(world.ports.find("7001"), young);
});

t.test("a device is in use from the first peer until it is closed, by whatever name", async t => {
  const world = new World();
  world.identities.set("/dev/alias", "/dev/ttyA");
  const port = world.port("7001:raw:0:/dev/alias:9600");
  const busy = (by: object = {}): boolean => world.ports.deviceInUse("/dev/ttyA", by);
  t.notOk(busy());
  await world.call("7001");
  t.ok(busy());
  t.notOk(busy(port), "not for the port itself");
  world.identities.delete("/dev/alias");
  t.ok(busy(), "the name may mean another device meanwhile");
  world.device.stuck = true;
  port.disconnect();
  await world.settle();
  t.ok(busy());
  await world.pass(4000);
  t.notOk(busy());
});
