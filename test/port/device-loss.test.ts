/** A device that is lost while its port is in use, without hold=. */
import t from "tap";
import { World } from "../support/fake-environment.js";

const TRACE = "TRACEFILE:all:/tmp/x";

t.test("a lost device: every peer is disconnected, and nothing is written to it any more", async t => {
  const ends: readonly [reason: string, logged: string[], lose: (world: World) => void][] = [
    ["closed port", ["notice The device of port 7000 hung up"], world => world.device.hangUp()],
    [
      "dev read error",
      ["error dev read error for device 7000: lost here"],
      world => {
        world.device.breakWith("read");
      },
    ],
  ];
  for (const [reason, logged, lose] of ends) {
    const world = new World();
    const port = world.port(TRACE, "CLOSESTR:c:bye", "7000:raw:0:/dev/ttyA:9600 tb=all c max-connections=2");
    const links = [await world.call("7000"), await world.call("7000")];
    world.device.stuck = true;
    lose(world);
    await world.pass(1);
    t.ok(links.every(link => link.closed));
    t.equal(world.device.written, "");
    t.equal(world.device.closeLimitMs, 0, "there is nothing to wait for");
    t.same(world.logged, logged);
    t.ok(world.traced.includes(`closedPort ${reason}`), reason);
    t.equal(port.status().phase, "idle");
    t.equal(port.status().lastError === null, reason === "closed port", "a call that ends by a hang-up is no error");
  }
});

t.test("a device that is lost while it is written to", async t => {
  const world = new World();
  const port = world.port(TRACE, "7000:telnet:0:/dev/ttyA:9600 tb=all");
  const link = await world.call("7000");
  world.device.breakWith("write");
  link.send("a\xff\xf1b");
  await world.settle();
  t.ok(link.closed);
  t.same(world.logged, ["error The dev write for port 7000 had error: lost here"]);
  t.ok(world.traced.includes("closedPort dev write error"));
  t.equal(port.status().phase, "idle");
});

t.test("a device that is lost while it is given what it had not taken", async t => {
  const world = new World();
  world.port("7000:raw:0:/dev/ttyA:9600");
  const link = await world.call("7000");
  world.device.room = 1;
  link.send("abc");
  await world.settle();
  world.device.breakWith("write");
  await world.settle();
  t.ok(link.closed);
  t.ok(world.device.closed);
});

t.test("a device that is lost under an operator's hand", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:9600");
  const link = await world.call("7000");
  world.device.breakWith("line");
  t.notOk(port.drive({ dtr: false }));
  await world.settle();
  t.ok(link.closed);
  t.equal(port.status().phase, "idle");
});

t.test("a device that is lost while the close string is written", async t => {
  const world = new World();
  const port = world.port("CLOSESTR:c:bye", "7000:raw:0:/dev/ttyA:9600 c");
  const link = await world.call("7000");
  world.device.breakWith("write");
  link.finish();
  await world.settle();
  t.equal(port.status().phase, "idle");
  t.same(world.logged, []);
});

t.test("bytes that wait for chardelay are sent when the device goes away", async t => {
  for (const lose of ["hang-up", "read error"] as const) {
    const world = new World();
    world.port("7000:raw:0:/dev/ttyA:9600 chardelay-min=90000 chardelay-max=90000");
    const link = await world.call("7000");
    world.device.send("last words");
    await world.settle();
    t.equal(link.received, "");
    if (lose === "hang-up") world.device.hangUp();
    else world.device.breakWith("read");
    await world.settle();
    t.equal(link.received, "last words", lose);
    t.ok(link.closed);
  }
});
