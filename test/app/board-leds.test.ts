/** A board's LEDs beside its ports: profile, ports on fakes, LEDs in a folder. */
import t, { type Test } from "tap";
import { BoardLeds } from "../../service/app/board-leds.js";
import { loadProfile, profileFacts } from "../../service/board/load.js";
import { readConfiguration } from "../../service/config/resolve.js";
import { readSolDevice } from "../../service/config/sol-arguments.js";
import { DeviceError } from "../../service/device/device.js";
import { Leds } from "../../service/led/sysfs.js";
import { Port } from "../../service/port/port.js";
import { boards, machineOf } from "../board/tree.js";
import { World } from "../support/fake-environment.js";
import { type FakeLed, FakeLeds } from "../support/fake-leds.js";

const PORT1 = {
  id: "port1",
  device: "/dev/ttyS0",
  networkPort: "2001",
  state: "raw",
  leds: { rx: "flash", tx: "flash", link: "link", fault: "fault" },
};
const PORT2 = { id: "port2", device: "/dev/ttyS1", presence: "required" };
const LEDS = [
  { id: "flash", sysfs: "green" },
  { id: "link", sysfs: "amber", trigger: "none" },
  { id: "fault", sysfs: "red", trigger: "none" },
  { id: "status", sysfs: "blue", function: "ok" },
  { id: "alarm", sysfs: "alarm", function: "fault" },
];

type Document = { readonly ports?: readonly object[]; readonly leds?: readonly object[] };

/** `conf` is read behind the profile's lines. */
async function serve(t: Test, document: Document = {}, conf = "") {
  const world = new World();
  const fake = new FakeLeds(t);
  const names = ["green", "amber", "red", "blue", "alarm"] as const;
  const led = Object.fromEntries(names.map(name => [name, fake.add(name)])) as Record<(typeof names)[number], FakeLed>;
  const warnings: string[] = [];
  const leds = new Leds(text => warnings.push(text), { root: fake.root, clock: world.time });
  const boardLeds = new BoardLeds({
    leds,
    nodeWatcher: world.environment.nodeWatcher,
    ports: world.ports,
    clock: world.time,
  });
  t.teardown(() => boardLeds.close());
  world.environment.changed = port => boardLeds.portChanged(port);
  world.environment.led = config => (config === null ? null : boardLeds.open(config));

  /** Configures ports and LEDs as a start and a reload do. */
  const configure = (profile: Document, text: string) => {
    const root = boards(t, { x: { ports: [PORT1, PORT2], leds: LEDS, ...profile } });
    const loaded = loadProfile("x", machineOf(root, [root]));
    t.same(loaded.diagnostics, []);
    const sources = [loaded.text, text].map(each => ({ file: null, text: each }));
    const { ports } = readConfiguration(sources, { serviceLookup: () => null, readSolDevice });
    boardLeds.configure(profileFacts(loaded.profile, ports), ports);
    return ports;
  };
  for (const config of configure(document, conf)) {
    const port = new Port(config, world.environment);
    world.ports.add(port);
    port.start();
  }
  return {
    world,
    boardLeds,
    led,
    configure,
    warnings,
    /** The LEDs that are on when everything has settled. */
    lit: async () => {
      await world.settle();
      return names.filter(name => led[name].isLit).join(" ");
    },
  };
}

t.test("the link LED is on while a connection exists", async t => {
  const { world, lit } = await serve(t);
  t.equal(await lit(), "blue", "the box is well");
  const link = await world.call("2001");
  t.equal(await lit(), "amber blue");
  link.finish();
  t.equal(await lit(), "blue");
});

t.test("the fault LED is on while the device is missing, and while it does not work", async t => {
  const { world, lit } = await serve(t);
  await world.unplug("/dev/ttyS0");
  t.equal(await lit(), "red blue", "the box does not need it");
  await world.plug("/dev/ttyS0");
  t.equal(await lit(), "blue");
  world.open = () => {
    throw new DeviceError("open-failed", "/dev/ttyS0", "Input/output error");
  };
  await world.call("2001");
  t.equal(await lit(), "red blue");
  world.open = config => world.makeDevice(config);
  await world.call("2001");
  t.equal(await lit(), "amber blue");
});

t.test("a device that another program uses, or a call that ends by a hang-up, is not a fault", async t => {
  const { world, lit } = await serve(t);
  world.open = () => {
    throw new DeviceError("locked", "/dev/ttyS0", "Device is locked");
  };
  await world.call("2001");
  t.equal(await lit(), "blue");
  world.open = config => world.makeDevice(config);
  await world.call("2001");
  t.equal(await lit(), "amber blue");
  world.device.hangUp();
  t.equal(await lit(), "blue");
});

t.test("the box has a fault while a required device is missing, whether a port serves it or not", async t => {
  for (const ports of [
    [PORT1, PORT2],
    [PORT1, { ...PORT2, networkPort: "2002" }],
  ]) {
    const { world, lit } = await serve(t, { ports });
    await world.unplug("/dev/ttyS1");
    t.equal(await lit(), "alarm");
    await world.plug("/dev/ttyS1");
    t.equal(await lit(), "blue");
  }
});

t.test("a held connection is one, and its missing device a fault", async t => {
  const { world, lit } = await serve(t, { ports: [{ ...PORT1, holdSeconds: 3 }, PORT2] });
  await world.call("2001");
  world.device.hangUp();
  t.equal(await lit(), "amber red blue");
  await world.pass(1000);
  t.equal(await lit(), "amber blue", "it was only hung up");
});

t.test("a line of ser2net.conf for the same connector counts as well", async t => {
  const { world, lit } = await serve(t, {}, "3001:raw:0:port1:9600\n");
  await world.call("3001");
  t.equal(await lit(), "amber blue");
});

t.test("two ports may share a link LED", async t => {
  const second = { ...PORT2, networkPort: "2002", state: "raw", leds: { link: "link" } };
  const { world, lit } = await serve(t, { ports: [PORT1, second] });
  const [one, two] = [await world.call("2001"), await world.call("2002")];
  one.finish();
  t.equal(await lit(), "amber blue");
  two.finish();
  t.equal(await lit(), "blue");
});

t.test("where the kernel can it shows the traffic of an on-board UART by itself, while the port is open", async t => {
  const { world, led } = await serve(t);
  t.equal(led.green.trigger, "tty");
  t.equal(led.green.read("ttyname"), "\n");
  const link = await world.call("2001", "x");
  t.equal(led.green.read("ttyname"), "ttyS0");
  t.equal(led.green.read("activate"), "", "nothing for us to do");
  link.finish();
  await world.settle();
  t.equal(led.green.read("ttyname"), "\n");
});

t.test("elsewhere the LED line counts", async t => {
  const flashing = { ...LEDS[0], durationMs: 40 };
  const cases: Readonly<Record<string, [Document, string]>> = {
    "a USB adapter": [{ ports: [{ ...PORT1, device: "/dev/serial/by-id/usb-x" }] }, ""],
    "an adapter by number": [{ ports: [{ ...PORT1, device: "/dev/ttyACM0" }] }, ""],
    "a LED that is dark for traffic": [{ leds: [{ ...flashing, state: 0 }, ...LEDS.slice(1)] }, ""],
    "a LED for two lines": [{}, "2002:raw:0:port2:9600 led-rx=flash\n"],
  };
  for (const [name, [document, conf]] of Object.entries(cases)) {
    const { led, world } = await serve(t, document, conf);
    await world.call("2001", "x");
    t.equal(led.green.trigger, "transient", name);
    t.equal(led.green.read("activate"), "1", name);
    t.equal(led.green.read("ttyname"), "", name);
  }
});

t.test("the person at the rack sees the link LED blink, then what it showed before", async t => {
  const { world, boardLeds, led, lit } = await serve(t);
  await world.call("2001");
  t.equal(await lit(), "amber blue");
  t.ok(boardLeds.identify("2001", 2));
  const seen = [];
  for (let quarter = 0; quarter < 4; quarter++) {
    seen.push(led.amber.isLit);
    await world.pass(250);
  }
  t.same(seen, [true, false, true, false]);
  await world.pass(1100);
  t.equal(await lit(), "amber blue");
  await world.pass(1000);
  t.equal(await lit(), "amber blue");
});

t.test("asked again, a LED blinks on for the new time; 0 seconds end it", async t => {
  const { world, boardLeds, led, lit } = await serve(t);
  boardLeds.identify("2001", 1);
  await world.pass(900);
  boardLeds.identify("2001", 10);
  await world.pass(5100);
  const before = led.amber.isLit;
  await world.pass(250);
  t.not(led.amber.isLit, before);
  boardLeds.identify("2001", 0);
  await world.pass(1);
  t.equal(await lit(), "blue");
});

t.test("without a link LED another one of the port blinks; without any nothing does", async t => {
  const ports = [
    { ...PORT1, leds: { rx: "flash", fault: "fault" } },
    { ...PORT2, networkPort: "2002" },
  ];
  const { world, boardLeds, led } = await serve(t, { ports });
  t.ok(boardLeds.identify("2001", 1));
  t.equal(led.green.trigger, "none");
  t.ok(led.green.isLit);
  led.green.settle();
  await world.pass(1001);
  t.equal(led.green.trigger, "tty");
  t.notOk(boardLeds.identify("2002", 1));
  t.notOk(boardLeds.identify("9999", 1));
});

t.test("a reload changes what they show", async t => {
  const { world, configure, led, lit } = await serve(t);
  await world.call("2001");
  t.equal(await lit(), "amber blue");
  led.green.settle();
  configure({ ports: [{ ...PORT1, leds: { link: "fault" } }, PORT2] }, "");
  t.equal(await lit(), "red blue");
  t.equal(led.green.trigger, "none", "given back");
  t.equal(led.amber.trigger, "none");
});

t.test("at the end all are dark", async t => {
  const { world, boardLeds, led, lit } = await serve(t);
  await world.call("2001");
  boardLeds.identify("2001", 100);
  led.green.settle();
  boardLeds.close();
  t.equal(await lit(), "");
  t.equal(led.green.trigger, "none");
  await world.pass(1000);
  t.equal(await lit(), "");
});
