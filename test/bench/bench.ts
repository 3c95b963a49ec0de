/** scripts/bench: see docs/benchmark.md. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { measureAbuse } from "./abuse.js";
import { PrivateBus } from "./bus.js";
import { CELLS, LEVELS } from "./cells.js";
import { measureConsole } from "./console.js";
import { type Bench, reason } from "./context.js";
import { measureHandover } from "./handover.js";
import { describeMachine } from "./machine.js";
import { measureMemory } from "./memory.js";
import type { PeerName, Places } from "./peers.js";
import { measurePulses } from "./pulse.js";
import { formatReport, formatRow } from "./report.js";
import type { Fault, Row } from "./rows.js";
import { measureScrape } from "./scrape.js";
import { FEW_TTYS, soak } from "./soak.js";
import { measureSol } from "./sol.js";
import { measureStart } from "./start.js";
import { measureTls } from "./tls.js";
import { addGrowth, measureCell } from "./traffic.js";

const SECTIONS = [
  "paced",
  "growth",
  "bulk",
  "latency",
  "transfers",
  "memory",
  "sol",
  "start",
  "handover",
  "console",
  "pulse",
  "abuse",
  "tls",
  "scrape",
] as const;
type Section = (typeof SECTIONS)[number];

const USAGE = `scripts/bench [--quick | --full] [--only paced,growth,bulk,latency,transfers,memory,sol,start,handover,console,pulse,abuse,tls,scrape] [--cells REGEXP]
              [--rounds N] [--seconds N] [--peers edge,ser2net,socat,floor] [--json FILE]
scripts/bench --soak SECONDS [--consoles N] [--json FILE]`;

void main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      full: { type: "boolean", default: false },
      only: { type: "string", default: SECTIONS.join() },
      cells: { type: "string", default: "" },
      rounds: { type: "string" },
      seconds: { type: "string" },
      peers: { type: "string", default: "edge,edge+dbus,ser2net,socat,floor" },
      soak: { type: "string" },
      consoles: { type: "string" },
      json: { type: "string", default: "dist/bench/results.json" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  // No board has them. NODE_EXTRA_CA_CERTS alone makes every Node process read a hundred certificates at its start.
  for (const name of Object.keys(process.env)) if (name.startsWith("NODE_")) delete process.env[name];
  const [rows, faults]: [Row[], Fault[]] = [[], []];
  const places = preparePlaces();
  const bench: Bench = {
    places,
    level: values.quick ? "quick" : values.full ? "full" : "standard",
    rounds: Number(values.rounds ?? (values.quick ? 1 : 5)),
    seconds: Number(values.seconds ?? (values.quick ? 1 : 3)),
    peers: values.peers.split(",") as PeerName[],
    add: row => {
      rows.push(row);
      console.error(formatRow(row));
    },
    fault: fault => {
      faults.push(fault);
      console.error(`FAULT ${fault.cell}: ${fault.column}: ${fault.message}`);
    },
  };
  const machine = describeMachine(bench);
  const finish = () => {
    rmSync(places.scratch, { recursive: true, force: true });
    mkdirSync(dirname(resolve(values.json)), { recursive: true });
    writeFileSync(values.json, `${JSON.stringify({ machine, rows, faults }, null, 1)}\n`);
    const text = `${formatReport(machine, rows, faults)}\nAs JSON: ${values.json}\n`;
    process.stdout.write(text, () => process.exit(faults.length > 0 ? 1 : 0));
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      bench.fault({ cell: "all that was to follow", column: "edge", message: "not measured" });
      finish();
    });
  }
  const bus = await PrivateBus.start(places);
  try {
    if (values.soak !== undefined) await soak(bench, Number(values.soak), Number(values.consoles ?? FEW_TTYS));
    else await measure(bench, values.only.split(",") as Section[], new RegExp(values.cells));
  } catch (error) {
    bench.fault({ cell: "all that was to follow", column: "edge", message: reason(error) });
  }
  bus?.stop();
  finish();
}

async function measure(bench: Bench, sections: readonly Section[], wanted: RegExp): Promise<void> {
  const cells = CELLS.filter(
    cell =>
      sections.includes(cell.section) &&
      wanted.test(`${cell.section}: ${cell.name}`) &&
      LEVELS.indexOf(cell.level) <= LEVELS.indexOf(bench.level),
  );
  const measured: Row[] = [];
  for (const cell of cells) measured.push(...(await measureCell(bench, cell)));
  addGrowth(bench, measured);
  if (sections.includes("memory")) await measureMemory(bench);
  if (sections.includes("sol")) await measureSol(bench);
  if (sections.includes("start")) await measureStart(bench);
  if (sections.includes("handover")) await measureHandover(bench);
  if (sections.includes("console")) await measureConsole(bench);
  if (sections.includes("pulse")) await measurePulses(bench);
  if (sections.includes("abuse")) await measureAbuse(bench);
  if (sections.includes("tls")) await measureTls(bench);
  if (sections.includes("scrape")) await measureScrape(bench);
}

/** The build is copied: another one in the meantime changes nothing. */
function preparePlaces(): Places {
  const scratch = mkdtempSync(join(tmpdir(), "ser2net-bench-"));
  const built = resolve(process.env.BENCH_DAEMON ?? "dist/ser2net.cjs");
  const build = join(scratch, "build");
  mkdirSync(build);
  for (const file of readdirSync(dirname(built), { withFileTypes: true })) {
    if (file.isFile()) copyFileSync(join(dirname(built), file.name), join(build, file.name));
  }
  return { daemon: join(build, basename(built)), tools: resolve("dist/bench"), scratch, busAddress: null };
}
