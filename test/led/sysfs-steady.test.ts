/** LEDs that are switched, that follow a tty by themselves, and that blink to be found. */
import t, { type Test } from "tap";
import { Leds } from "../../service/led/sysfs.js";
import { backgroundClock } from "../../service/line/clock.js";
import { FakeLeds } from "../support/fake-leds.js";
import { until } from "../support/wait.js";

const BOTH = { rx: true, tx: true };
const RX = { rx: true, tx: false };

function setUp(t: Test) {
  const fake = new FakeLeds(t);
  const warnings: string[] = [];
  const clock = { now: 0 };
  const leds = new Leds(text => warnings.push(text), {
    root: fake.root,
    clock: { ...backgroundClock, nowMs: () => clock.now },
  });
  t.teardown(() => leds.close());
  return { fake, leds, warnings, clock };
}

t.test("a steady LED is dark at first, goes on and off, and is given back dark", async t => {
  const { fake, leds } = setUp(t);
  const led = fake.add("amber", { trigger: "none [heartbeat]", brightness: "1" });
  const steady = leds.openSteady("link", "amber");
  t.equal(led.trigger, "none");
  t.equal(led.read("brightness"), "0");
  steady.show("on");
  t.equal(led.read("brightness"), "255");
  steady.show("off");
  t.equal(led.read("brightness"), "0");
  steady.show("on");
  steady.close();
  t.equal(led.read("trigger"), "none");
  t.equal(led.read("brightness"), "0");
});

t.test("a LED is as bright as it can be", async t => {
  const { fake, leds } = setUp(t);
  const [dim, plain] = [fake.add("dim", { max_brightness: "31\n" }), fake.add("plain", { max_brightness: null })];
  leds.openSteady("dim", "dim").show("on");
  leds.openSteady("plain", "plain").show("on");
  t.equal(dim.read("brightness"), "31");
  t.equal(plain.read("brightness"), "255");
});

t.test("what is shown already is not written again", async t => {
  const { fake, leds } = setUp(t);
  const led = fake.add("amber");
  const steady = leds.openSteady("link", "amber");
  steady.show("on");
  led.put("brightness", "untouched");
  steady.show("on");
  t.equal(led.read("brightness"), "untouched");
});

t.test("a LED that blinks goes on and off until it shows something else", async t => {
  const { fake, leds } = setUp(t);
  const led = fake.add("amber");
  const steady = leds.openSteady("link", "amber");
  steady.show("blinking");
  for (const lit of [true, false, true]) await until(`it is ${lit ? "on" : "off"}`, () => led.isLit === lit);
  steady.show("on");
  t.equal(led.read("brightness"), "255");
});

t.test("a steady LED that cannot be switched yet shows what it should as soon as it can", async t => {
  const { fake, leds, warnings } = setUp(t);
  const led = fake.add("amber", { brightness: null });
  leds.openSteady("link", "amber").show("on");
  led.put("brightness", "");
  await until("it is on", () => led.read("brightness") === "255");
  t.same(warnings, []);
});

t.test("a steady LED that does not exist, or not any more, is told once and does no harm", async t => {
  const { fake, leds, warnings, clock } = setUp(t);
  const led = fake.add("amber");
  const missing = leds.openSteady("fault", "missing");
  missing.show("on");
  clock.now += 1000;
  await until("it is told", () => warnings.length > 0);
  const steady = leds.openSteady("link", "amber");
  led.remove("brightness");
  for (const light of ["on", "off", "on"] as const) steady.show(light);
  missing.show("off");
  t.same(warnings, [
    "LED 'fault' does not work: No such file or directory",
    "LED 'link' does not work any more: No such file or directory",
  ]);
});

t.test("the kernel is told which line a LED follows, and in which directions", async t => {
  const { fake, leds } = setUp(t);
  const led = fake.add("green");
  const line = leds.openTty("rx", "green", RX);
  t.equal(led.read("trigger"), "tty");
  t.equal(led.read("rx") + led.read("tx"), "10");
  t.equal(led.read("ttyname"), "\n", "of none yet");
  line?.follow("ttyS1");
  t.equal(led.read("ttyname"), "ttyS1");
  line?.follow(null);
  t.equal(led.read("ttyname"), "\n");
  line?.close();
  t.equal(led.read("trigger"), "none");
});

t.test("one LED for both directions needs no switches, one for a single direction does", async t => {
  const { fake, leds } = setUp(t);
  const old = { rx: null, tx: null };
  const [one, both] = [fake.add("one", old), fake.add("both", old)];
  t.equal(leds.openTty("rx", "one", RX), null);
  t.equal(one.trigger, "none", "it is given back");
  leds.openTty("rx", "both", BOTH)?.follow("ttyS1");
  t.equal(both.read("ttyname"), "ttyS1");
  t.notOk(both.has("rx"));
});

t.test("a kernel without the tty trigger leaves the LED to the transient one", async t => {
  const { fake, leds, warnings } = setUp(t);
  const led = fake.add("green", { trigger: "[none] transient rfkill-tty", ttyname: null });
  t.equal(leds.openTty("rx", "green", BOTH), null);
  t.equal(led.read("trigger"), "[none] transient rfkill-tty", "untouched");
  leds.open({ name: "rx", device: "green", durationMs: 10, state: 1 }).flash();
  t.equal(led.read("activate"), "1");
  t.equal(leds.openTty("rx", "missing", BOTH), null);
  t.same(warnings, []);
});

t.test("a LED that follows a line does not flash for us", async t => {
  const { fake, leds } = setUp(t);
  const led = fake.add("green");
  const flashing = leds.open({ name: "rx", device: "green", durationMs: 10, state: 1 });
  led.settle();
  t.ok(leds.openTty("rx", "green", BOTH));
  flashing.flash();
  t.equal(led.read("activate"), "");
});

t.test("a marked LED blinks, whatever it is used for, and then shows that again", async t => {
  const { fake, leds } = setUp(t);
  const [flashing, lamp, following] = [fake.add("flashing"), fake.add("lamp"), fake.add("following")];
  const flash = leds.open({ name: "rx", device: "flashing", durationMs: 40, state: 1 });
  leds.openSteady("link", "lamp").show("on");
  leds.openTty("tx", "following", BOTH)?.follow("ttyS1");
  for (const [name, led] of Object.entries({ flashing, lamp, following })) {
    led.settle();
    const unmark = leds.mark(name);
    t.equal(led.trigger, "none");
    for (const lit of [true, false, true]) await until(`${name} is ${lit ? "on" : "off"}`, () => led.isLit === lit);
    led.settle();
    unmark?.();
    unmark?.();
  }
  t.equal(flashing.trigger, "transient");
  t.equal(flashing.read("duration"), "40");
  flash.flash();
  t.equal(flashing.read("activate"), "1");
  t.equal(lamp.read("brightness"), "255");
  t.equal(following.trigger, "tty");
  t.equal(following.read("ttyname"), "ttyS1");
});

t.test("what changes while a LED is marked is shown afterwards", async t => {
  const { fake, leds } = setUp(t);
  const [lamp, following] = [fake.add("lamp"), fake.add("following")];
  const steady = leds.openSteady("link", "lamp");
  const line = leds.openTty("tx", "following", BOTH);
  following.settle();
  const unmark = [leds.mark("lamp"), leds.mark("following"), leds.mark("lamp")];
  steady.show("on");
  line?.follow("ttyS1");
  t.equal(following.read("ttyname"), "\n", "the file may be gone");
  following.settle();
  unmark[0]?.();
  unmark[1]?.();
  await until("the lamp is off", () => !lamp.isLit);
  await until("it is on again: another mark is active", () => lamp.isLit);
  unmark[2]?.();
  t.equal(lamp.read("brightness"), "255");
  t.equal(following.read("ttyname"), "ttyS1");
});

t.test("a LED that is not open cannot be marked; one that is closed stays dark", async t => {
  const { fake, leds } = setUp(t);
  const led = fake.add("lamp");
  t.equal(leds.mark("lamp"), null);
  const steady = leds.openSteady("link", "lamp");
  const unmark = leds.mark("lamp");
  steady.close();
  t.equal(led.read("brightness"), "0");
  unmark?.();
  t.equal(led.read("brightness"), "0");
});
