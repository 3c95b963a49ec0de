// A process of its own for metrics/server.test.ts: prints its metrics while it has no descriptor left.
import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { Metrics } from "../../service/app/metrics.js";
import { createLog } from "../../service/log/levels.js";
import { LimitedLog } from "../../service/log/rate-limit.js";
import { Totals } from "../../service/port/totals.js";

const ports = { list: () => [] };
const daemon = { ports, drain: { isDraining: false }, board: null, faultyLines: 0, missing: () => [] };
const metrics = new Metrics(daemon, new Totals(), new LimitedLog(createLog(() => {})), () => null);

spawnSync("prlimit", ["--pid", String(process.pid), "--nofile=64"]);
const fill: number[] = [];
try {
  for (let count = 0; count < 100; count++) fill.push(openSync("/dev/null", "r"));
} catch {
  // That was the last one.
}
const lines = [...metrics.lines()];
for (const fd of fill) closeSync(fd);
process.stdout.write(lines.map(line => `${line}\n`).join(""));
