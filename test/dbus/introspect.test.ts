/** The introspection data that is checked in, against the running service. `npx tap --snapshot` writes it anew. */
import { readFileSync, writeFileSync } from "node:fs";
import t from "tap";
import { CONNECTION } from "../../service/dbus/connection-interface.js";
import { DAEMON } from "../../service/dbus/daemon-interface.js";
import { WELL_KNOWN_NAME } from "../../service/dbus/entry.js";
import { ERRORS } from "../../service/dbus/errors.js";
import { introspect } from "../../service/dbus/introspect.js";
import { PORT } from "../../service/dbus/port-interface.js";
import { runProgram } from "../support/daemon.js";
import { busyStatus, idleStatus } from "../support/fake-managed-port.js";
import { needs } from "../support/tools.js";
import { ROOT, stage } from "./stage.js";

const FILE = "service/dbus/org.ser2net.Ser2net1.xml";

t.test("the file has the interfaces as they are declared", async t => {
  const declared = introspect([DAEMON, PORT, CONNECTION], []);
  if (process.env.TAP_SNAPSHOT === "1") writeFileSync(FILE, declared);
  t.equal(readFileSync(FILE, "utf8"), declared);
});

t.test(
  "each object of the running service shows its interface as the file has it",
  needs("dbus-daemon", "busctl"),
  async t => {
    const { busctl } = await stage(t, [busyStatus({ name: "2001" })]);
    const file = interfaces(readFileSync(FILE, "utf8"));
    const objects = { [ROOT]: DAEMON, [`${ROOT}/port/_32001`]: PORT, [`${ROOT}/connection/_31`]: CONNECTION };
    t.same(
      [...file.keys()].sort(),
      Object.values(objects)
        .map(({ name }) => name)
        .sort(),
    );
    for (const [path, { name }] of Object.entries(objects)) {
      const { output } = await busctl("--xml-interface", "introspect", WELL_KNOWN_NAME, path);
      t.equal(interfaces(output).get(name), file.get(name), name);
    }
  },
);

t.test("busctl sees which properties announce their changes", needs("dbus-daemon", "busctl"), async t => {
  const { busctl } = await stage(t, [busyStatus({ name: "2001" })]);
  const { output } = await busctl("--no-legend", "introspect", WELL_KNOWN_NAME, `${ROOT}/port/_32001`, PORT.name);
  const flags = { true: "emits-change", const: "const", false: "-" };
  for (const { name, emits } of PORT.properties) {
    t.match(output, new RegExp(`^\\.${name} +property .* ${flags[emits]}$`, "m"), name);
  }
});

/** By name, the text of each. */
function interfaces(xml: string): Map<string, string> {
  return new Map(
    Array.from(xml.matchAll(/<interface name="([^"]+)">.*?<\/interface>/gs), ([text, name = ""]) => [name, text]),
  );
}

t.test("the page has every property with its type, every method with its arguments, and every error", async t => {
  const page = readFileSync("docs/dbus.md", "utf8");
  const note = { true: "signal", const: "fixed", false: "read" };
  for (const { properties, methods } of [DAEMON, PORT, CONNECTION]) {
    for (const { name, type, emits } of properties) {
      const row = page
        .split("\n")
        .some(line => line.includes(`\`${name}\``) && line.includes(`| ${type} | ${note[emits]} |`));
      t.ok(row, `${name} ${type} ${note[emits]}`);
    }
    for (const { name, in: takes } of methods) {
      t.match(page, `${name}(${takes.map(arg => `${arg.type} ${arg.name}`).join(", ")})`);
    }
  }
  for (const name of Object.keys(ERRORS)) t.match(page, `\`${name}\``);
});

t.test("the commands of the page work as they stand there", needs("dbus-daemon", "busctl"), async t => {
  const known = [busyStatus({ name: "2001" }), idleStatus({ name: "localhost,2001" })];
  const { bus, ports } = await stage(t, known, { identify: () => true });
  const [, block = ""] = /```sh\n(.*?)```/s.exec(readFileSync("docs/dbus.md", "utf8")) ?? [];
  // Not every machine has jq, and a monitor has no end.
  const commands = block.replace("| jq .", "").replace(/^busctl monitor.*$/m, "");
  const shell = runProgram(t, "sh", ["-euc", commands], { DBUS_SYSTEM_BUS_ADDRESS: bus.address });
  const [{ code }, errors] = [await shell.exit(), await shell.errors.untilEnd()];
  t.equal(errors, "");
  t.equal(code, 0);
  t.same(ports.get("2001")?.calls, [
    "setLine +115200",
    'drive {"dtr":false}',
    'drive {"dtr":true}',
    "sendBreak",
    "disconnect",
    "setState off",
  ]);
});
