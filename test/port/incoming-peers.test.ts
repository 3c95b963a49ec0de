import t from "tap";
import { DeviceError } from "../../service/device/device.js";
import { LinkError } from "../../service/net/link.js";
import { Port } from "../../service/port/port.js";
import { World } from "../support/fake-environment.js";

const OPENING = "\xff\xfb\x03\xff\xfb\x01\xff\xfe\x01\xff\xfd\x00\xff\xfb\x00";

t.test("the first peer opens the device, the last one to leave closes it", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:9600");
  t.equal(port.status().phase, "idle");
  t.same(world.devices, []);
  const link = await world.call("7000", "hello");
  t.equal(port.status().phase, "open");
  t.equal(world.device.written, "hello");
  world.device.send("world");
  await world.pass(20);
  t.equal(link.received, "world");
  link.finish();
  await world.settle();
  t.ok(world.device.closed);
  t.equal(port.status().phase, "idle");
  t.notOk(world.listener("7000").closed);
});

t.test("whom the TCP wrappers deny hears so before anything else is looked at", async t => {
  const world = new World();
  world.port("7000:raw:0:/dev/ttyA:9600");
  await world.call("7000");
  world.permitted = () => false;
  const denied = await world.call("7000");
  t.equal(denied.received, "Access denied\r\n");
  t.ok(denied.closed);
});

t.test("a permission that takes a while admits the peer when it comes", async t => {
  const world = new World();
  world.port("7000:telnet:0:/dev/ttyA:9600");
  const answers: ((ok: boolean) => void)[] = [];
  world.permitted = () => new Promise(resolve => void answers.push(resolve));
  const [one, other] = [await world.call("7000"), await world.call("7000")];
  t.same(world.devices, [], "nothing happens before");
  answers[1]?.(true);
  answers[0]?.(false);
  await world.settle();
  t.equal(one.received, "Access denied\r\n", "raw, on a telnet port too");
  t.equal(other.received, OPENING);
});

t.test("a permission that comes when the port is off, gone or closing is of no use, or waits", async t => {
  for (const end of ["off", "removed", "closing"] as const) {
    const world = new World();
    const port = world.port("7000:raw:0:/dev/ttyA:9600");
    let answer = (_ok: boolean): void => {};
    world.permitted = () => new Promise(resolve => (answer = resolve));
    const link = await world.call("7000");
    if (end === "off") port.setState("off");
    if (end === "removed") port.removeWhenFree(null);
    if (end === "closing") {
      world.permitted = () => true;
      await world.call("7000");
      world.device.stuck = true;
      port.disconnect();
    }
    answer(true);
    await world.settle();
    if (end === "closing") {
      t.equal(world.devices.length, 1, "it waits for the device to be closed");
      await world.pass(4000);
      t.equal(world.devices.length, 2);
      t.notOk(link.closed);
    } else {
      t.ok(link.closed, end);
      t.same(world.devices, [], `${end}: no device is opened any more`);
    }
  }
});

t.test("remaddr, places, device: refused in this order, raw on telnet ports too", async t => {
  const world = new World();
  world.port("7000:telnet:0:/dev/ttyA:9600 remaddr=127.0.0.1,0");
  world.port("7001:raw:0:/dev/ttyA:9600");
  const stranger = { address: "192.0.2.1" };
  t.equal((await world.call("7000", "", stranger)).received, "Access denied\r\n");
  t.same(world.devices, [], "and nothing was opened for it");
  await world.call("7000");
  t.equal((await world.call("7000", "", stranger)).received, "Access denied\r\n", "before: the port is in use");
  const second = await world.call("7000");
  t.equal(second.received, "Port already in use\r\n");
  t.ok(second.closed);
  const other = await world.call("7001");
  t.equal(other.received, "Port's device already in use\r\n");
  t.ok(other.closed);
  t.equal(world.devices.length, 1);
});

t.test("a peer that is refused and gone already does no harm", async t => {
  const world = new World();
  world.port("7000:raw:0:/dev/ttyA:9600");
  await world.call("7000");
  const link = world.link();
  link.breakWith("write", "reset");
  world.listener("7000").call(link);
  await world.settle();
  t.ok(link.closed);
});

t.test("two names of one device are one device, also while it is being closed", async t => {
  const world = new World();
  world.identities.set("/dev/console-a", "/dev/ttyA");
  const port = world.port("7000:raw:0:/dev/ttyA:9600");
  world.port("7001:raw:0:/dev/console-a:9600");
  await world.call("7000");
  t.equal((await world.call("7001")).received, "Port's device already in use\r\n");
  world.device.stuck = true;
  port.disconnect();
  await world.settle();
  t.equal((await world.call("7001")).received, "Port's device already in use\r\n", "closing");
  await world.pass(4000);
  t.equal((await world.call("7001")).received, "");
});

t.test("several connections have the lowest free places and share the device", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:9600 max-connections=2 -chardelay");
  const [one, two] = [await world.call("7000"), await world.call("7000")];
  t.equal((await world.call("7000")).received, "Port already in use\r\n");
  t.equal(world.devices.length, 1);
  world.device.send("all");
  await world.settle();
  t.same([one.received, two.received], ["all", "all"]);
  one.send("1");
  two.send("2");
  await world.pass(20);
  t.same([...world.device.written].sort(), ["1", "2"]);
  one.finish();
  await world.settle();
  t.notOk(world.device.closed);
  const third = await world.call("7000");
  t.same(
    port.status().slots.map(slot => slot?.port),
    [third.peer.port, two.peer.port],
  );
});

t.test("a failing accept is logged with the port", async t => {
  const world = new World();
  world.port("7000:raw:0:/dev/ttyA:9600");
  world.listener("7000").fail("Too many open files");
  t.same(world.logged, ["error Could not accept on port 7000: Too many open files"]);
});

t.test("how a connection ends is what the trace says", async t => {
  const trace = "TRACEFILE:all:/tmp/x";
  const line = "7000:telnet:0:/dev/ttyA:9600 tb=all";
  const ends: readonly [
    reason: string,
    logged: string[],
    end: (world: World, link: Awaited<ReturnType<World["call"]>>) => void,
  ][] = [
    ["network read close", [], (_world, link) => link.finish()],
    [
      "network read error",
      ["error read error for port 7000: reset here"],
      (_world, link) => link.breakWith("read", "reset"),
    ],
    [
      "network write error",
      ["error The network write for port 7000 had error: reset here"],
      (world, link) => {
        link.breakWith("write", "reset");
        world.device.send("x");
      },
    ],
    [
      "EPIPE",
      [],
      (world, link) => {
        link.breakWith("write", "pipe");
        world.device.send("x");
      },
    ],
  ];
  for (const [reason, logged, end] of ends) {
    const world = new World();
    world.port(trace, line);
    const link = await world.call("7000");
    end(world, link);
    await world.settle();
    t.same(
      world.traced.filter(entry => entry.startsWith("closed")),
      [`closedConnection ${reason}`, "closedPort All network connections free"],
    );
    t.same(world.logged, logged, reason);
    t.ok(link.closed);
  }
});

t.test("a peer that is gone before it is greeted leaves the port free", async t => {
  const world = new World();
  const port = world.port("7000:telnet:0:/dev/ttyA:9600 max-connections=2");
  const gone = world.link();
  gone.breakWith("write", "pipe");
  world.listener("7000").call(gone);
  await world.settle();
  t.ok(gone.closed);
  t.equal(port.status().phase, "idle");
  const other = await world.call("7000");
  const late = world.link();
  late.breakWith("write", "reset");
  world.listener("7000").call(late);
  await world.settle();
  t.ok(late.closed);
  other.send("on");
  await world.pass(20);
  t.equal(world.device.written, "on");
});

t.test("standard input is the one peer of a port of number zero, and its end is told", async t => {
  const world = new World();
  const input = world.link({ address: "unknown", port: 0 }, "stdio");
  world.standardInput = () => input;
  world.port("0:raw:0:/dev/ttyA:9600");
  input.send("in");
  await world.settle();
  t.equal(world.device.written, "in");
  t.same(world.stdioEnds, []);
  input.finish();
  await world.pass(5);
  t.same(world.stdioEnds, [true]);
});

t.test("standard input whose device cannot be opened is told why, and fails", async t => {
  const world = new World();
  const input = world.link({ address: "unknown", port: 0 }, "stdio");
  world.standardInput = () => input;
  world.open = () => {
    throw new DeviceError("open-failed", "/dev/ttyA", "No such file or directory");
  };
  world.port("0:raw:0:/dev/ttyA:9600");
  await world.settle();
  t.equal(input.received, "Device open failure: No such file or directory\r\n");
  t.same(world.stdioEnds, [false]);
});

t.test("a standard input that cannot be used is a port that cannot be opened", async t => {
  const world = new World();
  world.standardInput = () => {
    throw new LinkError("other", "standard input", "Operation not permitted");
  };
  t.throws(() => world.port("0:raw:0:/dev/ttyA:9600"), { message: "Unable to create network socket(s)" });
});

t.test("names in remaddr are asked for when the port is defined: the first peer finds them known", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:9600 remaddr=board.example,0");
  t.same(world.asked, ["board.example"]);
  port.reconfigure(world.config("7000:raw:0:/dev/ttyA:9600 remaddr=other.example,0"), null);
  t.same(world.asked, ["board.example", "other.example"]);
});

t.test("a peer that is not admitted yet is left to the next process, which asks for its permission anew", async t => {
  const [before, after] = [new World(), new World()];
  const port = before.port("7000:raw:0:/dev/ttyA:9600");
  before.permitted = () => new Promise(() => {});
  const waiting = await before.call("7000");
  Object.assign(waiting, { storedName: "c-1" });
  const { connections } = port.state();
  t.match(connections, [{ name: "c-1", slot: null, peer: waiting.peer }]);

  const link = after.link(waiting.peer);
  const left = [{ device: null, connections }];
  const environment = {
    ...after.environment,
    handover: {
      ...{ changes: () => null, nextOfRotator: () => null, device: () => null, link: () => link },
      take: () => left.pop() ?? null,
    },
  };
  const asked: string[] = [];
  const permitted = async ({ peer }: { peer: { address: string } }) => asked.push(peer.address) > 0;
  new Port(after.config("7000:raw:0:/dev/ttyA:9600"), { ...environment, permitted }).start();
  await after.settle();
  t.same(asked, [waiting.peer.address]);
  link.send("hello");
  await after.settle();
  t.equal(after.device.written, "hello");
});
