/** Every property, method and error, as busctl shows them. */
import { existsSync, readFileSync } from "node:fs";
import t from "tap";
import { CONNECTION as CONNECTION_TABLE } from "../../service/dbus/connection-interface.js";
import { DAEMON as DAEMON_TABLE } from "../../service/dbus/daemon-interface.js";
import { WELL_KNOWN_NAME } from "../../service/dbus/entry.js";
import { PORT as PORT_TABLE } from "../../service/dbus/port-interface.js";
import { STANDARD_LINE } from "../../service/line/settings.js";
import type { Activity } from "../../service/port/drain.js";
import { NO_DRAIN } from "../support/fake-control.js";
import { busyStatus, connectionStatus, idleStatus } from "../support/fake-managed-port.js";
import { needs } from "../support/tools.js";
import { CONNECTION, DAEMON, PORT, ROOT, stage } from "./stage.js";

const tools = needs("dbus-daemon", "busctl");
const PORT_PATH = `${ROOT}/port/localhost_2c2001`;
const CONNECTION_PATH = `${ROOT}/connection/_37`;

const BUSY = busyStatus({
  name: "localhost,2001",
  networkPort: { family: "any", transport: "tcp", host: "localhost", port: 2001 },
  timeoutSeconds: 4_294_967_295,
  state: "telnet",
  slots: [
    connectionStatus({
      id: 7,
      address: "192.0.2.1",
      port: 40_000,
      user: "alice",
      bytesFromNet: 2 ** 33,
      bytesToNet: 5,
      since: 1_700_000_000_000,
      idleSeconds: 12,
    }),
    null,
  ],
  devicePath: "/dev/ttyS1",
  deviceWritten: "console",
  devicePresent: true,
  line: STANDARD_LINE,
  lineInForce: { ...STANDARD_LINE, speed: 115_200, dataBits: 7, parity: "even", rtscts: true },
  control: { dtr: true, rts: false },
  modemState: { cts: true, dsr: false, dcd: true, ri: false },
  toNet: "waiting output",
  bytesFromDevice: 2 ** 40,
  bytesToDevice: Number.MAX_SAFE_INTEGER,
  lastError: "caf\xc3\xa9 \xff", // bytes: UTF-8, and some that are none
  pending: "reconfigure",
});

const CONFIGURED =
  'a{sv} 9 "Speed" u 9600 "DataBits" y 8 "Parity" s "none" "StopBits" y 1 "XonXoffOut" b false ' +
  '"XonXoffIn" b false "RtsCts" b false "Local" b false "HangupWhenDone" b false';

const PORT_VALUES: Readonly<Record<string, string>> = {
  Name: 's "localhost,2001"',
  Family: 's "any"',
  Transport: 's "tcp"',
  Host: 's "localhost"',
  PortNumber: "q 2001",
  Label: 's "Console \\303\\244"', // ä in UTF-8, as busctl shows it
  State: 's "telnet"',
  Phase: 's "open"',
  Condition: 's "connected"',
  Pending: 's "reconfigure"',
  TimeoutSeconds: "u 4294967295",
  Device: 's "/dev/ttyS1"',
  DeviceWritten: 's "console"',
  DevicePresent: "b true",
  ConfiguredLine: CONFIGURED,
  Line: CONFIGURED.replace("u 9600", "u 115200")
    .replace('"DataBits" y 8', '"DataBits" y 7')
    .replace('"none"', '"even"')
    .replace('"RtsCts" b false', '"RtsCts" b true'),
  ModemControl: 'a{sb} 2 "DTR" true "RTS" false',
  ModemState: 'a{sb} 4 "CTS" true "DSR" false "DCD" true "RI" false',
  Connections: `ao 1 "${CONNECTION_PATH}"`,
  Peers: 'a(sq) 1 "192.0.2.1" 40000',
  Writer: 's "all"',
  ConnectionCount: "u 1",
  MaxConnections: "u 2",
  NetToDevice: 's "waiting input"',
  DeviceToNet: 's "waiting output"',
  BytesFromDevice: "t 1099511627776",
  BytesToDevice: "t 9007199254740991",
  LastError: 's "caf\\303\\251 \\357\\277\\275"',
};

const CONNECTION_VALUES: Readonly<Record<string, string>> = {
  Id: "t 7",
  Port: `o "${PORT_PATH}"`,
  Address: 's "192.0.2.1"',
  PortNumber: "q 40000",
  User: 's "alice"',
  ConnectedTimestamp: "t 1700000000000000",
  IdleSeconds: "t 12",
  Writes: "b true",
  BytesFromNet: "t 8589934592",
  BytesToNet: "t 5",
};

const DAEMON_VALUES: Readonly<Record<string, string>> = {
  Version: 's "1.2.3"',
  Board: 's ""',
  UptimeSeconds: "t 90",
  Draining: "b false",
  Busy: 'a(sssqt) 2 "connection" "localhost,2001" "192.0.2.7" 4711 1500000 "closing" "2002" "" 0 2000000',
};

t.test("every property has its type and its value", tools, async t => {
  const activities: readonly Activity[] = [
    { kind: "connection", port: "localhost,2001", address: "::ffff:192.0.2.7", portNumber: 4711, since: 1500 },
    { kind: "closing", port: "2002", address: "", portNumber: 0, since: 2000 },
  ];
  const drain = { ...NO_DRAIN, activities: () => activities };
  const { get, busctl } = await stage(t, [BUSY], { label: () => "Console ä", drain });
  const objects = [
    { path: PORT_PATH, table: PORT_TABLE, values: PORT_VALUES },
    { path: CONNECTION_PATH, table: CONNECTION_TABLE, values: CONNECTION_VALUES },
    { path: ROOT, table: DAEMON_TABLE, values: DAEMON_VALUES },
  ];
  for (const { path, table, values } of objects) {
    t.same(Object.keys(values).sort(), table.properties.map(({ name }) => name).sort(), `all of ${table.name}`);
    for (const [name, value] of Object.entries(values)) t.equal(await get(path, table.name, name), value, name);
    const all = await busctl(
      "call",
      WELL_KNOWN_NAME,
      path,
      "org.freedesktop.DBus.Properties",
      "GetAll",
      "s",
      table.name,
    );
    for (const [name, value] of Object.entries(values)) t.match(all.output, `"${name}" ${value}`, `GetAll: ${name}`);
  }
});

t.test("an idle port shows what it is, and nothing of a device that is closed", tools, async t => {
  const { get } = await stage(t, [idleStatus({ name: "2001" })]);
  const path = `${ROOT}/port/_32001`;
  t.equal(await get(path, PORT, "Phase"), 's "idle"');
  t.equal(await get(path, PORT, "Condition"), 's "idle"');
  t.equal(await get(path, PORT, "Line"), "a{sv} 0");
  t.equal(await get(path, PORT, "ModemControl"), "a{sb} 0");
  t.equal(await get(path, PORT, "ModemState"), "a{sb} 0");
  t.equal(await get(path, PORT, "Peers"), "a(sq) 0");
  t.equal(await get(path, PORT, "LastError"), 's ""');
  t.equal(await get(path, PORT, "ConfiguredLine"), CONFIGURED);
});

t.test("the tree has the daemon, each port and each connection", tools, async t => {
  const { busctl } = await stage(t, [BUSY, idleStatus({ name: "2002" })]);
  const tree = await busctl("tree", "--list", WELL_KNOWN_NAME);
  t.same(tree.output.split("\n"), [
    ...["/", "/org", "/org/ser2net", ROOT],
    ...[`${ROOT}/connection`, CONNECTION_PATH],
    ...[`${ROOT}/port`, `${ROOT}/port/_32002`, PORT_PATH],
  ]);
});

t.test("GetManagedObjects has them all, with the same values", tools, async t => {
  const { call, busctl } = await stage(t, [BUSY, idleStatus({ name: "2002" })], { label: () => "Console ä" });
  const manager = "org.freedesktop.DBus.ObjectManager";
  const { output } = await busctl("--json=short", "call", WELL_KNOWN_NAME, ROOT, manager, "GetManagedObjects");
  const [objects] = JSON.parse(output).data;
  t.same(Object.keys(objects).sort(), [CONNECTION_PATH, `${ROOT}/port/_32002`, PORT_PATH].sort());
  t.same(Object.keys(objects[PORT_PATH]), [PORT]);
  t.same(Object.keys(objects[CONNECTION_PATH]), [CONNECTION]);
  const text = (await call(ROOT, manager, "GetManagedObjects")).output;
  for (const [name, value] of Object.entries(PORT_VALUES)) t.match(text, `"${name}" ${value}`, name);
  for (const [name, value] of Object.entries(CONNECTION_VALUES)) t.match(text, `"${name}" ${value}`, name);
});

t.test("every method of a port does what it says", tools, async t => {
  const identified: unknown[] = [];
  const { call, ports } = await stage(t, [{ ...BUSY, pending: "none" }], {
    identify: (...given) => identified.push(given) > 0,
  });
  const calls: readonly (readonly [args: readonly string[], done: string])[] = [
    [["Disconnect"], "disconnect"],
    [["SetEnabled", "s", "raw"], "setState raw"],
    [["SetLine", "s", "9600 caf\u00e9"], "setLine 9600 caf\xc3\xa9"],
    [["SetControl", "a{sb}", "2", "DTR", "false", "RTS", "true"], 'drive {"dtr":false,"rts":true}'],
    [["SetControl", "a{sb}", "1", "RTS", "false"], 'drive {"rts":false}'],
    [["SendBreak"], "sendBreak"],
    [["TakeOver", "t", "17"], "takeOver 17"],
    [["Say", "s", "caf\u00e9\n is open"], "tell caf\xc3\xa9 is open"],
    [["Pulse", "s", "esp-reset"], "pulse esp-reset"],
    [["SetTimeout", "u", "4294967295"], "setTimeoutSeconds 4294967295"],
  ];
  const port = ports.get("localhost,2001");
  for (const [args, done] of calls) {
    const [method = "", ...rest] = args;
    t.same(await call(PORT_PATH, PORT, method, ...rest), { code: 0, output: "", errors: "" }, args.join(" "));
    t.equal(port?.calls.pop(), done);
  }
  t.same(await call(PORT_PATH, PORT, "Identify", "u", "30"), { code: 0, output: "", errors: "" });
  t.same(identified, [["localhost,2001", 30]]);
  const tried = new Set([...calls.map(([args]) => args[0]), "Identify"]);
  t.same([...tried].sort(), PORT_TABLE.methods.map(({ name }) => name).sort(), "all methods");
});

t.test("the daemon reloads, checks, and knows where a port is", tools, async t => {
  const checked: unknown[] = [];
  const drains: string[] = [];
  const { call } = await stage(t, [BUSY], {
    drain: { ...NO_DRAIN, begin: () => drains.push("begin"), end: () => drains.push("end") },
    daemon: {
      version: "1",
      board: "acme-8",
      uptimeSeconds: () => 0,
      reload: () => [{ file: "/etc/x.conf", line: 3, column: 20, message: "Bad \xc3\xa4", expected: null }],
      check(text) {
        checked.push(text);
        return [{ file: null, line: 0, column: 1, message: "No", expected: "yes", isWarning: true }];
      },
    },
  });
  t.equal((await call(ROOT, DAEMON, "Reload")).output, 'a(suuss) 1 "/etc/x.conf" 3 20 "Bad \\303\\244" ""');
  t.equal((await call(ROOT, DAEMON, "Check", "s", "2000:raw:\u00e4")).output, 'a(suuss) 1 "" 0 1 "warning: No" "yes"');
  await call(ROOT, DAEMON, "Check", "s", "");
  t.same(checked, ["2000:raw:\xc3\xa4", null], "an empty text stands for what a reload would read");
  t.equal((await call(ROOT, DAEMON, "GetPort", "s", "localhost,2001")).output, `o "${PORT_PATH}"`);
  await call(ROOT, DAEMON, "Drain");
  await call(ROOT, DAEMON, "Undrain");
  t.same(drains, ["begin", "end"]);
  t.same(
    DAEMON_TABLE.methods.map(({ name }) => name).sort(),
    ["Check", "Drain", "GetPort", "Reload", "Undrain"],
    "all methods",
  );
});

t.test("the machine is named by its id file, wherever the system keeps that", tools, async t => {
  const { call } = await stage(t, []);
  const file = ["/etc/machine-id", "/var/lib/dbus/machine-id"].find(existsSync);
  const answer = await call(ROOT, "org.freedesktop.DBus.Peer", "GetMachineId");
  if (file === undefined) t.equal(answer.errors, "Call failed: this machine has no id");
  else t.equal(answer.output, `s "${readFileSync(file, "latin1").trim()}"`);
});

t.test("the standard interfaces answer everywhere", tools, async t => {
  const { call } = await stage(t, [BUSY]);
  for (const path of ["/", "/org", ROOT, `${ROOT}/port`, PORT_PATH, CONNECTION_PATH]) {
    t.same(await call(path, "org.freedesktop.DBus.Peer", "Ping"), { code: 0, output: "", errors: "" }, path);
    t.match((await call(path, "org.freedesktop.DBus.Introspectable", "Introspect")).output, /^s ".*<node>/, path);
  }
});
