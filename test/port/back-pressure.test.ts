import t from "tap";
import { World } from "../support/fake-environment.js";

const LINE = "7000:raw:0:/dev/ttyA:9600 max-connections=3 -chardelay";

t.test("one slow peer stops the device for all, until it has what it is owed", async t => {
  const world = new World();
  const port = world.port(LINE);
  const [slow, fast] = [await world.call("7000"), await world.call("7000")];
  slow.room = 4;
  world.device.send("first ");
  await world.settle();
  world.device.send("second ");
  await world.settle();
  t.same([slow.received, fast.received], ["firs", "first "]);
  t.equal(port.status().toNet, "waiting output");
  t.equal(world.device.unread, 7);
  t.notOk(world.device.awaited, "the device is not awaited");
  slow.room = 100;
  await world.settle();
  t.same([slow.received, fast.received], ["first second ", "first second "]);
  t.equal(port.status().toNet, "waiting input");
});

t.test("a stalled peer that goes lets the others go on (BUG-10)", async t => {
  for (const how of ["FIN", "write error"] as const) {
    const world = new World();
    world.port(LINE);
    const [stalled, other] = [await world.call("7000"), await world.call("7000")];
    stalled.room = 0;
    world.device.send("one ");
    await world.settle();
    world.device.send("two");
    if (how === "FIN") stalled.finish();
    else stalled.breakWith("write", "reset");
    await world.settle();
    t.ok(stalled.closed);
    t.equal(other.received, "one two", how);
  }
});

t.test("a stalled peer's input still reaches the device", async t => {
  const world = new World();
  world.port(LINE);
  const link = await world.call("7000");
  link.room = 0;
  world.device.send("x");
  await world.settle();
  link.send("typed");
  await world.settle();
  t.equal(world.device.written, "typed");
});

t.test("a blocked device stops every peer, each waits in the kernel", async t => {
  const world = new World();
  const port = world.port(LINE);
  const [one, two] = [await world.call("7000"), await world.call("7000")];
  world.device.room = 2;
  one.send("abcd");
  await world.settle();
  one.send("efgh");
  two.send("1234");
  await world.settle();
  t.equal(world.device.written, "ab");
  t.same([one.unread, two.unread], [4, 4]);
  t.equal(port.status().toDevice, "waiting output");
  world.device.send("device still heard");
  await world.settle();
  t.equal(two.received, "device still heard");
  world.device.room = 100;
  await world.settle();
  t.match(world.device.written, /^abcd(efgh1234|1234efgh)$/);
  t.equal(port.status().toDevice, "waiting input");
});

t.test("a peer that breaks while the device takes nothing does not keep the port (BUG-29)", async t => {
  const world = new World();
  const port = world.port(LINE);
  const link = await world.call("7000");
  world.device.room = 2;
  link.send("abcd");
  await world.settle();
  link.send("more");
  link.breakWith("read", "reset");
  await world.pass(3900);
  t.notOk(link.closed, "the device may go on yet");
  await world.pass(5000);
  t.ok(link.closed);
  t.ok(port.isFree);
  t.same(world.logged, [
    "warning Port 7000: 6 bytes from 127.0.0.1 were dropped, the device does not take them",
    "error read error for port 7000: reset here",
  ]);
});

t.test("the end of a broken connection may show as end-of-file alone: a write took the error", async t => {
  const world = new World();
  const port = world.port(LINE);
  const link = await world.call("7000");
  world.device.room = 0;
  link.send("abcd");
  await world.settle();
  link.send("more");
  link.finish();
  link.breakQuietly();
  await world.pass(8100);
  t.ok(link.closed);
  t.ok(port.isFree);
  t.equal(port.status().slots[0], null);
});

t.test("a peer that ended in order keeps its place for 10 minutes without progress, and its bytes as long", async t => {
  const world = new World();
  const port = world.port(LINE);
  const link = await world.call("7000");
  world.device.room = 1;
  link.send("abcd");
  await world.settle();
  link.send("more");
  link.finish();
  world.time.pass(590_000);
  world.device.room = 1;
  await world.settle();
  for (let second = 0; second < 599; second++) world.time.pass(1000);
  await world.settle();
  t.notOk(link.closed, "the device took a byte in between");
  for (let second = 0; second < 12; second++) world.time.pass(1000);
  await world.pass(4100);
  t.ok(link.closed);
  t.ok(port.isFree);
  t.same(world.logged, ["warning Port 7000: 6 bytes from 127.0.0.1 were dropped, the device does not take them"]);
});

t.test("bytes behind a telnet command that waits for the device are counted as dropped too", async t => {
  const world = new World();
  const port = world.port("7000:telnet:0:/dev/ttyA:9600");
  const link = await world.call("7000");
  world.device.room = 0;
  link.send("abcd\xff\xf3efg\xff\xffh");
  await world.settle();
  link.send("more");
  link.breakWith("read", "reset");
  await world.pass(8900);
  t.ok(port.isFree);
  t.equal(world.logged[0], "warning Port 7000: 13 bytes from 127.0.0.1 were dropped, the device does not take them");
});

t.test("a port that closes over a full device says what the device had not taken", async t => {
  const world = new World();
  const port = world.port("7000:telnet:0:/dev/ttyA:9600");
  const link = await world.call("7000");
  world.device.room = 1;
  link.send("abcd\xff\xf3efgh");
  await world.settle();
  t.ok(port.disconnect());
  await world.pass(4100);
  t.ok(port.isFree);
  t.same(world.logged, ["warning Port 7000: 7 bytes were dropped, the device had not taken them"]);
});

t.test("one that is gone does not stop the others of its port, one that only pauses does", async t => {
  for (const gone of [true, false]) {
    const world = new World();
    world.port(LINE);
    const [stuck, other] = [await world.call("7000"), await world.call("7000")];
    stuck.room = 0;
    stuck.gone = gone;
    world.device.send("first");
    await world.settle();
    world.device.send("second");
    await world.pass(25_000);
    t.equal(stuck.closed, gone);
    t.equal(other.received, gone ? "firstsecond" : "first");
    t.same(world.logged, gone ? ["error The network write for port 7000 had error: Connection timed out"] : []);
  }
});

t.test("what a peer sent before it broke leaves as long as the device takes it", async t => {
  const world = new World();
  world.port(`${LINE} net-to-dev-bufsize=4`);
  const link = await world.call("7000");
  world.device.room = 2;
  link.send("abcd");
  await world.settle();
  link.send("efgh");
  link.breakWith("read", "reset");
  for (let seconds = 0; seconds < 12; seconds += 2) {
    t.notOk(link.closed);
    await world.pass(2000);
    world.device.room = 1;
    await world.settle();
  }
  t.ok(link.closed);
  t.equal(world.device.written, "abcdefgh");
});

t.test("a peer that sends without end does not keep a slow device from the others", async t => {
  const world = new World();
  world.port(`${LINE} net-to-dev-bufsize=100`);
  const [greedy, modest, third] = [await world.call("7000"), await world.call("7000"), await world.call("7000")];
  world.device.room = 0;
  greedy.send("g".repeat(20_000));
  modest.send("m");
  third.send("t".repeat(300));
  for (let turn = 0; turn < 20; turn++) {
    world.device.room = 50;
    await world.settle();
  }
  t.match(world.device.written, /m/);
  t.match(world.device.written, /t{100}/);
});

t.test("a peer that joins while another is behind gets the banner, and no earlier data", async t => {
  const world = new World();
  world.port("BANNER:b:hi ", `${LINE} b`);
  const slow = await world.call("7000");
  slow.room = 0;
  world.device.send("old ");
  await world.settle();
  const late = await world.call("7000");
  slow.room = 100;
  await world.settle();
  world.device.send("new");
  await world.settle();
  t.equal(slow.received, "hi old new");
  t.equal(late.received, "hi new");
});

t.test("joining or answering while bytes wait for chardelay loses none (BUG-13)", async t => {
  const world = new World();
  world.port(
    "BANNER:b:hi ",
    "7000:telnet:0:/dev/ttyA:9600 b max-connections=2 chardelay-min=50000 chardelay-max=50000",
  );
  const one = await world.call("7000");
  one.take();
  world.device.send("PENDING");
  await world.pass(10);
  const two = await world.call("7000");
  one.send("\xff\xfd\x18");
  await world.pass(60);
  t.equal(one.take(), "\xff\xfc\x18PENDING");
  t.match(two.take(), /hi PENDING$/);
});

t.test("bytes whose chardelay runs out while an answer is stuck follow it", async t => {
  const world = new World();
  world.port("7000:telnet:0:/dev/ttyA:9600 chardelay-min=20000");
  const link = await world.call("7000");
  link.take();
  world.device.send("data");
  await world.settle();
  link.room = 1;
  link.send("\xff\xfd\x18");
  await world.pass(50);
  t.equal(link.take(), "\xff");
  link.room = 100;
  t.equal(link.take(), "\xfc\x18data");
});

t.test("while the device is blocked nothing more than one read is held for it", async t => {
  const world = new World();
  const port = world.port(LINE);
  const link = await world.call("7000");
  world.device.room = 0;
  link.send(new Uint8Array(100_000));
  await world.pass(100);
  t.ok(link.unread >= 100_000 - 16_384);
  t.equal(port.status().toDevice, "waiting output");
});
