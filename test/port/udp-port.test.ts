import t from "tap";
import { DeviceError } from "../../service/device/device.js";
import { World } from "../support/fake-environment.js";

const FIXED = "udp,7000:raw:3:/dev/ttyA:9600 max-connections=2 remaddr=udp,192.0.2.1,5000";

t.test("the first datagram of a stranger opens the port and is its first data, after the opening text", async t => {
  const world = new World();
  world.port("OPENSTR:o:OPEN", "BANNER:b:hi", "udp,7000:raw:0:/dev/ttyA:9600 o b");
  const link = await world.call("udp,7000", "hello");
  t.equal(world.device.written, "OPENhello");
  t.equal(link.received, "hi");
});

t.test("refusals are answered and the peer is forgotten", async t => {
  const world = new World();
  world.port("udp,7000:raw:0:/dev/ttyA:9600 remaddr=udp,127.0.0.1,0");
  world.port("7001:raw:0:/dev/ttyA:9600");
  await world.call("udp,7000", "x");
  const second = await world.call("udp,7000", "y");
  t.equal(second.received, "Port already in use\r\n");
  t.ok(second.closed);
  const stranger = await world.call("udp,7000", "z", { address: "192.0.2.9" });
  t.equal(stranger.received, "Access denied\r\n");
  t.equal((await world.call("7001")).received, "Port's device already in use\r\n");
});

t.test("a sender is told at most once a second that it is refused, and a refusal is never answered", async t => {
  const world = new World();
  world.port("udp,7000:raw:0:/dev/ttyA:9600 remaddr=udp,127.0.0.1,0");
  const said = async (address: string, text: string) => (await world.call("udp,7000", text, { address })).received;
  t.equal(await said("192.0.2.9", "x"), "Access denied\r\n");
  t.equal(await said("192.0.2.9", "x"), "", "another port number of the same address is no other sender");
  t.equal(await said("192.0.2.8", "Access denied\r\n"), "");
  t.equal(await said("192.0.2.8", "Port already in use\r\n"), "");
  t.equal(await said("192.0.2.8", "Port already in use\r\nand more"), "Access denied\r\n");
  await world.pass(1000);
  t.equal(await said("192.0.2.9", "x"), "Access denied\r\n");
  t.equal(world.logged.length, 3);
  t.equal(world.logged[0], "warning Port udp,7000: refused datagrams from 192.0.2.9 are not answered");
});

t.test("however many addresses are forged, a port sends few refusals and remembers few senders", async t => {
  const world = new World();
  world.port("udp,7000:raw:0:/dev/ttyA:9600 remaddr=udp,127.0.0.1,0");
  const flood = async () => {
    let answers = 0;
    for (let sender = 0; sender < 300; sender++) {
      const address = `192.0.2.${sender % 250}`;
      answers += (await world.call("udp,7000", "x", { address })).received === "" ? 0 : 1;
    }
    return answers;
  };
  t.equal(await flood(), 64);
  await world.pass(1000);
  t.equal(await flood(), 64, "and as many a second later");
});

t.test("kickolduser: the old peer hears nothing, the new one's first datagram counts", async t => {
  const world = new World();
  world.port("OPENSTR:o:O", "udp,7000:raw:0:/dev/ttyA:9600 o kickolduser");
  const old = await world.call("udp,7000", "A1");
  const next = await world.call("udp,7000", "B1");
  t.equal(old.received, "");
  t.ok(old.closed);
  t.notOk(next.closed);
  t.same(
    world.devices.map(device => device.written),
    ["OA1", "OB1"],
  );
});

t.test("device data leaves in datagrams of the buffer's size", async t => {
  const world = new World();
  world.port("udp,7000:raw:0:/dev/ttyA:9600 -chardelay");
  const link = await world.call("udp,7000", "x");
  world.device.send("d".repeat(200));
  await world.settle();
  t.same(
    link.writes.map(({ length }) => length),
    [64, 64, 64, 8],
  );
});

t.test("a datagram is taken whole, whatever net-to-dev-bufsize says", async t => {
  const world = new World();
  world.port("udp,7000:raw:0:/dev/ttyA:9600 net-to-dev-bufsize=10");
  const text = "0123456789".repeat(30);
  await world.call("udp,7000", text);
  await world.pass(40);
  t.equal(world.device.written, text);
});

t.test("a fixed peer has its connection from the start, for ever, and cannot be kicked off", async t => {
  const world = new World();
  const port = world.port(`${FIXED} kickolduser -chardelay`);
  await world.settle();
  const [fixed] = world.listener("udp,7000").connected;
  t.ok(fixed);
  t.equal(port.status().phase, "open");
  world.device.send("unasked");
  await world.settle();
  t.equal(fixed?.received, "unasked");
  const one = await world.call("udp,7000", "1", { address: "192.0.2.1", port: 5000 });
  t.notOk(one.closed, "the other place");
  const two = await world.call("udp,7000", "2", { address: "192.0.2.1", port: 5000 });
  t.ok(one.closed, "is the only one to kick");
  await world.pass(4000);
  t.ok(two.closed, "times out");
  t.notOk(fixed?.closed, "a fixed peer does not");
  t.equal(world.devices.length, 1);
});

t.test("after disconnect a fixed peer comes back by itself, in its place (BUG-20)", async t => {
  const world = new World();
  const port = world.port(FIXED);
  await world.settle();
  t.ok(port.disconnect());
  await world.settle();
  t.equal(world.listener("udp,7000").connected.length, 2);
  t.match(port.status().slots[0], { address: "192.0.2.1", port: 5000 });
  t.equal(port.status().phase, "open");
});

t.test("a fixed peer waits for its name, its device and other ports, and is tried again", async t => {
  const world = new World();
  world.port("7001:raw:0:/dev/ttyA:9600");
  const other = await world.call("7001");
  const port = world.port("udp,7000:raw:0:/dev/ttyA:9600 remaddr=udp,peer.example,5000");
  await world.pass(5000);
  t.equal(port.status().phase, "idle", "another port has the device");
  other.finish();
  await world.pass(5000);
  t.equal(port.status().phase, "idle", "the name is unknown");
  world.names.set("peer.example", ["2001:db8::7", "192.0.2.7"]);
  world.open = () => {
    throw new DeviceError("open-failed", "/dev/ttyA", "No such device");
  };
  await world.pass(5000);
  t.equal(port.status().phase, "idle", "the device cannot be opened");
  t.equal(world.logged.length, 1);
  world.open = config => world.makeDevice(config);
  await world.pass(30_000);
  t.match(port.status(), { phase: "open", slots: [{ address: "192.0.2.7", port: 5000 }] });
});

t.test("several fixed peers of a device that cannot be opened are one attempt", async t => {
  const world = new World();
  let attempts = 0;
  world.open = () => {
    attempts++;
    throw new DeviceError("open-failed", "/dev/ttyA", "No such device");
  };
  world.port(
    "udp,7000:raw:0:/dev/ttyA:9600 max-connections=3 remaddr=udp,192.0.2.1,5000;udp,192.0.2.2,5000;udp,192.0.2.3,5000",
  );
  await world.settle();
  t.equal(attempts, 1);
});

t.test("a port that is switched off or removed does not try any more", async t => {
  for (const end of ["off", "removed"] as const) {
    const world = new World();
    const port = world.port("udp,7000:raw:0:/dev/ttyA:9600 remaddr=udp,peer.example,5000");
    if (end === "off") port.setState("off");
    else port.removeWhenFree(null);
    t.equal(world.time.waiting, 0, end);
  }
});

t.test("a UDP port that is switched off has no peers, and its fixed ones when it is on again", async t => {
  const world = new World();
  const port = world.port("CLOSESTR:c:bye", `${FIXED} c`);
  const link = await world.call("udp,7000", "x", { address: "192.0.2.1", port: 5000 });
  port.setState("off");
  await world.settle();
  t.ok(link.closed);
  t.equal(world.device.written, "xbye");
  t.equal(port.status().phase, "disabled");
  port.setState("raw");
  await world.settle();
  t.match(port.status(), { phase: "open", slots: [{ address: "192.0.2.1" }, null] });
});

t.test("a telnet UDP port negotiates in datagrams", async t => {
  const world = new World();
  world.port("udp,7000:telnet:0:/dev/ttyA:9600");
  const link = await world.call("udp,7000", "x");
  t.equal(link.writes[0]?.length, 15);
});
