/** The bus policy that is shipped: every user may read, only administrators change things. */
import { chmodSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import t from "tap";
import { instanceName, startDbus, WELL_KNOWN_NAME } from "../../service/dbus/entry.js";
import { PORT as PORT_TABLE } from "../../service/dbus/port-interface.js";
import { busyStatus, createFakeManagedPort } from "../support/fake-managed-port.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";
import { PrivateBus } from "./private-bus.js";
import { collectLog, DAEMON, PORT, ROOT, registry, standIn, UP } from "./stage.js";

/** The policy of a system bus without that of a service (system.conf of dbus-daemon). */
const SYSTEM_POLICY = `<policy context="default">
  <allow user="*"/><deny own="*"/><deny send_type="method_call"/><allow send_type="signal"/>
  <allow send_requested_reply="true" send_type="method_return"/><allow send_requested_reply="true" send_type="error"/>
  <allow receive_type="method_call"/><allow receive_type="method_return"/>
  <allow receive_type="error"/><allow receive_type="signal"/>
  <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
</policy>`;
const NOBODY = 65_534;
const PORT_PATH = `${ROOT}/port/_32001`;

const tools =
  process.getuid?.() === 0 ? needs("dbus-daemon", "busctl") : { skip: "only root can call as another user" };

t.test("the user nobody may read everything and change nothing; root may do all", tools, async t => {
  const shipped = readFileSync("units/dbus/org.ser2net.Ser2net1.conf", "utf8");
  const policies = Array.from(shipped.matchAll(/<policy.*?<\/policy>/gs), ([text]) => text).join("\n");
  const bus = await PrivateBus.start(t, SYSTEM_POLICY + policies);
  chmodSync(dirname(bus.socket), 0o755);
  const log = collectLog();
  const port = createFakeManagedPort(busyStatus({ name: "2001" }));
  const service = startDbus(standIn({ address: bus.address, log, ports: registry(new Map([["2001", port]])) }));
  t.teardown(() => service.stop());
  await until("it has the name", () => log.lines.includes(UP));

  const looks = [
    ["get-property", WELL_KNOWN_NAME, PORT_PATH, PORT, "Phase"],
    ["introspect", WELL_KNOWN_NAME, PORT_PATH],
    ["tree", WELL_KNOWN_NAME],
    ["call", WELL_KNOWN_NAME, ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"],
    ["call", WELL_KNOWN_NAME, ROOT, "org.freedesktop.DBus.Peer", "Ping"],
  ];
  for (const look of looks) t.match(await bus.busctlAs(NOBODY, ...look), { code: 0 }, look.join(" "));

  const args: Readonly<Record<string, readonly string[]>> = {
    SetEnabled: ["s", "raw"],
    SetLine: ["s", "9600"],
    SetControl: ["a{sb}", "1", "DTR", "true"],
    SetTimeout: ["u", "1"],
    Identify: ["u", "1"],
    Check: ["s", ""],
  };
  const changes = [
    ...PORT_TABLE.methods.map(({ name }) => [PORT_PATH, PORT, name, ...(args[name] ?? [])]),
    ...["Reload", "Check", "Drain", "Undrain"].map(name => [ROOT, DAEMON, name, ...(args[name] ?? [])]),
  ];
  for (const change of changes) {
    const { code, errors } = await bus.busctlAs(NOBODY, "call", WELL_KNOWN_NAME, ...change);
    t.equal(code, 1);
    t.match(errors, /Access denied|rejected|not allowed/i, change.join(" "));
  }
  t.same(port.calls, [], "nothing was done");

  const second = startDbus(standIn({ address: bus.address, log, busName: instanceName("b") }));
  t.teardown(() => second.stop());
  await until("it has its name", () => log.lines.includes(`${UP}.b`));
  const version = await bus.busctlAs(NOBODY, "get-property", instanceName("b"), ROOT, DAEMON, "Version");
  t.equal(version.output, 's "1.2.3"', "an instance that only stands in line for the common name is seen as well");
  t.equal((await bus.busctlAs(NOBODY, "call", instanceName("b"), ROOT, DAEMON, "Reload")).code, 1);

  const { code } = await bus.busctl("call", WELL_KNOWN_NAME, PORT_PATH, PORT, "Disconnect");
  t.same([code, port.calls], [0, ["disconnect"]]);
});
