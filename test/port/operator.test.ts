import t from "tap";
import { STANDARD_LINE } from "../../service/line/settings.js";
import { readLines } from "../config/read.js";
import { World } from "../support/fake-environment.js";

t.test("status of a port without connections, and of one in use", async t => {
  const world = new World();
  const port = world.port("DEVICE:con:/dev/ttyA", "7000:telnet:60:con:9600 max-connections=2 -chardelay");
  t.match(port.status(), {
    name: "7000",
    state: "telnet",
    timeoutSeconds: 60,
    slots: [null, null],
    devicePath: "/dev/ttyA",
    deviceWritten: "con",
    line: { speed: 9600 },
    lineInForce: null,
    control: null,
    modemState: null,
    toDevice: "unconnected",
    toNet: "unconnected",
    pending: "none",
    lastError: null,
  });
  const link = await world.call("7000", "12\xff\xf1\xff\xff");
  world.device.send("a\xff");
  await world.settle();
  t.match(port.status(), {
    slots: [{ address: "127.0.0.1", port: link.peer.port, bytesFromNet: 6, bytesToNet: 3, idleSeconds: 0 }, null],
    control: { dtr: true, rts: true },
    toDevice: "waiting input",
    toNet: "waiting input",
    bytesFromDevice: 2,
    bytesToDevice: 3,
  });
});

t.test("counts include what a slow peer and a slow device took later (BUG-16)", async t => {
  const world = new World();
  const port = world.port("OPENSTR:o:12345", "7000:raw:0:/dev/ttyA:9600 o -chardelay");
  const link = await world.call("7000");
  link.room = 1;
  world.device.send("abcd");
  world.device.room = 1;
  link.send("xyz");
  await world.settle();
  link.room = 10;
  world.device.room = 10;
  await world.settle();
  t.match(port.status(), { bytesFromDevice: 4, bytesToDevice: 8, slots: [{ bytesToNet: 4, bytesFromNet: 3 }] });
  link.finish();
  await world.settle();
  t.match(port.status(), { bytesFromDevice: 0, bytesToDevice: 0 });
});

t.test("connection ids are never used twice", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:9600");
  const ids: (number | undefined)[] = [];
  for (let round = 0; round < 3; round++) {
    const link = await world.call("7000");
    ids.push(port.status().slots[0]?.id);
    link.finish();
    await world.settle();
  }
  t.equal(new Set(ids).size, 3);
});

t.test("one monitor a port; it hears its direction only, and the owner ends it", async t => {
  const world = new World();
  const port = world.port("7000:telnet:0:/dev/ttyA:9600 -chardelay");
  const heard: string[] = [];
  const sink = (bytes: Uint8Array): void => void heard.push(Buffer.from(bytes).toString("latin1"));
  const stop = port.monitor("tcp", sink, () => t.fail("it is not over"));
  t.type(stop, "function", "an idle port may be monitored");
  t.equal(
    port.monitor("term", sink, () => {}),
    null,
    "taken",
  );
  const link = await world.call("7000", "m\xff\xffn\xff\xf1");
  world.device.send("unheard");
  await world.pass(20);
  t.equal(heard.join(""), "m\xffn");
  stop?.();
  const other = port.monitor("term", sink, () => {});
  stop?.(); // no longer the owner
  world.device.send("p\xffq");
  await world.pass(20);
  t.equal(heard.join(""), "m\xffnp\xffq");
  other?.();
  link.send("more");
  world.device.send("more");
  await world.pass(20);
  t.equal(heard.join(""), "m\xffnp\xffq");
});

t.test("a monitor goes on over sessions and new definitions, and ends with the port (BUG-23)", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:9600");
  let heard = "";
  let ended = 0;
  const stop = port.monitor(
    "tcp",
    bytes => (heard += Buffer.from(bytes).toString("latin1")),
    () => ended++,
  );
  const one = await world.call("7000", "1");
  port.reconfigure(world.config("7000:raw:5:/dev/ttyB:9600"), null);
  one.finish();
  await world.settle();
  const two = await world.call("7000", "2");
  t.equal(heard, "12");
  port.removeWhenFree(null);
  t.equal(ended, 0, "not while a peer is connected");
  two.send("3");
  await world.pass(20);
  t.equal(heard, "123");
  two.finish();
  await world.settle();
  t.equal(ended, 1);
  stop?.();
  t.same(world.removed, ["7000"]);
});

t.test("the monitor ends when the program does", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:9600");
  let ended = 0;
  port.monitor(
    "tcp",
    () => {},
    () => ended++,
  );
  await port.shutdown();
  t.equal(ended, 1);
});

t.test("lines are driven at once, on an open port only", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:9600");
  t.notOk(port.drive({ dtr: true }));
  await world.call("7000");
  t.ok(port.drive({ dtr: false }));
  t.ok(port.drive({ rts: false }));
  t.same(world.device.line?.calls, ['drive {"dtr":false}', 'drive {"rts":false}']);
  t.same(port.status().control, { dtr: false, rts: false });
});

t.test("setportconfig: serial words from the next open on, the others at once, a bad word refuses all", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:115200 EVEN");
  const first = await world.call("7000");
  t.equal(port.setConfig("2400 kickolduser"), null);
  t.equal(port.status().line?.speed, 2400);
  t.equal(port.status().lineInForce?.speed, 115_200);
  t.equal(port.status().line?.parity, "none", "it starts from the DEFAULTs");
  const second = await world.call("7000");
  t.ok(first.closed, "kicked");
  t.notOk(second.closed);
  t.equal(port.status().lineInForce?.speed, 2400);
  t.equal(port.setConfig("4800 nonsense 300"), "Unknown config item: nonsense");
  t.equal(port.status().line?.speed, 2400);
});

t.test("SetLine with a + keeps what a client has set", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:115200 EVEN LOCAL");
  await world.call("7000");
  world.device.line?.set({ ...STANDARD_LINE, speed: 300, stopBits: 2 });
  t.equal(port.setLine("+ODD"), null);
  t.match(port.status().lineInForce, { speed: 300, parity: "odd", stopBits: 2 }, "of the open device");
  t.match(port.status().line, { speed: 115_200, parity: "odd", stopBits: 1, local: true }, "of the next opening");
  t.equal(port.setLine("ODD"), null);
  t.match(port.status().lineInForce, { speed: 9600, parity: "odd", stopBits: 1, local: false });
});

t.test("setportconfig never touches what a port was made with (BUG-12)", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:9600");
  await world.call("7000");
  t.not(port.setConfig("9600 max-connections=5"), null);
  t.equal(port.status().slots.length, 1);
  t.equal((await world.call("7000")).received, "Port already in use\r\n");
});

t.test("banners that are set while the port is in use are for new peers", async t => {
  const world = new World();
  const texts = ["BANNER:old:old", "BANNER:new:new"];
  world.environment.optionContext = () => readLines(...texts).finalContext;
  const port = world.port(...texts, "7000:raw:0:/dev/ttyA:9600 old max-connections=2");
  const one = await world.call("7000");
  t.equal(port.setConfig("9600 new"), null);
  const two = await world.call("7000");
  t.same([one.received, two.received], ["old", "new"]);
});

t.test("everything that changes is told", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:9600");
  const acts: readonly [string, () => unknown][] = [
    ["a call", () => world.call("7000")],
    ["a timeout", () => port.setTimeoutSeconds(5)],
    ["lines", () => port.drive({ rts: false })],
    ["options", () => port.setConfig("9600 kickolduser")],
    ["a state", () => port.setState("telnet")],
    ["an end", () => port.disconnect()],
  ];
  for (const [name, act] of acts) {
    const before = world.changes;
    await act();
    await world.settle();
    t.ok(world.changes > before, name);
  }
});

t.test("settings an operator gives an open line count at once, and a bad word changes nothing", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:115200 EVEN");
  t.equal(port.setLine("19200"), null, "also without a connection");
  t.equal(port.status().line?.speed, 19_200);
  await world.call("7000");
  t.equal(port.setLine("2400 ODD"), null);
  t.match(port.status(), { line: { speed: 2400, parity: "odd" }, lineInForce: { speed: 2400, parity: "odd" } });
  t.equal(port.setLine("4800 nonsense"), "Unknown config item: nonsense");
  t.match(port.status(), { line: { speed: 2400 }, lineInForce: { speed: 2400 } });
  t.same(world.device.line?.calls, ["set 2400 O81"]);
});

t.test("a break of an operator's, on an open line only", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:9600");
  t.notOk(port.sendBreak());
  await world.call("7000");
  t.ok(port.sendBreak());
  t.same(world.device.line?.calls, ["break"]);
});

t.test("a port that never comes to its end is a problem, one that does is none", async t => {
  const world = new World();
  world.open = config => Object.assign(world.makeDevice(config), { close: () => new Promise<void>(() => {}) });
  const port = world.port("7000:raw:0:/dev/ttyA:9600");
  const link = await world.call("7000");
  t.equal(port.condition, "connected");
  link.finish();
  await world.settle();
  world.time.pass(30_000);
  t.equal(port.problem(), null);
  world.time.pass(5000); // what a full queue takes at 9600
  t.equal(port.problem(), "port 7000 has been closing for 35 s");
  t.equal(port.condition, "closing");
});

t.test("a port that does not listen any more is a problem", async t => {
  const world = new World();
  const port = world.port("7000:raw:0:/dev/ttyA:9600");
  t.equal(port.problem(), null);
  world.listener("7000").isBroken = true;
  t.equal(port.problem(), "port 7000 does not listen any more");
});

t.test("a refused command changes nothing, wherever its wrong word stands", async t => {
  const world = new World();
  const port = world.port("7000:raw:5:/dev/ttyA:19200 EVEN kickolduser");
  await world.call("7000");
  const before = () => JSON.stringify([port.status(), world.device.line?.settings, world.device.line?.calls]);
  const untouched = before();
  for (const words of [
    "bogus",
    "9600 bogus",
    "bogus 9600",
    "9600 -kickolduser chardelay-min=x NONE",
    "telnet_brk_on_sync ODDD",
  ]) {
    t.not(port.setConfig(words), null, words);
    t.not(port.setLine(words), null, words);
    t.equal(before(), untouched, words);
  }
  const other = await world.call("7000");
  t.notOk(other.closed, "kickolduser is still there");
});
