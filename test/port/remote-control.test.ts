import t from "tap";
import { agree, hex, NO_ERRORS, NO_LINES, suboption, WILL } from "../support/agreed-peer.js";
import { World } from "../support/fake-environment.js";
import { randomNumbers } from "../support/random.js";

t.test("without remctl the option is refused and nothing is done", async t => {
  const world = new World();
  world.port("7000:telnet:0:/dev/ttyA:9600 -chardelay");
  const link = await world.call("7000");
  link.take();
  link.send(`${WILL}${suboption([1, 0, 0, 0x4b, 0])}`);
  await world.settle();
  t.equal(hex(link.take()), "ff fe 2c");
  t.same(world.device.line?.calls, []);
});

t.test("with remctl nothing is done before WILL either (BUG-3), nor after WONT", async t => {
  const world = new World();
  world.port("7000:telnet:0:/dev/ttyA:9600 remctl -chardelay");
  const link = await world.call("7000");
  link.take();
  link.send(suboption([1, 0, 0, 0x4b, 0]));
  await world.settle();
  t.equal(link.take(), "");
  link.send(`${WILL}\xff\xfc\x2c`);
  await world.settle();
  link.take();
  link.send(suboption([1, 0, 0, 0x4b, 0]));
  await world.settle();
  t.equal(link.take(), "");
  t.same(world.device.line?.calls, []);
});

t.test("at WILL the modem state is told before our DO", async t => {
  const world = new World();
  world.open = config => {
    const device = world.makeDevice(config);
    if (device.line !== null) device.line.modem = { cts: true, dsr: true, dcd: true, ri: false };
    return device;
  };
  world.port("7000:telnet:0:/dev/ttyA:9600 remctl");
  const link = await world.call("7000");
  link.take();
  link.send(WILL);
  await world.settle();
  t.match(hex(link.take()), /^ff fa 2c 6b b0 ff f0 ff fd 2c/);
});

t.test("without modem lines the state is 0", async t => {
  const world = new World();
  world.port("7000:telnet:0:/dev/ttyA:9600 remctl");
  const link = await world.call("7000");
  link.take();
  link.send(WILL);
  await world.settle();
  t.equal(hex(link.take()), "ff fa 2c 6b 00 ff f0 ff fd 2c");
});

t.test("line settings: what is asked is set, what the line made of it is answered", async t => {
  const cases: readonly [request: number[], answer: string, calls: string[]][] = [
    [[1, 0, 0, 0x4b, 0], "65 00 00 4b 00", ["set 19200 N81"]],
    [[1, 0, 0, 0, 0], "65 00 00 25 80", []],
    [[1, 0, 7, 8, 0], "65 00 07 08 00", ["set 460800 N81"]],
    [[1, 0xff, 0, 0xff, 0xff], "65 00 00 25 80", []],
    [[1, 0, 0, 0, 1], "65 00 00 25 80", []],
    [[1, 14], "65 0e", ["set 115200 N81"]],
    [[1, 9], "65 08", []],
    [[2, 7], "66 07", ["set 9600 N71"]],
    [[2, 0], "66 08", []],
    [[2, 9], "66 08", []],
    [[3, 3], "67 03", ["set 9600 E81"]],
    [[3, 4], "67 04", ["set 9600 M81"]],
    [[3, 0], "67 01", []],
    [[4, 2], "68 02", ["set 9600 N82"]],
    [[4, 3], "68 01", []],
    [[5, 0], "69 01", []],
    [[5, 2], "69 02", ["set 9600 N81"]],
    [[5, 3], "69 03", ["set 9600 N81"]],
    [[5, 13], "69 0e", []],
    [[5, 15], "69 0f", ["set 9600 N81"]],
    [[5, 20], "69 00", []],
    [[2], "", []],
    [[1, 0, 0], "", []],
    [[13, 1], "", []],
    [[], "", []],
    [[106, 1], "", []],
  ];
  for (const [request, answer, calls] of cases) {
    const { ask, line } = await agree();
    t.equal(await ask(request), answer, `request ${request}`);
    t.same(line.calls, calls, `request ${request}`);
  }
});

t.test("what the line did not take is not claimed", async t => {
  const { ask, line } = await agree();
  line.takes = asked => ({ ...asked, speed: 9600, dataBits: 8 });
  t.equal(await ask([1, 0, 0, 0x4b, 0], [2, 7]), "65 00 00 25 80, 66 08");
});

t.test("a client's settings are for all peers, and gone at the next opening", async t => {
  const { ask, world, link } = await agree();
  await ask([1, 0, 0, 0x4b, 0]);
  t.equal(world.ports.find("7000")?.status().lineInForce?.speed, 19_200);
  t.equal(world.ports.find("7000")?.status().line?.speed, 9600);
  link.finish();
  await world.settle();
  await world.call("7000");
  t.equal(world.device.line?.settings.speed, 9600);
});

t.test("the signature: the port's, else the program's", async t => {
  const own = await agree({ before: ["SIGNATURE:s:My sig %d"], options: "s" });
  t.equal(await own.ask([0]), `64 ${hex("My sig %d")}`);
  const { ask } = await agree();
  t.equal(await ask([0, 0x6a, 0x75]), `64 ${hex("ser2net")}`, "what the client calls itself is ignored");
});

t.test("break by RFC 2217 and by telnet", async t => {
  const { ask, line, link, world } = await agree();
  t.equal(await ask([5, 4], [5, 5], [5, 4], [5, 6], [5, 4]), "69 06, 69 05, 69 05, 69 06, 69 06");
  t.same(line.calls, ["break on", "break off"]);
  link.send("\xff\xf3\xff\xf2");
  await world.settle();
  t.same(line.calls, ["break on", "break off", "break"], "no break for DM");
  const sync = await agree({ options: "telnet_brk_on_sync" });
  sync.link.send("\xff\xf2");
  await sync.world.settle();
  t.same(sync.line.calls, ["break"]);
});

t.test("a break needs no remctl", async t => {
  const world = new World();
  world.port("7000:telnet:0:/dev/ttyA:9600 NOBREAK");
  await world.call("7000", "\xff\xf3");
  t.same(world.device.line?.calls, ["break"]);
});

t.test("DTR and RTS of one chunk go to the line in one call", async t => {
  const { ask, line } = await agree();
  t.equal(await ask([5, 8], [5, 12]), "69 08, 69 0c");
  t.same(line.calls, ['drive {"dtr":true,"rts":false}']);
});

t.test("the same line twice in one chunk is a pulse: two calls, in order", async t => {
  const { ask, line } = await agree();
  await ask([5, 9], [5, 11], [5, 8]);
  t.same(line.calls, ['drive {"dtr":false,"rts":true}', 'drive {"dtr":true}']);
});

t.test("in two chunks they are two calls", async t => {
  const { ask, line } = await agree();
  await ask([5, 9]);
  await ask([5, 12]);
  t.same(line.calls, ['drive {"dtr":false}', 'drive {"rts":false}']);
});

t.test("lines are at the hardware before what was asked or sent after them", async t => {
  const { ask, line, link, world } = await agree();
  await ask([5, 9], [2, 7], [5, 7], [5, 10]);
  t.same(line.calls, ['drive {"dtr":false}', "set 9600 N71"]);
  const written: string[] = [];
  line.drive = control => void written.push(`${JSON.stringify(control)} after ${world.device.written}`);
  link.send(`a${suboption([5, 8])}b`);
  await world.settle();
  t.same(written, ['{"dtr":true} after a']);
  t.equal(world.device.written, "ab");
});

t.test("DTR and RTS read back", async t => {
  const { ask } = await agree();
  t.equal(await ask([5, 7], [5, 10]), "69 08, 69 0b");
  t.equal(await ask([5, 9], [5, 7]), "69 09, 69 09");
  t.equal(await ask([5, 12], [5, 10]), "69 0c, 69 0c");
});

t.test("purge", async t => {
  const { ask, line } = await agree();
  t.equal(await ask([12, 1], [12, 2], [12, 3], [12, 4]), "70 01, 70 02, 70 03, 70 00");
  t.same(line.calls, ["purge input", "purge output", "purge both"]);
});

t.test("a line that is lost under a request ends the port", async t => {
  for (const request of [
    [1, 0, 0, 0x4b, 0],
    [5, 8],
    [5, 5],
    [12, 3],
  ]) {
    const { world, link } = await agree();
    world.device.breakWith("line");
    link.send(`a${suboption(request)}b`);
    await world.settle();
    t.ok(link.closed, `request ${request}`);
    t.equal(world.ports.find("7000")?.status().phase, "idle");
    t.same(world.logged, ["error The dev write for port 7000 had error: lost here"]);
  }
});

t.test("other options' suboptions and notices of the client are ignored", async t => {
  const { ask, link, line, world } = await agree();
  t.equal(await ask([6, 1], [7, 1]), "");
  link.send("\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0");
  await world.settle();
  t.equal(link.take(), "");
  t.same(line.calls, []);
});

const SEED = 20_261_123;

t.test(`no garbage brings a port down (seed ${SEED})`, async t => {
  const random = randomNumbers(SEED);
  const choices = [255, 250, 240, 44, 251, 252, 253, 254, 243, 242];
  const { link, world } = await agree({ modem: NO_LINES, counts: NO_ERRORS });
  for (let round = 0; round < 2000; round++) {
    const length = Math.floor(random() * 30);
    const bytes = Array.from({ length }, () =>
      random() < 0.6 ? (choices[Math.floor(random() * choices.length)] ?? 0) : Math.floor(random() * 256),
    );
    link.send(Uint8Array.from(bytes));
    await world.settle();
    world.time.pass(20);
    world.device.send("x");
    await world.settle();
    link.take();
  }
  link.send("\xff\xf0\xff\xf0\xfd still here");
  for (let turn = 0; turn < 5; turn++) {
    world.time.pass(20);
    await world.settle();
  }
  t.match(world.device.written, /still here$/);
  t.notOk(link.closed);
});
