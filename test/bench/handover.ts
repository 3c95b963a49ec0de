/** The descriptor store: how long a connection is silent over a restart, and what the store costs while nothing happens. */
import { execFile } from "node:child_process";
import { readdirSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Client } from "../support/client.js";
import { PtyDevice } from "../support/pty.js";
import { ServiceManager } from "../support/service-manager.js";
import { type Bench, reason } from "./context.js";
import { Load, tcpPorts } from "./load.js";
import type { PortPlace } from "./peers.js";
import { memory, usage } from "./processes.js";
import type { Column, Row } from "./rows.js";
import { settle } from "./wait.js";

/** Restarts are short: more than the other rounds. */
const RESTARTS_PER_ROUND = 4;
/** A fourteenth of a millisecond of a line of 115200 bit/s is one byte; a piece is sent each millisecond. */
const PIECE = "0123456789\n";
const SPEED = 115_200;
const CONNECTIONS = 256;
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
  await part(bench, "one more connection", ends => measureMemory(bench, ends));
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

async function start(bench: Bench, ends: Ends, ports: readonly PortPlace[], limit: number): Promise<ServiceManager> {
  const config = ports.map(({ path, tcp }) => `127.0.0.1,${tcp}:raw:0:${path}:${SPEED} NONE 1STOPBIT 8DATABITS LOCAL`);
  return ServiceManager.start(ends, { config, limit, bundle: bench.places.daemon });
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

/** Private memory and the files in memory, for each connection with its device. */
async function measureMemory(bench: Bench, ends: Ends): Promise<void> {
  const values: Values = { edge: [], stored: [] };
  for (let round = 0; round < bench.rounds; round++) {
    for (const side of SIDES) {
      const load = await Load.start(`${bench.places.tools}/load`, CONNECTIONS, "raw");
      ends.teardown(() => load.stop());
      const { pid } = await start(bench, ends, load.ports, LIMITS[side]);
      await settle(2000);
      const idle = sizeOf(pid);
      await load.command(`connect 0 ${CONNECTIONS}`);
      await settle(2000);
      values[side]?.push((sizeOf(pid) - idle) / CONNECTIONS / KB);
      await ends.all();
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

/** Bytes. */
function sizeOf(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  const files = readdirSync(folder).map(fd => join(folder, fd));
  const inMemory = files.filter(file => readlinkSync(file).startsWith("/memfd:"));
  return inMemory.reduce((sum, file) => sum + statSync(file).blocks * 512, memory([pid]).privateDirty);
}
