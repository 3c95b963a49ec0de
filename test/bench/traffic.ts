/** One cell: all peers at once with the same ports, loaded one after the other, round after round. */
import { type Cell, METRIC_NAMES, type Metric, portCount } from "./cells.js";
import { type Bench, reason } from "./context.js";
import { Load, type Run } from "./load.js";
import { Peer, type PeerName } from "./peers.js";
import { type Usage, usage } from "./processes.js";
import type { Row } from "./rows.js";
import { ratios } from "./statistics.js";

const METRICS = Object.keys(METRIC_NAMES) as Metric[];
/** Before the rounds that count. */
const WARM_UP_ROUNDS = 1;
/** Of the daemon, in seconds: V8 compiles a function after some hundred wake-ups, and a daemon runs for months. */
const WARM_UP_SECONDS = 10;
/** Shares of bursts that may be late, and of the time a peer may wait for a CPU, before a row says so. */
const LATE_SHARE = 0.05;
const WAITED_SHARE = 0.1;
/** CPU for each byte with 256 ports, against 32: above it the cost of a port grows with their number. */
const FLAT = 1.25;
/** Ages to the device, to those that ser2net has from it. */
const TO_DEVICE_MEAN = 0.5;
const TO_DEVICE_P99 = 0.7;

interface Contender {
  readonly name: PeerName;
  readonly peer: Peer;
  readonly load: Load;
  readonly values: Record<Metric, number[]>;
  lateShare: number;
  waitedShare: number;
}

export async function measureCell(bench: Bench, cell: Cell): Promise<Row[]> {
  const contenders: Contender[] = [];
  let racing: Contender[] = [];
  try {
    for (const name of cell.peers) {
      if (bench.peers.includes(name)) contenders.push(await enter(bench, cell, name));
    }
    racing = await each(bench, cell, contenders, one => one.load.command(`connect 0 ${cell.ports}`));
    for (let round = -WARM_UP_ROUNDS; round < bench.rounds; round++) {
      racing = await each(bench, cell, racing, one => runOnce(bench, cell, one, round >= 0));
      racing.push(...racing.splice(0, 1)); // each is first in its turn
    }
  } finally {
    await Promise.all(contenders.map(leave));
  }
  const rows = cell.metrics.map(metric => toRow(cell, metric, contenders));
  if (rows.some(row => row.metric === METRIC_NAMES.toDeviceMean)) rows.push(...compareAges(cell, contenders));
  for (const row of rows) bench.add(row);
  return rows;
}

/** Bytes to the device wait for nothing in ser2net: they are compared with those that do, the ones from the device. */
function compareAges(cell: Cell, contenders: readonly Contender[]): Row[] {
  const values = (name: PeerName, metric: Metric) => contenders.find(one => one.name === name)?.values[metric] ?? [];
  const compare = (what: string, own: Metric, other: Metric, atMost: number): Row => ({
    section: cell.section,
    cell: cell.name,
    metric: `age to the device, ${what}, to ser2net's from the device`,
    values: { edge: ratios(values("edge", own), values("ser2net", other)) },
    targets: [{ atMost }],
  });
  if (values("ser2net", "fromDeviceMean").every(age => age === 0)) return [];
  return [
    compare("mean", "toDeviceMean", "fromDeviceMean", TO_DEVICE_MEAN),
    compare("p99", "toDeviceP99", "fromDeviceP99", TO_DEVICE_P99),
  ];
}

/** The cost of one more port: see docs/benchmark.md. */
export function addGrowth(bench: Bench, rows: readonly Row[]): void {
  const cpu = (ports: number) =>
    rows.find(
      row => row.section === "growth" && row.metric === METRIC_NAMES.cpu && row.cell.endsWith(` ${portCount(ports)}`),
    );
  const [few, many] = [cpu(32), cpu(256)];
  if (few === undefined || many === undefined) return;
  const growth = (column: PeerName) => ratios(many.values[column] ?? [], few.values[column] ?? []);
  bench.add({
    section: "growth",
    cell: "CPU per MB with 256 ports, against 32",
    metric: "ratio",
    values: { edge: growth("edge"), ser2net: growth("ser2net"), floor: growth("floor") },
    targets: [{ atMost: FLAT }],
  });
}

async function enter(bench: Bench, cell: Cell, name: PeerName): Promise<Contender> {
  const load = await Load.start(`${bench.places.tools}/load`, cell.ports, cell.mode);
  const peer = new Peer(name, { ports: load.ports, mode: cell.mode, speed: cell.speed }, bench.places);
  const values = Object.fromEntries(METRICS.map(metric => [metric, [] as number[]])) as Contender["values"];
  return { name, peer, load, values, lateShare: 0, waitedShare: 0 };
}

async function leave({ peer, load }: Contender): Promise<void> {
  load.stop();
  await peer.stop();
}

/** One after the other; a client that fails is left out. */
async function each(
  bench: Bench,
  cell: Cell,
  contenders: readonly Contender[],
  work: (one: Contender) => Promise<void>,
): Promise<Contender[]> {
  const left: Contender[] = [];
  for (const one of contenders) {
    try {
      await work(one);
      left.push(one);
    } catch (error) {
      const message = reason(error) + one.peer.fate();
      bench.fault({ cell: `${cell.section}: ${cell.name}`, column: one.name, message });
    }
  }
  return left;
}

async function runOnce(bench: Bench, cell: Cell, one: Contender, counts: boolean): Promise<void> {
  const before = usage(one.peer.pids);
  const compiles = !counts && one.name.startsWith("edge") && bench.level !== "quick";
  const seconds = compiles ? Math.max(bench.seconds, WARM_UP_SECONDS) : bench.seconds;
  const run = await one.load.run(`${seconds * 1000} ${cell.plan}`);
  const after = usage(one.peer.pids);
  if (!counts) return;
  const measured = measures(run, before, after);
  for (const metric of cell.metrics) one.values[metric].push(measured[metric]);
  const waited = (after.waitedNs - before.waitedNs) / 1e9 / run.seconds / one.peer.pids.length;
  one.waitedShare = Math.max(one.waitedShare, waited);
  if (run.bursts > 0) one.lateShare = Math.max(one.lateShare, run.late / run.bursts);
}

function measures(run: Run, before: Usage, after: Usage): Record<Metric, number> {
  const megabytes = (run.toNet.received + run.toDevice.received) / 1e6;
  return {
    cpu: (after.cpuNs - before.cpuNs) / 1e6 / megabytes,
    wakeups: (after.wakeups - before.wakeups) / run.seconds,
    rate: megabytes / run.seconds,
    p50: run.p50,
    p99: run.p99,
    max: run.max,
    goodput: run.goodput,
    fromDeviceMean: run.age.toNet.mean,
    fromDeviceP99: run.age.toNet.p99,
    toDeviceMean: run.age.toDevice.mean,
    toDeviceP99: run.age.toDevice.p99,
  };
}

function toRow(cell: Cell, metric: Metric, contenders: readonly Contender[]): Row {
  const shares = (what: string, share: (one: Contender) => number, limit: number) => {
    const above = contenders.filter(one => share(one) > limit);
    return above.length === 0 ? [] : [`${what}: ${above.map(one => `${one.name} ${percent(share(one))}`).join(", ")}`];
  };
  const notes = [
    ...shares("late", one => one.lateShare, LATE_SHARE),
    ...shares("waited", one => one.waitedShare, WAITED_SHARE),
  ];
  return {
    section: cell.section,
    cell: cell.name,
    metric: METRIC_NAMES[metric],
    values: Object.fromEntries(contenders.map(one => [one.name, one.values[metric]])),
    targets: cell.targets[metric] ?? [],
    ...(notes.length === 0 || metric !== cell.metrics[0] ? {} : { note: notes.join("; ") }),
  };
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
