/** Telnet commands and answers while a peer or the device takes nothing. */
import t from "tap";
import { World } from "../support/fake-environment.js";

t.test("what a telnet peer asks for waits for the data before it, however full the device is", async t => {
  const world = new World();
  world.port("7000:telnet:0:/dev/ttyA:9600 remctl -chardelay");
  const link = await world.call("7000", "\xff\xfb\x2c");
  world.device.room = 2;
  link.send("abcd\xff\xf3ef\xff\xfa\x2c\x02\x07\xff\xf0gh");
  await world.settle();
  t.same([world.device.written, world.device.line?.calls], ["ab", []]);
  world.device.room = 3;
  await world.settle();
  t.same([world.device.written, world.device.line?.calls], ["abcde", ["break"]]);
  world.device.room = 100;
  await world.settle();
  t.same([world.device.written, world.device.line?.calls], ["abcdefgh", ["break", "set 9600 N71"]]);
});

t.test("a long read with many commands in it: each waits for its place", async t => {
  const world = new World();
  world.port("7000:telnet:0:/dev/ttyA:9600 -chardelay");
  const link = await world.call("7000");
  world.device.room = 0;
  link.send(`${"x".repeat(1499)}\xff\xff\xff\xf3`.repeat(8));
  for (let steps = 0; world.device.written.length < 12_000 && steps < 30; steps++) {
    world.device.send("n".repeat(16_384)); // takes the buffer in between
    world.device.room = 700;
    await world.settle();
    const { written, line } = world.device;
    const due = Math.floor(written.length / 1500);
    t.ok([due, due - 1].includes(line?.calls.length ?? -1), `${written.length} bytes, ${line?.calls.length} breaks`);
  }
  world.device.room = 100;
  await world.settle();
  t.match(world.device.written, /^(x{1499}\xff){8}$/);
  t.same(world.device.line?.calls, Array(8).fill("break"));
});

t.test("a telnet peer that does not read its answers is closed in the end", async t => {
  const world = new World();
  const trace = "TRACEFILE:all:/tmp/x";
  world.port(trace, "7000:telnet:0:/dev/ttyA:9600 tb=all");
  const link = await world.call("7000");
  link.room = 0;
  for (let round = 0; round < 40 && !link.closed; round++) {
    link.send("\xff\xfd\x18".repeat(50));
    await world.pass(20);
  }
  t.ok(link.closed);
  t.ok(world.traced.includes("closedConnection telnet output error"));
  t.equal(world.device.written, "");
});

t.test("answers stay between pieces of data", async t => {
  const world = new World();
  world.port("7000:telnet:0:/dev/ttyA:9600 -chardelay");
  const link = await world.call("7000");
  link.take();
  link.room = 3;
  world.device.send("ab\xffcd");
  await world.settle();
  link.send("\xff\xfd\x18");
  await world.settle();
  link.room = 100;
  t.equal(link.take(), "ab\xff\xffcd\xff\xfc\x18");
});

t.test("FLOWCONTROL-SUSPEND holds device data back until RESUME", async t => {
  const world = new World();
  world.port("7000:telnet:0:/dev/ttyA:9600 remctl -chardelay");
  const link = await world.call("7000", "\xff\xfb\x2c");
  link.take();
  link.send("\xff\xfa\x2c\x08\xff\xf0");
  await world.pass(20);
  world.device.send("held");
  await world.settle();
  t.equal(link.take(), "", "and no reply (BUG-35)");
  link.send("typed");
  await world.pass(20);
  t.equal(world.device.written, "typed", "the other direction goes on");
  link.send("\xff\xfa\x2c\x00\xff\xf0");
  await world.pass(20);
  t.equal(link.take(), "\xff\xfa\x2c\x64ser2net\xff\xf0", "answers too");
  link.send("\xff\xfa\x2c\x09\xff\xf0");
  await world.pass(20);
  t.equal(link.take(), "held");
});

t.test("a suspended peer that gives up COM-PORT-OPTION is not suspended for ever", async t => {
  const world = new World();
  world.port("7000:telnet:0:/dev/ttyA:9600 remctl -chardelay");
  const link = await world.call("7000", "\xff\xfb\x2c");
  link.send("\xff\xfa\x2c\x08\xff\xf0\xff\xfc\x2c");
  await world.pass(20);
  link.take();
  world.device.send("data");
  await world.settle();
  t.equal(link.take(), "data");
});
