/** What `always-open replay=` costs: processor time for each byte, and memory for each port (docs/console.md, "Memory"). */
import { readdirSync, readlinkSync, statSync } from "node:fs";
import { portCount } from "./cells.js";
import { type Bench, reason } from "./context.js";
import { Load } from "./load.js";
import { Peer } from "./peers.js";
import { memory, usage } from "./processes.js";
import type { Column } from "./rows.js";
import { settle } from "./wait.js";

const REPLAY_BYTES = 65_536;
/** Words of each port. */
const WORDS = { edge: "", console: `always-open replay=${REPLAY_BYTES}` } as const;
type Side = keyof typeof WORDS;
const SIDES: readonly Side[] = ["edge", "console"];
/** Number of ports, speed: so many bytes as one generator can pace. */
const SIZES = [
  [64, 57_600],
  [256, 9600],
] as const;
const BITS_PER_BYTE = 10; // 8N1
/** Of st_blocks (stat(2)). */
const BLOCK_BYTES = 512;
const [NS_PER_MS, KB, BYTES_PER_MB] = [1e6, 1e3, 1e6];
const CPU_LIMIT = 1.2;
/** Sends more than a ring holds. */
const FILL_MS = 300;
const BULK_PORTS = 8;

interface Contender {
  readonly side: Side;
  readonly load: Load;
  readonly peer: Peer;
}

type Values = Record<Side, number[]>;

export async function measureConsole(bench: Bench): Promise<void> {
  for (const [ports, speed] of SIZES) {
    const cell = `output on ${portCount(ports)}, ${speed}`;
    const sides: Contender[] = [];
    try {
      for (const side of SIDES) sides.push(await start(bench, side, ports, speed));
      await measure(bench, cell, sides, speed);
    } catch (error) {
      const fates = sides.map(({ peer }) => peer.fate()).join("");
      bench.fault({ cell: `console: ${cell}`, column: "console", message: reason(error) + fates });
    } finally {
      for (const { load } of sides) load.stop();
      await Promise.all(sides.map(({ peer }) => peer.stop()));
    }
  }
}

async function start(bench: Bench, side: Side, count: number, speed: number): Promise<Contender> {
  const load = await Load.start(`${bench.places.tools}/load`, count, "raw");
  const setup = { ports: load.ports, mode: "raw", speed, options: () => WORDS[side] } as const;
  const peer = new Peer("edge", setup, bench.places);
  await peer.listening();
  await load.command(`connect 0 ${count}`);
  return { side, load, peer };
}

/** In turns, then the memory with full rings. */
async function measure(bench: Bench, cell: string, sides: Contender[], speed: number): Promise<void> {
  const cpu: Values = { edge: [], console: [] };
  for (let round = -1; round < bench.rounds; round++) {
    for (const { side, load, peer } of sides) {
      const before = usage(peer.pids).cpuNs;
      const plan = `first paced 0 ${load.ports.length} net ${speed / BITS_PER_BYTE} 8`;
      const { toNet } = await load.run(`${bench.seconds * 1000} ${plan}`);
      const used = (usage(peer.pids).cpuNs - before) / NS_PER_MS;
      if (round >= 0) cpu[side].push(used / (toNet.received / BYTES_PER_MB));
    }
    sides.reverse();
  }
  const targets = [{ of: "console", against: "edge", atMost: CPU_LIMIT } as const];
  bench.add({ section: "console", cell, metric: "CPU ms per MB", values: cpu, targets });
  const [dirty, files]: [Values, Values] = [
    { edge: [], console: [] },
    { edge: [], console: [] },
  ];
  for (const { side, load, peer } of sides) {
    for (let first = 0; first < load.ports.length; first += BULK_PORTS) {
      await load.run(`${FILL_MS} bulk ${first} ${Math.min(first + BULK_PORTS, load.ports.length)} net`);
    }
    await settle(2000);
    dirty[side].push(memory(peer.pids).privateDirty / load.ports.length / KB);
    files[side].push(filesInMemory(peer.pids) / load.ports.length / KB);
  }
  const row = (metric: string, values: Partial<Record<Column, number[]>>) =>
    bench.add({ section: "console", cell, metric, values, targets: [] });
  row("private dirty KB a port", dirty);
  row("KB of files in memory a port", files);
}

/** Bytes of the memfd files of these processes (memfd_create(2)). */
function filesInMemory(pids: readonly number[]): number {
  const files = pids.flatMap(pid => readdirSync(`/proc/${pid}/fd`).map(fd => `/proc/${pid}/fd/${fd}`));
  return files
    .filter(file => readlinkSync(file).startsWith("/memfd:"))
    .reduce((sum, file) => sum + statSync(file).blocks * BLOCK_BYTES, 0);
}
