import t from "tap";
import { World } from "../support/fake-environment.js";
import type { FakeLink } from "../support/fake-link.js";

/** How many milliseconds from now on the link lives, to the next tenth of a second. */
async function lives(world: World, link: FakeLink, limitMs = 10_000): Promise<number> {
  let ms = 0;
  for (; ms < limitMs && !link.closed; ms += 100) {
    world.time.pass(100);
    await world.settle();
  }
  return ms;
}

t.test("a silent peer is closed after more than N and at most N + 1 seconds", async t => {
  for (const offsetMs of [0, 300, 900]) {
    const world = new World();
    world.port("7000:raw:2:/dev/ttyA:9600 max-connections=2 -chardelay");
    const first = await world.call("7000");
    const stop = world.time.every(500, () => first.send(".")); // keeps the seconds running
    await world.pass(offsetMs);
    const link = await world.call("7000");
    const ms = await lives(world, link);
    t.ok(ms > 2000 && ms <= 3000, `${offsetMs} ms into a second: closed after ${ms} ms`);
    t.notOk(first.closed, "only that one");
    stop();
  }
});

t.test("0 means no timeout", async t => {
  const world = new World();
  world.port("7000:raw:0:/dev/ttyA:9600");
  t.equal(await lives(world, await world.call("7000"), 60_000), 60_000);
});

t.test("what counts as activity, and what does not", async t => {
  const trace = "TRACEFILE:all:/tmp/x";
  const cases: readonly [name: string, alive: boolean, line: string, act: (world: World, link: FakeLink) => void][] = [
    ["bytes of the peer", true, "raw", (_world, link) => link.send("x")],
    ["bytes of the device", true, "raw", world => world.device.send("x")],
    ["telnet data", true, "telnet", (_world, link) => link.send("x\xff\xf1")],
    ["telnet commands only", false, "telnet", (_world, link) => link.send("\xff\xf1\xff\xfd\x18")],
    ["nothing", false, "raw", () => {}],
  ];
  for (const [name, alive, state, act] of cases) {
    const world = new World();
    world.port(trace, `7000:${state}:2:/dev/ttyA:9600 tb=all`);
    const link = await world.call("7000");
    for (let turn = 0; turn < 8; turn++) {
      act(world, link);
      world.time.pass(500);
      await world.settle();
    }
    t.equal(!link.closed, alive, name);
    if (!alive) t.ok(world.traced.includes("closedConnection timeout"));
  }
});

t.test("device data that a peer does not take counts for it too", async t => {
  const world = new World();
  world.port("7000:raw:2:/dev/ttyA:9600 -chardelay");
  const link = await world.call("7000");
  link.room = 0;
  await lives(world, link, 1900);
  world.device.send("x");
  await world.settle();
  t.equal(await lives(world, link, 1500), 1500);
  t.ok((await lives(world, link)) <= 1600, "but it does not live for ever");
});

t.test("the data of one peer does not keep another", async t => {
  const world = new World();
  world.port("7000:raw:2:/dev/ttyA:9600 max-connections=2");
  const [busy, silent] = [await world.call("7000"), await world.call("7000")];
  for (let turn = 0; turn < 40; turn++) {
    busy.send("x");
    world.time.pass(100);
    await world.settle();
  }
  t.same([busy.closed, silent.closed], [false, true]);
});

t.test("setporttimeout starts the time anew for each connection", async t => {
  const world = new World();
  const port = world.port("7000:raw:2:/dev/ttyA:9600");
  const link = await world.call("7000");
  await lives(world, link, 1900);
  port.setTimeoutSeconds(4);
  t.equal(port.status().timeoutSeconds, 4);
  const ms = await lives(world, link);
  t.ok(ms > 4000 - 100 && ms <= 5000, `${ms} ms`);
});

t.test("0 set while a peer is connected ends the timeout", async t => {
  const world = new World();
  const port = world.port("7000:raw:2:/dev/ttyA:9600");
  const link = await world.call("7000");
  port.setTimeoutSeconds(0);
  t.equal(await lives(world, link), 10_000);
});

t.test("an empty datagram keeps a UDP peer (BUG-15), which is forgotten without a word in the end", async t => {
  const world = new World();
  world.port("udp,7000:raw:2:/dev/ttyA:9600");
  const link = await world.call("udp,7000", "x");
  for (let turn = 0; turn < 8; turn++) {
    link.onKeepalive?.();
    await lives(world, link, 500);
  }
  t.notOk(link.closed);
  t.ok((await lives(world, link)) <= 3000);
  t.equal(link.received, "");
});

t.test("facts tell how long a peer has been idle", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:9600");
  const link = await world.call("7000");
  await lives(world, link, 5000);
  t.equal(port.status().slots[0]?.idleSeconds, 5);
  link.send("x");
  await world.settle();
  t.equal(port.status().slots[0]?.idleSeconds, 0);
});
