/** Connections that outlive their device. */
import t from "tap";
import { bodies, NO_LINES, suboption, WILL } from "../support/agreed-peer.js";
import { hold, PATH } from "../support/held-port.js";
import { bytes } from "../telnet/bytes.js";

const GONE = "Device /dev/ttyA of port 7000 is gone";

t.test("a connected peer stays, and reaches the device again when it is back", async t => {
  const { world, port, link, unplug } = await hold();
  const lost = world.device;
  lost.send("before");
  await unplug();
  t.equal(link.take(), "before");
  t.ok(lost.closed);
  t.match(port.status(), { phase: "opening", devicePresent: false, lastError: "the device was closed", control: null });
  t.equal(port.condition, "waiting for device");
  await world.plug(PATH);
  t.equal(world.devices.length, 2);
  t.match(port.status(), { phase: "open", devicePresent: true, lastError: null });
  link.send("to it");
  world.device.send("from it");
  await world.settle();
  t.equal(world.device.written, "to it");
  t.equal(link.take(), "from it");
  await world.pass(3500);
  t.notOk(link.closed);
  t.same(world.logged, [
    `warning ${GONE} (the device was closed): its connections wait 3 s for it`,
    "notice Device /dev/ttyA of port 7000 is back",
  ]);
});

t.test("a peer that agrees to RFC 2217 meanwhile is told the modem lines when the device is back", async t => {
  const { world, link, unplug } = await hold("remctl", "telnet");
  await unplug();
  link.send(`${WILL}${suboption([11, 0xff])}`);
  await world.settle();
  link.take();
  world.open = config => {
    const device = world.makeDevice(config);
    if (device.line !== null) device.line.modem = { ...NO_LINES, dcd: true };
    return device;
  };
  await world.plug(PATH);
  await world.pass(250);
  t.match(bodies(link.take()), /6b 8[08]/);
});

t.test("bytes are counted on", async t => {
  const { world, port, link, unplug } = await hold();
  link.send("12");
  world.device.send("123");
  await world.settle();
  await unplug();
  await world.plug(PATH);
  link.send("345");
  world.device.send("4567");
  await world.settle();
  t.match(port.status(), { bytesToDevice: 5, bytesFromDevice: 7, slots: [{ bytesFromNet: 5, bytesToNet: 7 }] });
});

t.test("what a peer says meanwhile waits for the device, in one piece; the rest is not read", async t => {
  const { world, link, unplug } = await hold();
  await unplug();
  link.send("first ");
  await world.settle();
  link.send("second");
  await world.settle();
  t.equal(link.unread, 6, "the peer's network has it");
  await world.plug(PATH);
  t.equal(world.device.written, "first second");
});

t.test("what the device had not taken when it went is written when it is back", async t => {
  const { world, link, unplug } = await hold();
  world.device.room = 2;
  link.send("1234");
  await world.settle();
  await unplug();
  await world.plug(PATH);
  t.equal(world.device.written, "34");
});

t.test("a failing read, write or line setting is a loss like a hang-up", async t => {
  for (const call of ["read", "write", "line"] as const) {
    const { world, port, link } = await hold("remctl", "telnet");
    link.send(bytes("ff fb 2c"));
    await world.settle();
    world.device.breakWith(call);
    world.device.send("x");
    link.send(call === "line" ? bytes("ff fa 2c 01 00 00 4b 00 ff f0") : "bytes");
    await world.settle();
    t.equal(port.status().phase, "opening");
    t.equal(world.devices.length, 1, `${call}: its node is still there, but that says nothing`);
    await world.pass(1000);
    t.equal(world.devices.length, 2);
    t.equal(port.status().phase, "open");
    t.equal(world.device.written, call === "write" ? "bytes" : "");
    if (call === "line") t.equal(world.device.line?.settings.speed, 19_200, "what was asked under the loss");
    t.same(
      world.logged,
      [`warning ${GONE} (lost here): its connections wait 3 s for it`, "notice Device /dev/ttyA of port 7000 is back"],
      call,
    );
  }
});

t.test("the line comes back as it was: settings, DTR and RTS", async t => {
  const { world, port, link, unplug } = await hold("remctl", "telnet");
  link.send(bytes("ff fb 2c  ff fa 2c 01 00 01 c2 00 ff f0  ff fa 2c 03 03 ff f0  ff fa 2c 05 09 ff f0"));
  await world.settle();
  t.match(world.device.line?.settings, { speed: 115_200, parity: "even" });
  t.same(world.device.line?.control, { dtr: false, rts: true });
  await unplug();
  await world.plug(PATH);
  t.match(world.device.line?.settings, { speed: 115_200, parity: "even" });
  t.same(world.device.line?.control, { dtr: false, rts: true });
  t.same(world.device.line?.calls, [], "by the open itself");
  t.match(port.status().lineInForce, { speed: 115_200 });
});

t.test("what a client sets meanwhile is answered, and holds when the device is back", async t => {
  const { world, link, unplug } = await hold("remctl", "telnet");
  link.send(bytes("ff fb 2c"));
  await unplug();
  link.take();
  link.send(bytes("ff fa 2c 01 00 00 4b 00 ff f0  ff fa 2c 05 0c ff f0"));
  t.match(Buffer.from(link.take(), "latin1").toString("hex"), "fffa2c6500004b00fff0");
  await world.settle();
  await world.plug(PATH);
  t.equal(world.device.line?.settings.speed, 19_200);
  t.same(world.device.line?.control, { dtr: true, rts: false });
});

t.test("settings that the returned device does not take are not in force", async t => {
  const { world, port, unplug } = await hold();
  await unplug();
  world.open = config => world.makeDevice({ ...config, line: { ...config.line, speed: 4800 } });
  await world.plug(PATH);
  t.equal(port.status().lineInForce?.speed, 4800);
});

t.test("no second banner, negotiation or open string", async t => {
  const { world, link, unplug } = await hold("b o", "telnet", "BANNER:b:hello", "OPENSTR:o:open");
  t.match(link.take(), /hello$/);
  await unplug();
  await world.plug(PATH);
  t.equal(link.take(), "");
  t.equal(world.device.written, "");
});

t.test("a peer that connects while the device is away is greeted, and waits with the others", async t => {
  const { world, link, unplug } = await hold("b max-connections=2", "raw", "BANNER:b:hello");
  await unplug();
  const second = await world.call("7000");
  t.equal(second.take(), "hello");
  const third = await world.call("7000");
  t.equal(third.take(), "Port already in use\r\n");
  await world.plug(PATH);
  world.device.send("x");
  await world.settle();
  t.equal(second.take(), "x");
  t.equal(link.take(), "hellox");
});

t.test("after its time it ends as without", async t => {
  const { world, port, link, unplug } = await hold("c", "raw", "CLOSESTR:c:close");
  await unplug();
  await world.pass(2999);
  t.notOk(link.closed);
  await world.pass(1);
  t.ok(link.closed);
  t.equal(port.status().phase, "idle");
  t.equal(port.condition, "waiting for device");
  t.equal(world.devices.length, 1);
  t.same(world.logged, [
    `warning ${GONE} (the device was closed): its connections wait 3 s for it`,
    "error Device /dev/ttyA of port 7000 did not come back within 3 s",
  ]);
  await world.plug(PATH);
  t.equal(world.devices.length, 1, "no connection needs it");
  const again = await world.call("7000", "x");
  t.equal(world.device.written, "x");
  t.notOk(again.closed);
});

t.test("a peer that leaves meanwhile is noticed; when all have left the port is free at once", async t => {
  const { world, port, link, unplug } = await hold("c", "raw", "CLOSESTR:c:close");
  await unplug();
  link.finish();
  await world.settle();
  t.equal(port.status().phase, "idle", "no close string is waited for");
  await world.plug(PATH);
  await world.pass(4000);
  t.equal(world.devices.length, 1);
  t.equal(world.logged.length, 1);
});

t.test("disconnect, shutdown and a timeout end the wait", async t => {
  for (const end of ["disconnect", "shutdown", "timeout"] as const) {
    const { world, port, link, unplug } = await hold();
    if (end === "timeout") port.setTimeoutSeconds(1);
    await unplug();
    if (end === "disconnect") t.ok(port.disconnect());
    else if (end === "shutdown") await port.shutdown();
    else await world.pass(2500);
    await world.settle();
    t.ok(link.closed, end);
    t.ok(port.isFree);
    await world.plug(PATH);
    t.equal(world.devices.length, 1);
  }
});

t.test("dtr= and rts= count at each opening, until a client drives the line", async t => {
  const { world, link, unplug } = await hold("remctl dtr=off rts=off", "telnet");
  t.same(world.device.line?.control, { dtr: false, rts: false });
  await unplug();
  await world.plug(PATH);
  t.same(world.device.line?.control, { dtr: false, rts: false });
  link.send(bytes("ff fb 2c ff fa 2c 05 08 ff f0"));
  await world.settle();
  await unplug();
  await world.plug(PATH);
  t.same(world.device.line?.control, { dtr: true, rts: false });
});

t.test("traces go on", async t => {
  const { world, link, unplug } = await hold("tb=all", "raw", "TRACEFILE:all:/tmp/x");
  await unplug();
  await world.plug(PATH);
  link.send("x");
  await world.settle();
  link.finish();
  await world.settle();
  t.same(world.traced, [
    "opened 127.0.0.1",
    "netToDevice x",
    "closedConnection network read close",
    "closedPort All network connections free",
    "close",
  ]);
});

t.test("a printer is waited for, too", async t => {
  const { world, link } = await hold("", "rawlp");
  link.send("page 1 ");
  await world.settle();
  world.device.breakWith("write");
  link.send("page 2 ");
  await world.pass(1100);
  t.equal(world.device.written, "page 2 ");
  t.equal(world.devices.length, 2);
});

t.test("closeon ends a session whose device goes right after", async t => {
  const { world, port, link } = await hold("co", "raw", "CLOSEON:co:bye");
  world.device.send("bye");
  world.device.hangUp();
  await world.settle();
  t.equal(link.take(), "bye");
  t.ok(link.closed);
  t.ok(port.isFree);
  t.same(world.logged, []);
});
