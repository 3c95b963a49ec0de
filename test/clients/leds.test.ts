/** LEDs that flash with the traffic of their ports, in a folder that stands in for /sys/class/leds. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { Client } from "../support/client.js";
import { temporaryFolder } from "../support/daemon.js";
import { NEEDS_NAMESPACE, withPrivateFiles } from "../support/namespace.js";
import { serveOnePort } from "../support/one-port.js";
import { until } from "../support/wait.js";

const TRIGGERS = "[none] timer transient heartbeat\n";

/** A LED as the kernel shows it once the transient trigger is set. */
function makeLed(leds: string, name: string, triggers = TRIGGERS) {
  const folder = join(leds, name);
  mkdirSync(folder);
  const files = { trigger: triggers, brightness: "0\n", duration: "0\n", state: "0\n", activate: "" };
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  const read = (file: keyof typeof files) => readFileSync(join(folder, file), "latin1");
  return {
    read,
    isTaken: () => read("trigger") === "transient",
    forget: () => writeFileSync(join(folder, "activate"), ""),
    flashed: () => until(`${name} flashes`, () => read("activate") === "1"),
  };
}

async function serveLeds(t: Test, lines: readonly string[], options: string, triggers = TRIGGERS) {
  const leds = temporaryFolder(t);
  const [rx, tx] = [makeLed(leds, "board:green:rx", triggers), makeLed(leds, "board:red:tx", triggers)];
  const under = withPrivateFiles({ leds });
  const served = await serveOnePort(
    t,
    { before: ["OPENSTR:o:<open>", "CLOSESTR:c:<close>", ...lines], options: `9600 ${options} o c` },
    { under, foreground: "-d" },
  );
  return { ...served, rx, tx };
}

const RX = "LED:rx:sysfs:device=board:green:rx duration=20";
const TX = "LED:tx:sysfs:DEVICE=board:red:tx duration=30 state=0";

t.test("set up at the start, flashed by traffic in its direction, given back at the end", NEEDS_NAMESPACE, async t => {
  const { daemon, device, port, rx, tx } = await serveLeds(t, [RX, TX], "led-rx=rx led-tx=tx");
  t.same([rx.read("trigger"), rx.read("duration"), rx.read("state")], ["transient", "20", "1"]);
  t.same([tx.read("trigger"), tx.read("duration"), tx.read("state")], ["transient", "30", "0"]);
  const client = await Client.connect(t, port);
  await device.expect("<open>");
  t.same([rx.read("activate"), tx.read("activate")], ["", ""], "openstr is no traffic");
  client.send("to the device");
  await device.expect("to the device");
  await tx.flashed();
  t.equal(rx.read("activate"), "");
  tx.forget();
  device.send("from the device");
  await client.expect("from the device");
  await rx.flashed();
  t.equal(tx.read("activate"), "");
  rx.forget();
  await until("it is lit again", () => {
    device.send(".");
    return rx.read("activate") === "1";
  });
  await daemon.stop();
  t.same([rx.read("trigger"), rx.read("brightness")], ["none", "0"]);
  t.same([tx.read("trigger"), tx.read("brightness")], ["none", "0"]);
});

t.test(
  "SIGHUP: a removed LED is given back, a new one set up, a live session keeps its own",
  NEEDS_NAMESPACE,
  async t => {
    const { daemon, device, name, port, rx, tx, untilFree } = await serveLeds(t, [RX], "led-rx=rx");
    t.notOk(tx.isTaken());
    const client = await Client.connect(t, port);
    await device.expect("<open>");
    daemon.hup([TX, `${name}:raw:0:${device.path}:9600 led-tx=tx`]);
    await until("the new one is set up", tx.isTaken);
    device.send("x");
    await client.expect("x");
    await rx.flashed();
    t.ok(rx.isTaken());
    await client.close();
    await untilFree();
    await until("the old one is given back", () => rx.read("trigger") === "none");
  },
);

t.test("LEDs that do not work are said once, and the port is served", NEEDS_NAMESPACE, async t => {
  const lines = [RX, "LED:gone:sysfs:device=nowhere", "LED:bad:gpio:device=board:red:tx"];
  const { daemon, device, port } = await serveLeds(t, lines, "led-rx=rx led-tx=gone", "[none] timer\n");
  const { errors } = daemon.running;
  await errors.expect(/Unknown LED driver 'gpio' for LED 'bad' on 5/);
  await errors.expect(/LED '(rx|gone)' does not work: .*\n/);
  await errors.expect(/LED '(rx|gone)' does not work: .*\n/);
  const client = await Client.connect(t, port);
  client.send("served");
  await device.expect("served");
  device.send("still");
  await client.expect("still");
});
