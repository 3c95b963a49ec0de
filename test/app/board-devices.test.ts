/** The devices of a board, in a tree of files. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { BoardDevices } from "../../service/app/board-devices.js";
import { loadProfile, profileFacts } from "../../service/board/load.js";
import { deviceLookup } from "../../service/board/serial-devices.js";
import { DeviceNodeWatcher } from "../../service/device/node-watcher.js";
import { boards, machineOf, plant } from "../board/tree.js";
import { until } from "../support/wait.js";

const UART = "/sys/devices/platform/soc/30a60000.serial";

type Port = { readonly id: string; readonly device: string } & Readonly<Record<string, unknown>>;

function devicesOf(t: Test, ports: readonly Port[], dev?: string) {
  const root = plant(t, "arm-gateway");
  const places = machineOf(root, [boards(t, { x: { ports } })]);
  const seen = { found: [] as string[], warnings: [] as string[], changes: 0 };
  const warn = (text: string) => void seen.warnings.push(text);
  const presence = new DeviceNodeWatcher(warn);
  t.teardown(() => presence.close());
  const devices = new BoardDevices({
    machine: () => ({ dev: dev ?? places.dev, lookUp: deviceLookup({ ...places, dev: dev ?? places.dev }) }),
    nodeWatcher: presence,
    warn,
    found: path => seen.found.push(path),
    changed: () => seen.changes++,
  });
  t.teardown(() => devices.close());
  devices.configure(profileFacts(loadProfile("x", places).profile, []));
  /** Plugs a device in as the kernel does: first in /sys, then in /dev. */
  const make = (hardware: string, tty: string) => {
    mkdirSync(join(root, hardware, "tty", tty), { recursive: true });
    writeFileSync(join(root, "dev", tty), "");
  };
  return { devices, seen, make, places, ...seen };
}

t.test("the tty of a driver that loads late is found", async t => {
  const { found, warnings, make, places } = devicesOf(t, [{ id: "p", device: UART }]);
  make("/sys/devices/platform/soc/other.serial", "ttyS7");
  make(UART, "ttyS3");
  await until("it is found", () => found.length > 0);
  make("/sys/devices/platform/soc/another.serial", "ttyS8");
  t.same(found, [UART], "once");
  t.same(warnings, []);
  t.equal(loadProfile("x", places).profile.ports[0]?.device, join(places.dev, "ttyS3"));
});

t.test("one that came between the look and the watch is found", async t => {
  const { found, make } = devicesOf(t, [{ id: "p", device: UART }]);
  make(UART, "ttyS3");
  await until("it is found", () => found.length > 0);
});

t.test("what is there already, or is waited for no more, is not looked for", async t => {
  const there = devicesOf(t, [{ id: "p", device: "/sys/devices/platform/soc/30860000.serial" }]);
  const over = devicesOf(t, [{ id: "p", device: UART }]);
  over.devices.configure(null);
  for (const { make } of [there, over]) make(UART, "ttyS3");
  const last = devicesOf(t, [{ id: "p", device: UART }]);
  last.make(UART, "ttyS3");
  await until("the last one is found", () => last.found.length > 0);
  t.same([there.found, over.found], [[], []]);
});

t.test("where nothing can be watched, that is said", async t => {
  const { warnings } = devicesOf(t, [{ id: "p", device: UART }], "/nonexistent");
  t.same(warnings, [`${UART}: looked for again only at a reload: No such file or directory`]);
});

t.test("required devices that are missing are known, and when that changes", async t => {
  const { devices, seen, make } = devicesOf(t, [
    { id: "p7", label: "7", device: "ttyS7", presence: "required" },
    { id: "late", device: UART, presence: "required" },
    { id: "spare", device: "ttyS8" },
  ]);
  t.same(devices.missing(), ["7", "late"]);
  make("/sys/devices/platform/soc/other.serial", "ttyS7");
  await until("that is noticed", () => seen.changes > 0);
  t.same(devices.missing(), ["late"]);
  devices.configure(null);
  t.same(devices.missing(), []);
});
