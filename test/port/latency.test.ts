import t from "tap";
import { World } from "../support/fake-environment.js";
import type { FakeLink } from "../support/fake-link.js";

/** Sends at these moments, in both directions; when each byte came out, at most. */
async function delays(world: World, link: FakeLink, from: "net" | "device", everyMs: number, count: number) {
  const sentMs: number[] = [];
  const waits: number[] = [];
  const out = (): number => (from === "net" ? world.device.written.length : link.received.length);
  const before = out();
  const note = (): void => {
    while (waits.length < out() - before) waits.push(world.time.nowMs() - (sentMs[waits.length] ?? 0));
  };
  const passAndNote = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed++) {
      await world.pass(1);
      note();
    }
  };
  for (let index = 0; index < count; index++) {
    sentMs.push(world.time.nowMs());
    if (from === "net") link.send("x");
    else world.device.send("x");
    await world.settle();
    note();
    await passAndNote(everyMs);
  }
  await passAndNote(20);
  return waits;
}

for (const from of ["net", "device"] as const) {
  t.test(`keys from the ${from} are passed on at once`, async t => {
    const world = new World();
    world.port("7000:raw:0:/dev/ttyA:9600");
    const waits = await delays(world, await world.call("7000"), from, 50, 10);
    t.same(
      waits,
      Array.from({ length: 10 }, () => 0),
    );
  });

  t.test(`a stream from the ${from} is moved along at ticks`, async t => {
    const world = new World();
    world.port("7000:raw:0:/dev/ttyA:9600");
    const link = await world.call("7000");
    const waits = await delays(world, link, from, 1, 600);
    t.equal(waits.length, 600);
    t.ok(Math.max(...waits) <= 2, `${Math.max(...waits)} ms`);
    if (from === "device") t.ok(link.writes.length < 450, `${link.writes.length} writes, 256 of them at once`);
  });

  t.test(`-chardelay passes everything from the ${from} on at once`, async t => {
    const world = new World();
    world.port("7000:raw:0:/dev/ttyA:9600 -chardelay");
    const waits = await delays(world, await world.call("7000"), from, 1, 50);
    t.same(
      waits,
      Array.from({ length: 50 }, () => 0),
    );
  });
}

t.test("chardelay-max to the letter: one byte each 10 ms, min 20 ms, max 50 ms", async t => {
  const world = new World();
  world.port("7000:raw:0:/dev/ttyA:9600 chardelay-min=20000 chardelay-max=50000");
  const link = await world.call("7000");
  for (let index = 0; index < 10; index++) {
    world.device.send(String(index));
    await world.settle();
    await world.pass(10);
  }
  await world.pass(50);
  t.same(link.writes, ["01234", "56789"]);
});

t.test("a configured buffer bounds each piece, and leaves as soon as it is full", async t => {
  const world = new World();
  world.port("7000:raw:0:/dev/ttyA:9600 dev-to-net-bufsize=64 chardelay-min=1000");
  const link = await world.call("7000");
  world.device.send("d".repeat(200));
  await world.settle();
  t.same(
    link.writes.map(({ length }) => length),
    [64, 64, 64],
  );
  await world.pass(3);
  t.equal(link.writes[3]?.length, 8);
});

t.test("without one the size of a piece is not limited", async t => {
  const world = new World();
  world.port("7000:raw:0:/dev/ttyA:9600");
  const link = await world.call("7000");
  world.device.send("d".repeat(1000));
  await world.pass(20);
  t.equal(link.received.length, 1000);
});

t.test("a telnet chunk with IAC in it stays within a configured buffer", async t => {
  const world = new World();
  world.port("7000:telnet:0:/dev/ttyA:9600 dev-to-net-bufsize=64 -chardelay");
  const link = await world.call("7000");
  const before = link.writes.length;
  world.device.send("\xff".repeat(100));
  await world.settle();
  t.ok(link.writes.slice(before).every(piece => piece.length <= 64));
  t.equal(link.writes.slice(before).join(""), "\xff".repeat(200));
});

t.test("answers to telnet commands that came together leave in one piece, before the data behind them", async t => {
  const world = new World();
  world.port("7000:telnet:0:/dev/ttyA:9600 remctl");
  const link = await world.call("7000");
  link.take();
  const before = link.writes.length;
  link.send("\xff\xfb\x18\xff\xfb\x1f\xff\xfd\x05x\xff\xfd\x06");
  await world.settle();
  t.same(link.writes.slice(before), ["\xff\xfe\x18\xff\xfe\x1f\xff\xfc\x05", "\xff\xfc\x06"]);
  t.equal(world.device.written, "x");
});

t.test("more answers than are gathered all arrive, in their order", async t => {
  const world = new World();
  world.port("7000:telnet:0:/dev/ttyA:9600");
  const link = await world.call("7000");
  link.take();
  const options = Array.from({ length: 600 }, (_, at) => String.fromCharCode(100 + (at % 100)));
  link.send(options.map(option => `\xff\xfb${option}`).join(""));
  await world.pass(20);
  t.equal(link.take(), options.map(option => `\xff\xfe${option}`).join(""));
});

t.test("a flood of telnet commands is read a little at a time; what follows it is not", async t => {
  const world = new World();
  world.port("7000:telnet:0:/dev/ttyA:9600");
  const link = await world.call("7000");
  link.send(`${"\xff\xf1".repeat(1000)}x`);
  await world.settle();
  t.equal(link.unread, 2001 - 512, "not before the next tick");
  const taken: number[] = [];
  while (link.unread > 0) {
    const before = link.unread;
    await world.pass(2);
    taken.push(before - link.unread);
  }
  t.ok(Math.max(...taken) <= 512, taken.join());
  await world.pass(20);
  link.send("y".repeat(3000));
  await world.settle();
  t.equal(world.device.written, `x${"y".repeat(3000)}`);
});
