/** Hardware of a board whose driver makes its tty after the profile was read, in a tree of files. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { profileFacts } from "../service/board/facts.js";
import { loadProfile } from "../service/board/load.js";
import { LateDevices } from "../service/late-devices.js";
import { boards, machineOf, plant } from "./board-profiles/tree.js";
import { until } from "./support/wait.js";

const UART = "/sys/devices/platform/soc/30a60000.serial";

function waitFor(t: Test, device: string) {
  const root = plant(t, "arm-gateway");
  const places = machineOf(root, [boards(t, { x: { ports: [{ id: "p", device, networkPort: "2001" }] } })]);
  const found: string[] = [];
  const warnings: string[] = [];
  const late = new LateDevices(
    places,
    text => warnings.push(text),
    path => found.push(path),
  );
  t.teardown(() => late.close());
  late.configure(profileFacts(loadProfile("x", places).profile, []));
  /** As the kernel does it: first in /sys, then in /dev. */
  const make = (hardware: string, tty: string) => {
    mkdirSync(join(root, hardware, "tty", tty), { recursive: true });
    writeFileSync(join(root, "dev", tty), "");
  };
  return { late, found, warnings, make, places };
}

t.test("the tty of a driver that loads late is found", async t => {
  const { found, warnings, make, places } = waitFor(t, UART);
  make("/sys/devices/platform/soc/other.serial", "ttyS7");
  make(UART, "ttyS3");
  await until("it is found", () => found.length > 0);
  make("/sys/devices/platform/soc/another.serial", "ttyS8");
  t.same(found, [UART], "once");
  t.same(warnings, []);
  t.equal(loadProfile("x", places).profile.ports[0]?.device, join(places.dev, "ttyS3"));
});

t.test("one that came between the look and the watch is found", async t => {
  const { found, make } = waitFor(t, UART);
  make(UART, "ttyS3");
  await until("it is found", () => found.length > 0);
});

t.test("what is there already, or is waited for no more, is not looked for", async t => {
  const there = waitFor(t, "/sys/devices/platform/soc/30860000.serial");
  const over = waitFor(t, UART);
  over.late.configure(null);
  for (const { make } of [there, over]) make(UART, "ttyS3");
  const last = waitFor(t, UART);
  last.make(UART, "ttyS3");
  await until("the last one is found", () => last.found.length > 0);
  t.same([there.found, over.found], [[], []]);
});

t.test("where nothing can be watched, that is said", async t => {
  const places = machineOf(plant(t, "arm-gateway"), [boards(t, { x: { ports: [{ id: "p", device: UART }] } })]);
  const warnings: string[] = [];
  const late = new LateDevices(
    { ...places, dev: "/nonexistent" },
    text => warnings.push(text),
    () => {},
  );
  late.configure(profileFacts(loadProfile("x", places).profile, []));
  t.same(warnings, [`${UART}: looked for again only at a reload: No such file or directory`]);
});
