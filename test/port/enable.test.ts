/** The states of a port: enabled and disabled by an operator. */
import t from "tap";
import { World } from "../support/fake-environment.js";

t.test("enable and disable: every state from every state, with and without a peer", async t => {
  const states = ["off", "raw", "rawlp", "telnet"] as const;
  for (const from of states)
    for (const to of states)
      for (const live of [false, true]) {
        if (from === "off" && live) continue;
        const name = `${from} to ${to}${live ? ", in use" : ""}`;
        const world = new World();
        const port = world.port(`7000:${from}:0:/dev/ttyA:9600`);
        const link = live ? await world.call("7000") : null;
        const listener = from === "off" ? null : world.listener("7000");
        t.equal(port.setState(to), null, name);
        t.equal(port.status().state, to, name);
        if (listener !== null) t.equal(listener.closed, to === "off", `${name}: the socket`);
        t.equal(link?.closed ?? false, false, `${name}: who is there stays`);
        if (link !== null) {
          link.send("x");
          await world.pass(20);
          t.equal(world.device.written, "x", `${name}: and goes on`);
          link.finish();
          await world.settle();
        }
        t.equal(port.status().phase, to === "off" ? "disabled" : "idle", name);
        if (to === "off") continue;
        const next = await world.call("7000");
        t.equal(next.received.startsWith("\xff\xfb\x03"), to === "telnet", `${name}: how the next one is served`);
        t.equal(world.device.line === null, to === "rawlp", name);
      }
});

t.test("the mode of a connection is the one it came with (BUG-25)", async t => {
  const world = new World();
  const port = world.port("7000:telnet:0:/dev/ttyA:9600 max-connections=2 -chardelay");
  const old = await world.call("7000");
  old.take();
  port.setState("raw");
  const young = await world.call("7000");
  old.send("C\xff\xf1D");
  await world.pass(20);
  young.send("\xff\xf1");
  await world.pass(20);
  t.equal(world.device.written, "CD\xff\xf1");
  world.device.send("\xff");
  await world.settle();
  t.same([old.take(), young.take()], ["\xff\xff", "\xff"]);
});

t.test("off and on again while a peer is connected", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:9600 max-connections=2");
  const link = await world.call("7000");
  port.setState("off");
  t.throws(() => world.listener("7000").call(world.link()), "connection refused");
  port.setState("raw");
  const other = await world.call("7000");
  t.equal(world.devices.length, 1);
  link.finish();
  other.finish();
  await world.settle();
  t.equal(port.status().phase, "idle");
});

t.test("off and on again while the device is being closed", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:9600");
  await world.call("7000");
  world.device.stuck = true;
  port.disconnect();
  await world.settle();
  port.setState("off");
  port.setState("raw");
  const link = await world.call("7000");
  t.equal(world.devices.length, 1, "peers wait");
  await world.pass(4000);
  t.equal(world.devices.length, 2);
  t.notOk(link.closed);
});

t.test("a port that cannot be switched on is off, and can be tried again (BUG-24)", async t => {
  const world = new World();
  const port = world.port("7000:off:0:/dev/ttyA:9600");
  world.listenFault = new Error("Address already in use");
  t.equal(port.setState("raw"), "Unable to create network socket(s)");
  t.match(port.status(), { state: "off", phase: "disabled", lastError: "Address already in use" });
  world.listenFault = null;
  t.equal(port.setState("raw"), null);
  t.match(port.status(), { state: "raw", lastError: null });
  t.notOk((await world.call("7000")).closed);
});
