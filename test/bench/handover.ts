/** The descriptor store: how long a connection is silent over a restart, and what the store costs while nothing happens. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Client } from "../support/client.js";
import { PtyDevice } from "../support/pty.js";
import { ServiceManager } from "../support/service-manager.js";
import { type Bench, reason } from "./context.js";
import { Load, tcpPorts } from "./load.js";
import type { PortPlace } from "./peers.js";
import { usage } from "./processes.js";
import type { Column, Row } from "./rows.js";
import { settle, until } from "./wait.js";

/** Restarts are short: more than the other rounds. */
const RESTARTS_PER_ROUND = 4;
/** What a line of 115200 bit/s sends in a millisecond. */
const PIECE = "0123456789\n";
const SPEED = 115_200;
/** Of st_blocks (stat(2)). */
const BLOCK_BYTES = 512;
/** The first ones load what all need. */
const [FIRST, MORE] = [128, 128] as const;
const BUSY_PORTS = 32;
const [NS_PER_MS, KB, BYTES_PER_MB] = [1e6, 1e3, 1e6];
/** FileDescriptorStoreMax= of a service without a store, and of one with it. */
const LIMITS = { edge: 0, stored: 4096 } as const;
type Side = keyof typeof LIMITS;
const SIDES: readonly Side[] = ["edge", "stored"];
type Values = Partial<Record<Column, number[]>>;

const run = promisify(execFile);

export async function measureHandover(bench: Bench): Promise<void> {
  await part(bench, "silence over a restart", ends => measureSilence(bench, ends));
  for (const [cell, ports, plan] of [
    [`${BUSY_PORTS} ports, ${SPEED} both ways`, BUSY_PORTS, `paced 0 ${BUSY_PORTS} both ${SPEED / 10} 8`],
    ["1 port, bulk both ways", 1, "bulk 0 1 both"],
  ] as const) {
    await part(bench, cell, ends => measureCpu(bench, ends, cell, ports, plan));
  }
  await part(bench, "one more connection", () => measureMemory(bench));
}

/** What it starts ends with it. */
class Ends {
  readonly #all: (() => unknown)[] = [];

  teardown(end: () => unknown): void {
    this.#all.unshift(end);
  }

  async all(): Promise<void> {
    for (const end of this.#all.splice(0)) await end();
  }
}

async function part(bench: Bench, cell: string, measure: (ends: Ends) => Promise<void>): Promise<void> {
  const ends = new Ends();
  await measure(ends)
    .catch(error => bench.fault({ cell: `handover: ${cell}`, column: "stored", message: reason(error) }))
    .finally(() => ends.all());
}

async function start(
  bench: Bench,
  ends: Ends,
  ports: readonly PortPlace[],
  limit: number,
  options = "",
): Promise<ServiceManager> {
  const config = ports.map(({ path, tcp }) => `127.0.0.1,${tcp}:raw:0:${path}:${SPEED} NONE 1STOPBIT 8DATABITS LOCAL`);
  const env = { NODE_OPTIONS: options };
  return ServiceManager.start(ends, { config, limit, env, bundle: bench.places.daemon });
}

/** The longest time between two pieces of a line that sends all the time, against the start of an empty Node process. */
async function measureSilence(bench: Bench, ends: Ends): Promise<void> {
  const device = PtyDevice.open(ends);
  const tcp = tcpPorts(1);
  const manager = await start(bench, ends, [{ path: device.path, tcp }], LIMITS.stored);
  const client = await Client.connect(ends, tcp);
  const empty = join(bench.places.scratch, "empty.cjs");
  writeFileSync(empty, "");
  let [sent, received, last, longest] = [0, 0, performance.now(), 0];
  client.socket.on("data", bytes => {
    const now = performance.now();
    received += bytes.length;
    longest = Math.max(longest, now - last);
    last = now;
  });
  const timer = setInterval(() => {
    device.send(PIECE);
    sent += PIECE.length;
  }, 1);
  ends.teardown(() => clearInterval(timer));
  const values: Values = { stored: [], node: [] };
  for (let round = 0; round < bench.rounds * RESTARTS_PER_ROUND; round++) {
    const { stdout } = await run(join(bench.places.tools, "started"), ["0", "0", process.execPath, empty]);
    await settle(200);
    [last, longest] = [performance.now(), 0];
    await manager.restart();
    await settle(200);
    values.stored?.push(longest);
    values.node?.push((JSON.parse(stdout) as { ended: number }).ended);
  }
  clearInterval(timer);
  await settle(200);
  if (received !== sent) throw new Error(`${sent} bytes sent, ${received} received`);
  const targets = [{ of: "stored", against: "node", atMost: 3 } as const];
  bench.add({ section: "handover", cell: "silence over a restart", metric: "ms", values, targets });
}

/** Processor time with a store and without, in turns. */
async function measureCpu(bench: Bench, ends: Ends, cell: string, count: number, plan: string): Promise<void> {
  const values: Values = { edge: [], stored: [] };
  const sides = [];
  for (const side of SIDES) {
    const load = await Load.start(`${bench.places.tools}/load`, count, "raw");
    ends.teardown(() => load.stop());
    const manager = await start(bench, ends, load.ports, LIMITS[side]);
    await load.command(`connect 0 ${count}`);
    sides.push({ side, load, manager });
  }
  for (let round = -1; round < bench.rounds; round++) {
    for (const { side, load, manager } of sides) {
      const before = usage([manager.pid]).cpuNs;
      const { toNet, toDevice } = await load.run(`${bench.seconds * 1000} ${plan}`);
      const megabytes = (toNet.received + toDevice.received) / BYTES_PER_MB;
      if (round >= 0) values[side]?.push((usage([manager.pid]).cpuNs - before) / NS_PER_MS / megabytes);
    }
    sides.reverse();
  }
  const targets = [{ of: "stored", against: "edge", atMost: 1.03 } as const];
  bench.add({ section: "handover", cell, metric: "CPU ms per MB", values, targets });
}

/** What is in use, without garbage, for each connection with its device. */
async function measureMemory(bench: Bench): Promise<void> {
  const values: Values = { edge: [], stored: [] };
  for (let round = 0; round < bench.rounds; round++) {
    for (const side of SIDES) {
      const [few, many] = [await sizeOf(bench, side, FIRST), await sizeOf(bench, side, FIRST + MORE)];
      values[side]?.push((many - few) / MORE / KB);
    }
  }
  const { edge = [], stored = [] } = values;
  const row = (metric: string, of: Values, targets: Row["targets"] = []) =>
    bench.add({ section: "handover", cell: "one more connection", metric, values: of, targets });
  row("KB", values);
  row("KB of the store", { stored: stored.map((size, round) => size - (edge[round] ?? Number.NaN)) }, [
    { of: "stored", atMost: 4 },
  ]);
}

/** Bytes of the heap of a daemon with so many connections, and of its files in memory. */
async function sizeOf(bench: Bench, side: Side, connections: number): Promise<number> {
  const ends = new Ends();
  try {
    const load = await Load.start(`${bench.places.tools}/load`, FIRST + MORE, "raw");
    ends.teardown(() => load.stop());
    const folder = mkdtempSync(join(bench.places.scratch, "heap-"));
    const { pid } = await start(
      bench,
      ends,
      load.ports,
      LIMITS[side],
      `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${folder}`,
    );
    await load.command(`connect 0 ${connections}`);
    await settle(2000);
    const files = readdirSync(`/proc/${pid}/fd`).map(fd => `/proc/${pid}/fd/${fd}`);
    const inMemory = files.filter(file => readlinkSync(file).startsWith("/memfd:"));
    process.kill(pid, "SIGUSR2");
    let heap = 0;
    await until("the heap is written", () => {
      heap = heapBytes(folder);
      return heap > 0;
    });
    return inMemory.reduce((sum, file) => sum + statSync(file).blocks * BLOCK_BYTES, heap);
  } finally {
    await ends.all();
  }
}

/** All objects of a heap snapshot, which has no garbage; 0: it is not complete. */
function heapBytes(folder: string): number {
  try {
    const [file = ""] = readdirSync(folder);
    const { snapshot, nodes } = JSON.parse(readFileSync(join(folder, file), "utf8")) as HeapSnapshot;
    const fields = snapshot.meta.node_fields;
    const sizeAt = fields.indexOf("self_size");
    let sum = 0;
    for (let at = sizeAt; at < nodes.length; at += fields.length) sum += nodes[at] ?? 0;
    return sum;
  } catch {
    return 0;
  }
}

interface HeapSnapshot {
  readonly snapshot: { readonly meta: { readonly node_fields: readonly string[] } };
  readonly nodes: readonly number[];
}
