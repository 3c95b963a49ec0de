/** Errors of calls, and the log lines about them. */
import t from "tap";
import { WELL_KNOWN_NAME } from "../../service/dbus/entry.js";
import { ERRORS } from "../../service/dbus/errors.js";
import { busyStatus, idleStatus } from "../support/fake-managed-port.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";
import { DAEMON, PORT, ROOT, stage } from "./stage.js";

const tools = needs("dbus-daemon", "busctl");
const PORT_PATH = `${ROOT}/port/localhost_2c2001`;
const BUSY = busyStatus({ name: "localhost,2001" });

t.test("every error has its name and a text, and never a stack trace", tools, async t => {
  const going = { ...BUSY, name: "going", pending: "delete" as const };
  const free = idleStatus({ name: "free" });
  const { bus, call, busctl, ports } = await stage(t, [BUSY, going, free], {
    daemon: {
      version: "1",
      board: null,
      uptimeSeconds() {
        throw new Error("secret of the implementation");
      },
      reload: () => "Unable to open config file '/x': No such file or directory",
      check: () => "Unable to open config file '/x': No such file or directory",
    },
  });
  const busy = ports.get("localhost,2001");
  if (busy !== undefined) busy.refusal = "Unable to create network socket(s)";
  const [at, free_, going_] = [PORT_PATH, `${ROOT}/port/free`, `${ROOT}/port/going`];
  const properties = "org.freedesktop.DBus.Properties";
  type Case = readonly [keyof typeof ERRORS, string, readonly string[]];
  const cases: readonly Case[] = [
    ["NoSuchPort", "no port 1", [ROOT, DAEMON, "GetPort", "s", "1"]],
    ["NotConnected", "there is no connection", [free_, PORT, "Disconnect"]],
    ["DeviceClosed", "the device is not open, or is not a serial line", [free_, PORT, "SendBreak"]],
    [
      "DeviceClosed",
      "the device is not open, or is not a serial line",
      [free_, PORT, "SetControl", "a{sb}", "1", "DTR", "true"],
    ],
    ["BeingDeleted", "the port is deleted when its session closes", [going_, PORT, "SetEnabled", "s", "raw"]],
    ["BeingDeleted", "the port is deleted when its session closes", [going_, PORT, "SetLine", "s", "9600"]],
    ["Refused", "Unable to create network socket(s)", [at, PORT, "SetEnabled", "s", "raw"]],
    ["NotSupported", "the port has no LED", [at, PORT, "Identify", "u", "5"]],
    ["ConfigurationUnreadable", "Unable to open config file '/x': No such file or directory", [ROOT, DAEMON, "Reload"]],
    [
      "ConfigurationUnreadable",
      "Unable to open config file '/x': No such file or directory",
      [ROOT, DAEMON, "Check", "s", ""],
    ],
    ["InvalidArgs", "expected one of off, raw, rawlp, telnet", [at, PORT, "SetEnabled", "s", "on"]],
    ["InvalidArgs", "expected 1 to 3600 seconds", [at, PORT, "Identify", "u", "0"]],
    ["InvalidArgs", "expected 1 to 3600 seconds", [at, PORT, "Identify", "u", "3601"]],
    ["InvalidArgs", "expected DTR, RTS or both", [at, PORT, "SetControl", "a{sb}", "1", "CTS", "true"]],
    ["InvalidArgs", "expected DTR, RTS or both", [at, PORT, "SetControl", "a{sb}", "0"]],
    ["InvalidArgs", "Unable to create network socket(s)", [at, PORT, "SetLine", "s", "x"]],
    ["InvalidArgs", "SetTimeout takes (u), not (s)", [at, PORT, "SetTimeout", "s", "1"]],
    ["InvalidArgs", "SendBreak takes (), not (u)", [at, PORT, "SendBreak", "u", "1"]],
    ["UnknownObject", `no object ${ROOT}/port/_32009`, [`${ROOT}/port/_32009`, PORT, "Disconnect"]],
    ["UnknownObject", `no object ${ROOT}/port/2001`, [`${ROOT}/port/2001`, PORT, "Disconnect"]],
    ["UnknownObject", `no object ${ROOT}/connection/_39`, [`${ROOT}/connection/_39`, properties, "GetAll", "s", ""]],
    ["UnknownInterface", `no interface a.b at ${at}`, [at, "a.b", "Disconnect"]],
    ["UnknownInterface", `no interface a.b at ${at}`, [at, properties, "GetAll", "s", "a.b"]],
    ["UnknownMethod", `no method Nothing at ${at}`, [at, PORT, "Nothing"]],
    ["UnknownProperty", `no property Nothing at ${at}`, [at, properties, "Get", "ss", PORT, "Nothing"]],
    ["UnknownProperty", `no property Nothing at ${at}`, [at, properties, "Set", "ssv", PORT, "Nothing", "s", "x"]],
    [
      "PropertyReadOnly",
      "State is read-only: methods change things",
      [at, properties, "Set", "ssv", PORT, "State", "s", "off"],
    ],
    ["Failed", "a fault of the service; its log says more", [ROOT, properties, "Get", "ss", DAEMON, "UptimeSeconds"]],
  ];
  const errors = await bus.errorMonitor();
  for (const [code, text, [path = "", interfaceName = "", method = "", ...args]] of cases) {
    const { code: exit, errors: said } = await call(path, interfaceName, method, ...args);
    t.same([exit, said], [1, `Call failed: ${text}`], `${code}: ${method} ${args.join(" ")}`);
    t.equal(JSON.parse(await errors.expect("\n")).error_name, ERRORS[code], code);
  }
  const set = await busctl("set-property", WELL_KNOWN_NAME, at, PORT, "State", "s", "off");
  t.match(set.errors, "State is read-only");
  const tried = new Set<string>([...cases.map(([code]) => code), "LimitsExceeded"]); // that one: hostile.test.ts
  t.same([...tried].sort(), Object.keys(ERRORS).sort(), "all errors");
});

t.test("a fault of the service is in the log, once for each call, and the service goes on", tools, async t => {
  const { call, log, get } = await stage(t, [BUSY], {
    label() {
      throw new Error("out of labels");
    },
  });
  await call(PORT_PATH, PORT, "Disconnect");
  t.equal(log.lines.at(-1), "D-Bus: out of labels");
  t.equal(await get(ROOT, DAEMON, "Version"), 's "1.2.3"');
});

t.test("a client that changed something is in the log with its user id; one that only read is not", tools, async t => {
  const { call, log, get } = await stage(t, [BUSY]);
  const before = log.lines.length;
  await get(PORT_PATH, PORT, "State");
  await call(ROOT, DAEMON, "GetPort", "s", "localhost,2001");
  await call(PORT_PATH, PORT, "SetLine", "s", "9600\nforged line");
  await call(PORT_PATH, PORT, "SetControl", "a{sb}", "1", "DTR", "true");
  await call(PORT_PATH, PORT, "SetEnabled", "s", "on");
  await call(ROOT, DAEMON, "Reload");
  await until("all are noted", () => log.lines.length === before + 4);
  const uid = process.getuid?.();
  t.match(log.lines.slice(before), [
    new RegExp(`^D-Bus: uid ${uid} \\(:1\\.\\d+\\) called SetLine 9600\\nforged line at ${PORT_PATH}$`), // logs are one line
    new RegExp(`called SetControl {"DTR":true} at ${PORT_PATH}$`),
    new RegExp(`called SetEnabled on at ${PORT_PATH}: expected one of off, raw, rawlp, telnet$`),
    new RegExp(`called Reload at ${ROOT}$`),
  ]);
});
