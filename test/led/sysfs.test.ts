import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { LedConfig } from "../../service/config/configuration.js";
import { Leds } from "../../service/led/sysfs.js";
import { backgroundClock } from "../../service/line/clock.js";
import { until } from "../support/wait.js";

const DEVICE = "board:green:port1";
const rx: LedConfig = { name: "rx", device: DEVICE, durationMs: 40, state: 1 };

t.test("opening sets trigger, duration and state, without line ends", async t => {
  const { leds, file } = setUp(t, { trigger: "none timer transient [heartbeat]\n" });
  leds.open(rx);
  t.equal(file("trigger"), "transient");
  t.equal(file("duration"), "40");
  t.equal(file("state"), "1");
  t.equal(file("activate"), "", "opening is no flash");
});

t.test("a flash is one write, and none while the LED is lit", async t => {
  const { leds, file, put, clock } = setUp(t, {});
  const led = leds.open(rx);
  led.flash();
  t.equal(file("activate"), "1");
  put("activate", "");
  clock.now += 39;
  led.flash();
  t.equal(file("activate"), "", "still lit");
  clock.now += 1;
  led.flash();
  t.equal(file("activate"), "1");
});

t.test("the last user gives the LED back: trigger none, then dark", async t => {
  const { leds, root, file } = setUp(t, { brightness: "1" });
  const [one, other] = [leds.open(rx), leds.open({ ...rx, name: "tx", durationMs: 70, state: 0 })];
  t.equal(file("duration"), "70", "the last one set up decides");
  t.equal(file("state"), "0");
  one.close();
  one.close();
  t.equal(file("trigger"), "none [transient]", "still in use");
  other.flash();
  t.equal(file("activate"), "1");
  other.close();
  t.equal(file("trigger"), "none");
  t.equal(file("brightness"), "0");
  t.same(openFilesBelow(root), []);
  other.flash();
  t.equal(file("activate"), "1");
});

t.test("closing all is done before it returns, and a second time does nothing", async t => {
  const { leds, file, put } = setUp(t, {});
  const led = leds.open(rx);
  leds.close();
  t.equal(file("trigger"), "none");
  put("trigger", "timer");
  leds.close();
  led.close();
  t.equal(file("trigger"), "timer");
});

t.test("a trigger that is set already is not set again", async t => {
  const { leds, file } = setUp(t, { trigger: "none [transient]\n" });
  leds.open(rx);
  t.equal(file("trigger"), "none [transient]\n");
  t.equal(file("duration"), "40");
});

t.test("files that appear late are waited for, in their order", async t => {
  const { leds, file, put, path, warnings } = setUp(t, { trigger: "none transient" });
  for (const name of ["duration", "activate"]) rmSync(path(name));
  const led = leds.open(rx);
  t.equal(file("trigger"), "transient");
  t.equal(file("state"), "", "not before the duration");
  led.flash();
  put("duration", "");
  await until("the state is set", () => file("state") === "1");
  put("activate", "");
  await until("a flash arrives", () => {
    led.flash();
    return file("activate") === "1";
  });
  t.same(warnings, []);
});

t.test("each user tries a LED that does not work anew, and it is told once until it has worked", async t => {
  const { leds, file, put, warnings, clock } = setUp(t, { trigger: "none [timer]" });
  const opened = (told: number) => {
    leds.open(rx);
    leds.open({ ...rx, name: "other", device: `none${told}` }); // told after it
    clock.now += 1000;
    return until("the other one is told", () => warnings.at(-1)?.includes("other") && warnings.length >= told);
  };
  await opened(2);
  await opened(3);
  t.equal(warnings.filter(text => text.includes("'rx'")).length, 1);
  put("trigger", "none [transient]");
  leds.open(rx).flash();
  t.equal(file("activate"), "1");
  put("trigger", "none [timer]");
  await opened(5);
  t.equal(warnings.filter(text => text.includes("'rx'")).length, 2);
});

t.test("without the trigger's module the LED stays dark and untouched, and that is told once", async t => {
  const { leds, file, put, warnings, clock } = setUp(t, { trigger: "none [timer]" });
  const led = leds.open(rx);
  led.flash();
  clock.now += 1000;
  await until("it is told", () => warnings.length > 0);
  t.same(warnings, ["LED 'rx' does not work: the kernel has no 'transient' trigger"]);
  led.flash();
  led.close();
  t.equal(file("trigger"), "none [timer]");
  put("trigger", "none [transient]");
  leds.open(rx).flash();
  t.equal(file("activate"), "1", "opened again, it is tried again");
});

t.test("a LED that does not exist is told once, closed or not", async t => {
  const { leds, warnings, clock } = setUp(t, {});
  leds.open({ ...rx, device: "other" }).close();
  leds.open({ ...rx, device: "missing" });
  clock.now += 1000;
  await until("it is told", () => warnings.length > 0);
  t.same(warnings, ["LED 'rx' does not work: No such file or directory"]);
  leds.close();
});

t.test("a LED that fails later is told once and left alone", async t => {
  const { leds, root, path, warnings, clock } = setUp(t, {});
  rmSync(path("activate"));
  symlinkSync("/dev/full", path("activate"));
  const led = leds.open(rx);
  led.flash();
  clock.now += 100;
  led.flash();
  t.same(warnings, ["LED 'rx' does not work any more: No space left on device"]);
  rmSync(root, { recursive: true });
  led.close();
  t.equal(warnings.length, 1);
});

function setUp(t: Test, files: Readonly<Record<string, string>>) {
  const root = mkdtempSync(join(tmpdir(), "leds-"));
  const path = (name: string): string => join(root, DEVICE, name);
  mkdirSync(join(root, DEVICE));
  const initial = { trigger: "none [transient]", duration: "", state: "", activate: "", brightness: "", ...files };
  for (const [name, text] of Object.entries(initial)) writeFileSync(path(name), text);
  const warnings: string[] = [];
  const clock = { now: 0 };
  const leds = new Leds(text => warnings.push(text), {
    root,
    clock: { ...backgroundClock, nowMs: () => clock.now },
  });
  t.teardown(() => {
    leds.close();
    rmSync(root, { recursive: true, force: true });
  });
  return {
    leds,
    root,
    path,
    file: (name: string) => readFileSync(path(name), "latin1"),
    put: (name: string, text: string) => writeFileSync(path(name), text),
    warnings,
    clock,
  };
}

function openFilesBelow(directory: string): string[] {
  const open = readdirSync("/proc/self/fd").map(fd => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ""; // the descriptor of this very listing
    }
  });
  return open.filter(path => path.startsWith(directory));
}
