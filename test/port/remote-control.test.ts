import t from "tap";
import type { LineCounters, ModemState } from "../../service/line/modem.js";
import type { FakeLine } from "../support/fake-device.js";
import { World } from "../support/fake-environment.js";
import type { FakeLink } from "../support/fake-link.js";
import { randomNumbers } from "../support/random.js";

const WILL = "\xff\xfb\x2c";
const NO_LINES: ModemState = { cts: false, dsr: false, dcd: false, ri: false };
const NO_ERRORS: LineCounters = {
  cts: 0,
  dsr: 0,
  ri: 0,
  dcd: 0,
  frame: 0,
  overrun: 0,
  parity: 0,
  break: 0,
  bufferOverrun: 0,
};

interface Trial {
  readonly world: World;
  readonly link: FakeLink;
  readonly line: FakeLine;
  /** Requests in one chunk; the answers, as hexadecimal bodies of COM-PORT suboptions. */
  ask(...requests: readonly number[][]): Promise<string>;
  /** What came since. */
  news(): string;
}

interface Setting {
  readonly options?: string;
  readonly modem?: ModemState | null;
  readonly counts?: LineCounters | null;
  readonly before?: readonly string[];
}

/** A client that has agreed on COM-PORT-OPTION, all told. */
async function agree({ options = "", modem = null, counts = null, before = [] }: Setting = {}): Promise<Trial> {
  const world = new World();
  world.open = config => {
    const device = world.makeDevice(config);
    if (device.line !== null) Object.assign(device.line, { modem, counts });
    return device;
  };
  world.port(...before, `7000:telnet:0:/dev/ttyA:9600 remctl max-connections=2 -chardelay ${options}`.trimEnd());
  const link = await world.call("7000", WILL);
  link.take();
  const { line } = world.device;
  if (line === null) throw new Error("no line");
  const news = (): string => bodies(link.take());
  return {
    world,
    link,
    line,
    news,
    async ask(...requests) {
      link.send(Buffer.from(requests.map(suboption).join(""), "latin1"));
      await world.settle();
      return news();
    },
  };
}

function suboption(body: readonly number[]): string {
  return `\xff\xfa\x2c${Buffer.from(body).toString("latin1").replaceAll("\xff", "\xff\xff")}\xff\xf0`;
}

/** `65 00 00 25 80, 66 08` */
function bodies(received: string): string {
  const found = [...received.matchAll(/\xff\xfa\x2c((?:[^\xff]|\xff\xff)*)\xff\xf0/g)].map(([, body = ""]) =>
    hex(body.replaceAll("\xff\xff", "\xff")),
  );
  return found.join(", ");
}

function hex(text: string): string {
  return [...Buffer.from(text, "latin1")].map(byte => byte.toString(16).padStart(2, "0")).join(" ");
}

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

t.test("modem lines: changes are told with their deltas, within the mask", async t => {
  const { ask, line, news, world } = await agree({ modem: NO_LINES });
  const after = async (modem: Partial<ModemState>): Promise<string> => {
    line.modem = { ...NO_LINES, ...modem };
    await world.pass(100);
    return news();
  };
  t.equal(await after({}), "", "nothing new, nothing told");
  t.equal(await after({ dcd: true }), "6b 88");
  t.equal(await after({ dcd: true, cts: true, dsr: true }), "6b b3");
  t.equal(await after({ dcd: true, cts: true, dsr: true }), "");
  t.equal(await after({ ri: true }), "6b 4b", "RI has no delta when it rises");
  t.equal(await after({}), "6b 04", "and one when it falls");
  t.equal(await ask([11, 0x10]), "6f 10");
  t.equal(await after({ dcd: true, dsr: true }), "", "masked out");
  t.equal(await after({ dcd: true, cts: true }), "6b 10");
  t.equal(await ask([11, 0]), "6f 00");
  t.equal(await after({ cts: true, dcd: true }), "6b 00", "what the mask hides has gone");
  t.equal(await ask([11, 0xff]), "6f ff");
  t.equal(await after({ cts: true, dcd: true }), "6b 90");
});

t.test("line errors are told to those who asked, once", async t => {
  const { ask, line, news, world } = await agree({ counts: NO_ERRORS });
  const after = async (counts: Partial<LineCounters>): Promise<string> => {
    line.counts = { ...(line.counts ?? NO_ERRORS), ...counts };
    await world.pass(100);
    return news();
  };
  t.equal(await after({ frame: 1 }), "", "nobody asked");
  t.equal(await ask([10, 0xff]), "6e ff");
  t.equal(await after({}), "", "what was before is past");
  t.equal(await after({ frame: 3 }), "6a 08");
  t.equal(await after({ break: 1, overrun: 1, parity: 1 }), "6a 16");
  t.equal(await after({ bufferOverrun: 1 }), "6a 02");
  t.equal(await ask([10, 0x10]), "6e 10");
  t.equal(await after({ frame: 4 }), "");
});

t.test("errors from a time when nobody listened are nobody's", async t => {
  const { link, line, world } = await agree({ counts: NO_ERRORS });
  const other = await world.call("7000"); // keeps the device open
  link.finish();
  await world.settle();
  line.counts = { ...NO_ERRORS, parity: 9 };
  other.send(`${WILL}${suboption([10, 0xff])}`);
  await world.settle();
  other.take();
  await world.pass(200);
  t.equal(bodies(other.take()), "");
});

t.test("every client has its own masks and its own news", async t => {
  const { ask, line, news, world } = await agree({ modem: NO_LINES });
  const other = await world.call("7000", WILL);
  other.take();
  await ask([11, 0]);
  line.modem = { ...NO_LINES, cts: true };
  await world.pass(100);
  t.equal(news(), "");
  t.equal(bodies(other.take()), "6b 11");
});

t.test("a device with nothing to look at is not looked at", async t => {
  const { world } = await agree();
  const waiting = world.time.waiting;
  const watched = await agree({ modem: NO_LINES });
  t.equal(watched.world.time.waiting, waiting + 1);
  watched.link.finish();
  await watched.world.settle();
  t.equal(watched.world.time.waiting, 0, "and nobody looks when nobody listens");
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
