/** What a device sent before, for connections that come later. */
import t from "tap";
import { World } from "../support/fake-environment.js";

const PATH = "/dev/ttyA";

function serve(options: string, state = "raw", before: readonly string[] = []) {
  const world = new World();
  const port = world.port(...before, `7000:${state}:0:${PATH}:9600 always-open max-connections=3 ${options}`);
  const send = async (text: string): Promise<void> => {
    world.device.send(text);
    await world.pass(4);
  };
  return { world, port, send };
}

t.test(
  "a new connection is shown the last bytes from the start of a line, then live data; a raw port has no marker",
  async t => {
    const { world, port, send } = serve("replay=19");
    await world.pass(1);
    t.same(port.replay(100), { bytes: new Uint8Array(0), lastMs: 0 });
    await send("first line\r\nsecond line\r\nlogin: ");
    const link = await world.call("7000");
    t.equal(link.received, "login: ", "the second line is cut off");
    await send("bob");
    t.equal(link.received, "login: bob");
    const other = await world.call("7000");
    await send("!");
    t.equal(other.received, "login: bob!");
    t.equal(link.received, "login: bob!");
    t.equal(Buffer.from(port.replay(5)?.bytes ?? []).toString(), " bob!", "without a line end: the last bytes");
    t.equal(Buffer.from(port.replay(1000)?.bytes ?? []).toString(), "login: bob!");
  },
);

t.test("a line that begins with the bytes that are kept is whole", async t => {
  const { world, port, send } = serve("replay=6");
  await world.pass(1);
  await send("abc\nlogin:");
  t.equal((await world.call("7000")).received, "login:");
  t.equal(Buffer.from(port.replay(6)?.bytes ?? []).toString(), "login:");
});

t.test("on a telnet port the marker is behind the banner, and IAC is doubled", async t => {
  const { world, send } = serve("replay=1k b", "telnet", ["BANNER:b:Hello"]);
  await world.pass(1);
  await send("a\xffb\n");
  const { received } = await world.call("7000");
  t.match(received, /Hello\r\n--- replay of 4 bytes, the last at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ---\r\na\xff\xffb\n$/);
});

t.test("without output there is no marker, without the word no replay, and UDP peers get none", async t => {
  const empty = serve("replay=1k", "telnet");
  await empty.world.pass(1);
  t.notMatch((await empty.world.call("7000")).received, "---");
  const without = serve("");
  await without.world.pass(1);
  await without.send("x\n");
  t.equal((await without.world.call("7000")).received, "");
  t.equal(without.port.replay(10), null);
  const world = new World();
  world.port(`udp,7000:raw:0:${PATH}:9600 always-open replay=1k`);
  await world.pass(1);
  world.device.send("secret\n");
  await world.pass(4);
  t.equal((await world.call("udp,7000", "x")).received, "");
});

t.test(
  "a slow connection gets every byte once, and holds the device up only when the replay is full of what it lacks",
  async t => {
    const { world, port, send } = serve("replay=64k");
    await world.pass(1);
    let sent = "";
    const line = async (count: number): Promise<void> => {
      for (let at = 0; at < count; at++) {
        const text = `${String(sent.length).padStart(9, "0")}\n`.repeat(100);
        sent += text;
        await send(text);
      }
    };
    await line(40);
    const fast = await world.call("7000");
    const slow = world.link();
    slow.room = 10;
    world.listener("7000").call(slow);
    await world.settle();
    t.equal(slow.received, sent.slice(0, 10));
    await line(5);
    t.equal(fast.received, sent, "the device goes on");
    t.equal(slow.received.length, 10);
    await line(50);
    t.ok(fast.received.length < sent.length, "until the replay is full");
    slow.room = 5000;
    await world.pass(40);
    for (let rounds = 0; slow.received.length < sent.length && rounds < 500; rounds++) {
      slow.room = 5000;
      await world.pass(4);
    }
    t.equal(slow.received, sent);
    t.equal(fast.received, sent);
    await send("live");
    t.equal(fast.received, `${sent}live`);
    slow.room = 100;
    await world.settle();
    t.equal(slow.received, `${sent}live`);
    t.equal(port.status().slots[1]?.bytesToNet, sent.length + 4);
  },
);

t.test("CLOSEON ends a connection when the replay and the data up to its end are sent", async t => {
  const { world, send } = serve("replay=64k e", "raw", ["CLOSEON:e:END"]);
  await world.pass(1);
  await send("0123456789\n".repeat(3000));
  const slow = world.link();
  slow.room = 100;
  world.listener("7000").call(slow);
  await world.settle();
  await send("theEND");
  t.notOk(slow.closed);
  for (let rounds = 0; !slow.closed && rounds < 100; rounds++) {
    slow.room = 5000;
    await world.pass(4);
  }
  t.ok(slow.received.endsWith("9\ntheEND"));
  t.equal(slow.received.length, 33_006);
});

t.test("another size keeps what fits of it, also while a connection is being shown the old one", async t => {
  const { world, port, send } = serve("replay=64k");
  await world.pass(1);
  const text = "0123456789\n".repeat(4000);
  await send(text);
  const slow = world.link();
  slow.room = 100;
  world.listener("7000").call(slow);
  await world.settle();
  t.equal(port.setConfig("replay=22"), null);
  t.equal(Buffer.from(port.replay(100)?.bytes ?? []).toString(), "0123456789\n0123456789\n");
  slow.room = 1_000_000;
  await world.settle();
  await send("live");
  t.equal(slow.received, `${text}live`);
  t.equal(port.setConfig("replay=0"), null);
  t.equal(port.replay(100), null);
});

t.test("what was kept outlives connections and the device, and is gone with another device", async t => {
  const world = new World();
  const port = world.port(`7000:raw:0:${PATH}:9600 replay=1k`);
  const link = await world.call("7000");
  world.device.send("said\n");
  await world.pass(4);
  link.finish();
  await world.settle();
  t.equal(port.status().phase, "idle");
  t.equal((await world.call("7000")).received, "said\n");
  port.disconnect();
  await world.settle();
  port.reconfigure(world.config("7000:raw:0:/dev/ttyB:9600 replay=1k"), null);
  t.equal(port.replay(10)?.bytes.length, 0);
});
