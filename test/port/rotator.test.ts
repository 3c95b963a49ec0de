import t from "tap";
import { World } from "../support/fake-environment.js";
import { rotate } from "../support/fake-rotator.js";

/** Which ports have a connection. */
function inUse(world: World): string[] {
  return world.ports
    .list()
    .filter(port => !port.isFree)
    .map(port => port.name);
}

t.test("peers go round the list, then are told that no port is free", async t => {
  const world = new World();
  for (const name of ["7001", "7002", "7003"]) world.port(`${name}:raw:0:/dev/tty${name}:9600`);
  rotate(world, "ROTATOR:6000:7001 7002 7003");
  const one = await world.call("6000");
  t.same(inUse(world), ["7001"]);
  one.finish();
  await world.settle();
  await world.call("6000");
  t.same(inUse(world), ["7002"], "not the first again");
  await world.call("6000");
  await world.call("6000");
  t.same(inUse(world), ["7001", "7002", "7003"]);
  const late = await world.call("6000");
  t.equal(late.received, "No free port found\r\n");
  t.ok(late.closed);
});

t.test("a peer is served as on the port itself", async t => {
  const world = new World();
  const port = world.port("BANNER:b:hi \\I", "7001:telnet:0:/dev/ttyA:9600 b");
  rotate(world, "ROTATOR:6000:7001");
  const link = await world.call("6000", "x", { address: "192.0.2.1" });
  t.match(link.received, /hi 192\.0\.2\.1$/);
  t.match(port.status().slots[0], { address: "192.0.2.1" });
});

t.test("what is not free is passed over", async t => {
  const world = new World();
  world.port("7001:off:0:/dev/ttyA:9600");
  world.port("7002:raw:0:/dev/ttyB:9600 max-connections=5");
  world.port("7003:raw:0:/dev/ttyB:9600");
  world.port("7004:raw:0:/dev/ttyD:9600 remaddr=192.0.2.1,0");
  const closing = world.port("7005:raw:0:/dev/ttyE:9600 kickolduser");
  world.port("7006:raw:0:/dev/ttyF:9600");
  await world.call("7002");
  await world.call("7005");
  world.device.stuck = true;
  closing.disconnect();
  await world.settle();
  rotate(world, "ROTATOR:6000:7001 7002 7003 7004 7005 nowhere 7006");
  const link = await world.call("6000");
  t.notOk(link.closed);
  t.same(inUse(world), ["7002", "7005", "7006"]);
});

t.test("whom the TCP wrappers deny hears so", async t => {
  const world = new World();
  world.port("7001:raw:0:/dev/ttyA:9600");
  rotate(world, "ROTATOR:6000:7001");
  world.permitted = () => Promise.resolve(false);
  t.equal((await world.call("6000")).received, "Access denied\r\n");
});

t.test("connections that came through it stay when it is closed", async t => {
  const world = new World();
  world.port("7001:raw:0:/dev/ttyA:9600");
  const rotator = rotate(world, "ROTATOR:6000:7001");
  const link = await world.call("6000");
  rotator.close();
  rotator.close();
  t.ok(world.listener("6000").closed);
  t.notOk(link.closed);
});

t.test("a failing accept is logged with the rotator", async t => {
  const world = new World();
  rotate(world, "ROTATOR:6000:7001");
  world.listener("6000").fail("Too many open files");
  t.same(world.logged, ["error Could not accept on rotator 6000: Too many open files"]);
});

t.test("a rotator that does not listen any more is a problem", async t => {
  const world = new World();
  const rotator = rotate(world, "ROTATOR:6000:7001");
  t.equal(rotator.problem(), null);
  world.listener("6000").isBroken = true;
  t.equal(rotator.problem(), "rotator 6000 does not listen any more");
  rotator.close();
  t.equal(rotator.problem(), null);
});
