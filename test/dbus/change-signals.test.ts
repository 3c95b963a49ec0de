/** Change signals, as a monitor of the bus sees them. */
import t, { type Test } from "tap";
import type { DbusServiceOptions } from "../../service/dbus/entry.js";
import { WELL_KNOWN_NAME } from "../../service/dbus/entry.js";
import { PORT as PORT_TABLE } from "../../service/dbus/port-interface.js";
import { STANDARD_LINE } from "../../service/line/settings.js";
import type { Drain } from "../../service/port/drain.js";
import type { PortStatus } from "../../service/port/status.js";
import { FakeClock } from "../support/fake-clock.js";
import { NO_DRAIN } from "../support/fake-control.js";
import { busyStatus, connectionStatus, createFakeManagedPort, idleStatus } from "../support/fake-managed-port.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";
import { CONNECTION, DAEMON, nextSignal, PORT, ROOT, stage } from "./stage.js";

const tools = needs("dbus-daemon", "busctl");
const PORT_PATH = `${ROOT}/port/_32001`;
const IDLE = idleStatus({ name: "2001" });

t.test("the first change is told at once, those that follow together and after a second", tools, async t => {
  const { change, next, clock, settle } = await watched(t, IDLE);
  change({ timeoutSeconds: 5 });
  t.same(await next(), propertiesChanged({ TimeoutSeconds: ["u", 5] }));
  change({ timeoutSeconds: 6 });
  await settle();
  change({ timeoutSeconds: 7 });
  await settle();
  clock.pass(999);
  await settle();
  change({ timeoutSeconds: 8, lastError: "gone" });
  await settle();
  clock.pass(1);
  const last = { TimeoutSeconds: ["u", 8], LastError: ["s", "gone"] };
  t.same(await next(), propertiesChanged(last), "whatever was told too early would be the next signal");
  change({ timeoutSeconds: 9 });
  await settle();
  change({ timeoutSeconds: 10 });
  clock.pass(1000);
  t.same(await next(), propertiesChanged({ TimeoutSeconds: ["u", 10] }), "and a second begins anew with each round");
});

t.test("after a pause without changes the next one is told at once again", tools, async t => {
  const { change, next, pause } = await watched(t, IDLE);
  change({ timeoutSeconds: 5 });
  await next();
  await pause();
  change({ timeoutSeconds: 6 });
  t.same(await next(), propertiesChanged({ TimeoutSeconds: ["u", 6] }));
});

t.test("what changes and changes back, counts, or only could have changed is not told", tools, async t => {
  const { change, next, pause } = await watched(t, IDLE);
  change({ bytesFromDevice: 1000, toNet: "waiting output", modemState: { cts: true, dsr: true, dcd: true, ri: true } });
  await pause();
  change({ state: "telnet" });
  t.same(await next(), propertiesChanged({ State: ["s", "telnet"] }), "nothing came before this");
  change({ state: "off" });
  change({ state: "telnet" });
  await pause();
  change({ pending: "delete" });
  t.same(await next(), propertiesChanged({ Pending: ["s", "delete"] }), "and nothing before this");
});

const OTHER: Partial<PortStatus> = {
  state: "telnet",
  writer: "last",
  phase: "open",
  pending: "reconfigure",
  timeoutSeconds: 1,
  devicePath: "/dev/ttyS9",
  deviceWritten: "nine",
  devicePresent: !IDLE.devicePresent,
  line: { ...STANDARD_LINE, speed: 300 },
  lineInForce: { ...STANDARD_LINE, speed: 1200 },
  slots: [connectionStatus(), null],
  lastError: "no",
  control: { dtr: true, rts: true },
  modemState: { cts: true, dsr: true, dcd: true, ri: true },
  toDevice: "closing",
  toNet: "closing",
  bytesFromDevice: 1,
  bytesToDevice: 1,
};

t.test("a drain is told, and one that ended at once is not", tools, async t => {
  let isDraining = false;
  const drain: Drain = {
    ...NO_DRAIN,
    get isDraining() {
      return isDraining;
    },
  };
  const { service, next, settle, change, pause } = await watched(t, IDLE, { drain });
  const turn = (on: boolean) => {
    isDraining = on;
    service.drainChanged();
  };
  turn(true);
  t.same(await next(), {
    member: "PropertiesChanged",
    path: ROOT,
    data: [DAEMON, { Draining: { type: "b", data: true } }, []],
  });
  turn(false);
  turn(true);
  await settle();
  await pause();
  change({ timeoutSeconds: 5 });
  t.same(await next(), propertiesChanged({ TimeoutSeconds: ["u", 5] }));
});

t.test("exactly the properties that say so announce their changes, with the value that can be read", tools, async t => {
  let label = "before";
  const { change, next, get } = await watched(t, IDLE, { label: () => label });
  label = "after";
  change(OTHER);
  t.equal((await next()).member, "InterfacesAdded", "the connection");
  const [interfaceName, changed, invalidated] = (await next()).data as [
    string,
    Record<string, { type: string; data: unknown }>,
    [],
  ];
  t.equal(interfaceName, PORT);
  t.same(invalidated, []);
  const announcing = PORT_TABLE.properties.filter(({ emits }) => emits === "true");
  t.same(Object.keys(changed).sort(), announcing.map(({ name }) => name).sort());
  for (const [name, value] of Object.entries(changed)) t.same(value, await get(name), name);
});

t.test("a connection comes as an object before the port names it, and goes after", tools, async t => {
  const { change, next, pause } = await watched(t, IDLE);
  change(busyStatus({ name: "2001", slots: [connectionStatus({ id: 9, address: "2001:db8::1", port: 5 })] }));
  const path = `${ROOT}/connection/_39`;
  t.match(await next(), {
    member: "InterfacesAdded",
    path: ROOT,
    data: [path, { [CONNECTION]: { Id: { type: "t", data: 9 }, Port: { type: "o", data: PORT_PATH } } }],
  });
  const open = { Phase: ["s", "open"], Condition: ["s", "connected"] };
  const peers = { ...open, Connections: ["ao", [path]], Peers: ["a(sq)", [["2001:db8::1", 5]]] };
  t.match(await next(), propertiesChanged({ ...peers, ConnectionCount: ["u", 1] }));
  change(IDLE);
  await pause();
  const idle = { Phase: ["s", "idle"], Condition: ["s", "idle"] };
  const none = { ...idle, Connections: ["ao", []], Peers: ["a(sq)", []], ConnectionCount: ["u", 0] };
  t.match(await next(), propertiesChanged(none));
  t.match(await next(), { member: "InterfacesRemoved", path: ROOT, data: [path, [CONNECTION]] });
});

t.test("a peer that has left before the pause is over is not announced", tools, async t => {
  const { change, next, pause } = await watched(t, IDLE);
  change({ timeoutSeconds: 1 });
  await next();
  change(busyStatus({ name: "2001" }));
  change({ ...IDLE, timeoutSeconds: 1 });
  await pause();
  change({ timeoutSeconds: 2 });
  t.same(await next(), propertiesChanged({ TimeoutSeconds: ["u", 2] }));
});

t.test("ports come and go as objects; one that is made anew goes first", tools, async t => {
  const { change, next, pause, ports, service } = await watched(t, busyStatus({ name: "2001" }));
  const path = `${ROOT}/port/_32002`;
  ports.set("2002", createFakeManagedPort({ name: "2002" }));
  service.portsChanged();
  t.match(await next(), { member: "InterfacesAdded", data: [path, { [PORT]: { Name: { type: "s", data: "2002" } } }] });
  ports.delete("2002");
  service.portsChanged();
  await pause();
  t.match(await next(), { member: "InterfacesRemoved", data: [path, [PORT]] });
  ports.set("2001", createFakeManagedPort({ name: "2001", state: "telnet" }));
  service.portsChanged();
  await pause();
  t.match(await next(), { member: "InterfacesRemoved", data: [`${ROOT}/connection/_31`, [CONNECTION]] });
  t.match(await next(), { member: "InterfacesRemoved", data: [PORT_PATH, [PORT]] });
  t.match(await next(), { member: "InterfacesAdded", data: [PORT_PATH, { [PORT]: { State: { data: "telnet" } } }] });
  await pause();
  change({ state: "raw" });
  t.match(await next(), propertiesChanged({ State: ["s", "raw"] }));
});

t.test("a reload may change labels", tools, async t => {
  let label: string | null = null;
  const { service, next } = await watched(t, IDLE, { label: () => label });
  label = "CONSOLE 1";
  service.portsChanged();
  t.same(await next(), propertiesChanged({ Label: ["s", "CONSOLE 1"] }));
});

t.test("256 ports that change all at once are told in one round, each once", tools, async t => {
  const known = Array.from({ length: 256 }, (_, i) => idleStatus({ name: `${2000 + i}` }));
  const { bus, service, ports, call } = await stage(t, known);
  const monitor = await bus.signalMonitor(WELL_KNOWN_NAME);
  await call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"); // made after the service has learnt all
  for (const port of ports.values()) {
    port.known = { ...port.known, state: "telnet" };
    for (let times = 0; times < 10; times++) service.portChanged(port);
  }
  const told = new Set<string>();
  for (let i = 0; i < 256; i++) {
    const { member, path } = await nextSignal(monitor);
    t.equal(member, "PropertiesChanged");
    told.add(path);
  }
  t.equal(told.size, 256);
});

/** A service with one port, its signals, and a clock that stands still. */
async function watched(t: Test, known: PortStatus, options: Partial<DbusServiceOptions> = {}) {
  const clock = new FakeClock();
  const { bus, service, ports, call, busctl } = await stage(t, [known], { clock, ...options });
  const monitor = await bus.signalMonitor(WELL_KNOWN_NAME);
  // A list is made when the service has learnt what there is.
  await call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects");
  return {
    service,
    ports,
    clock,
    next: () => nextSignal(monitor),
    change(status: Partial<PortStatus>) {
      const port = ports.get("2001");
      if (port === undefined) return;
      port.known = { ...port.known, ...status };
      service.portChanged(port);
    },
    /** Resolves when the immediate work of the service is done. */
    settle: () => call(ROOT, "org.freedesktop.DBus.Peer", "Ping"),
    /** Waits for the round, then lets its pause pass. */
    async pause() {
      await until("a round has begun", () => clock.waiting > 0);
      clock.pass(999);
      clock.pass(1);
    },
    async get(name: string) {
      const { output } = await busctl("--json=short", "get-property", WELL_KNOWN_NAME, PORT_PATH, PORT, name);
      return JSON.parse(output);
    },
  };
}

function propertiesChanged(values: Readonly<Record<string, readonly unknown[]>>) {
  const changed = Object.fromEntries(Object.entries(values).map(([name, [type, data]]) => [name, { type, data }]));
  return { member: "PropertiesChanged", path: PORT_PATH, data: [PORT, changed, []] };
}
