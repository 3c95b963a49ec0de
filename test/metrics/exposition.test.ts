/** The metrics as text, by the checker of Prometheus. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import t from "tap";
import { type DaemonFacts, exposition, type PortFacts } from "../../service/metrics/exposition.js";
import { createFakeManagedPort } from "../support/fake-managed-port.js";
import { needs } from "../support/tools.js";

const DAEMON: DaemonFacts = {
  ...{ version: "1.0.0", faultyLines: 0, isDraining: false, missingDevices: 0, suppressedLines: 3 },
  ...{ loopDelaySeconds: 0.25, memoryBytes: 1e7, cpuSeconds: 1.5, openFiles: 20, startedSeconds: 1.7e9 },
};
const counters = { cts: 0, dsr: 0, ri: 0, dcd: 0, frame: 1, overrun: 2, parity: 3, break: 4, bufferOverrun: 0 };

function port(label: string): PortFacts {
  const status = { ...createFakeManagedPort().status(), lineCounters: counters, bytesFromDevice: 5 };
  return { status, condition: "idle", totals: { connects: 2, bytesFromDevice: 10 }, label };
}

t.test("promtool has nothing to say about them", needs("promtool"), async t => {
  const text = [...exposition(DAEMON, [port("Router")], "text")].join("");
  const { stdout, stderr, status } = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
  t.same({ stdout, stderr, status }, { stdout: "", stderr: "", status: 0 });
});

t.test("labels are escaped, counters add what is under way, and each family is named once", async t => {
  const nasty = 'a "b" \\ c\nd \xc3\xa4'; // UTF-8, one character a byte
  const text = [...exposition(DAEMON, [port(nasty), port("")], "text")].join("");
  t.match(text, String.raw`label="a \"b\" \\ c\nd ä"`);
  t.match(text, /^ser2net_port_device_received_bytes_total\{port="[^"]*"\} 15$/m);
  t.match(text, /^ser2net_port_line_errors_total\{port="[^"]*",error="framing"\} 1$/m);
  const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  t.equal(new Set(names).size, names.length);
  const documented = readFileSync("docs/metrics.md", "utf8");
  for (const name of names) t.ok(documented.includes(`\`${name}\``), `docs/metrics.md has ${name}`);
});

t.test("OpenMetrics names families without _total, and ends", async t => {
  const text = [...exposition(DAEMON, [port("")], "openmetrics")].join("");
  t.match(text, /\n# TYPE ser2net_port_connects counter\nser2net_port_connects_total\{/);
  t.notMatch(text, /# TYPE \S+_total /);
  t.match(text, /\n# EOF\n$/);
});

t.test("the rules for alerts and the dashboard use metrics that there are", needs("promtool"), async t => {
  const { status, stderr } = spawnSync("promtool", ["check", "rules", "docs/metrics/alerts.yml"], { encoding: "utf8" });
  t.same({ status, stderr }, { status: 0, stderr: "" });
  const known = [...exposition(DAEMON, [port("")], "text")].join("");
  const dashboard = JSON.parse(readFileSync("docs/metrics/dashboard.json", "utf8"));
  const ids = dashboard.panels.map(({ id }: { readonly id: number }) => id);
  t.equal(new Set(ids).size, ids.length);
  for (const file of ["alerts.yml", "dashboard.json"]) {
    const used = readFileSync(`docs/metrics/${file}`, "utf8").match(/\b(?:ser2net|process)_[a-z_]+/g) ?? [];
    t.ok(used.length > 5, file);
    for (const name of used) t.match(known, new RegExp(`^# TYPE ${name} `, "m"), `${file}: ${name}`);
  }
});
