/** From exec until the last port listens, and until READY=1; of `edge` a start as under its unit, and its first one. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { portCount } from "./cells.js";
import { type Bench, reason } from "./context.js";
import { Load } from "./load.js";
import { available } from "./memory.js";
import { commands, Peer, type PeerName, type Setup } from "./peers.js";
import type { Column } from "./rows.js";
import { until } from "./wait.js";

const PORTS = [1, 32, 256] as const;
const PEERS: readonly PeerName[] = ["edge", "edge+dbus", "ser2net", "socat", "floor"];
/** The peers that notify a service manager; the others are not waited for. */
const NOTIFIERS: readonly PeerName[] = ["edge", "edge+dbus"];
const READY_MS = 1000;
/** Starts are short: twice as many as the other rounds. */
const STARTS_PER_ROUND = 2;

interface Times {
  readonly listening?: number;
  readonly ready?: number;
  /** An empty Node process: until it has ended. */
  readonly ended?: number;
}

type Values = Partial<Record<Column, number[]>>;

const run = promisify(execFile);

export async function measureStart(bench: Bench): Promise<void> {
  const load = await Load.start(`${bench.places.tools}/load`, PORTS[2], "raw");
  try {
    for (const ports of PORTS) await measurePorts(bench, load, ports);
  } finally {
    load.stop();
  }
}

async function measurePorts(bench: Bench, load: Load, ports: number): Promise<void> {
  const [listening, first]: [Values, Values] = [{}, {}];
  const ready: Values = {};
  const empty = join(bench.places.scratch, "empty.cjs");
  writeFileSync(empty, "");
  const setup = { ports: load.ports.slice(0, ports), mode: "raw", speed: 115_200 } as const;
  const tcp = setup.ports.at(-1)?.tcp ?? 0;
  const kept = await keptCode(bench, setup);
  for (let round = 0; round < bench.rounds * STARTS_PER_ROUND; round++) {
    const { ended } = await started(bench, [0, 0, process.execPath, empty]);
    note(listening, "node", ended);
    for (const name of PEERS) {
      if (!available(bench, name) || (name === "socat" && ports > 1)) continue;
      const [command] = commands(name, setup, bench.places);
      if (command === undefined) continue;
      const wait = NOTIFIERS.includes(name) ? READY_MS : 0;
      const words = [tcp, wait, command.program, ...command.words];
      const attempt = (environment: NodeJS.ProcessEnv) =>
        started(bench, words, environment).catch(error => {
          bench.fault({ cell: `start: ${portCount(ports)}`, column: name, message: reason(error) });
          return null;
        });
      const times = await attempt({ CACHE_DIRECTORY: kept });
      if (times === null) continue;
      if (name === "edge") note(first, name, (await attempt({}))?.listening);
      if (times.listening === -1)
        bench.fault({ cell: `start: ${portCount(ports)}`, column: name, message: "does not listen" });
      note(listening, name, times.listening);
      note(ready, name, times.ready);
    }
  }
  const cell = `${portCount(ports)}`;
  const targets = ports === 1 ? [{ against: "node", atMost: 1.25 } as const] : [];
  bench.add({ section: "start", cell, metric: "exec to listening ms", values: listening, targets });
  bench.add({ section: "start", cell, metric: "first exec to listening ms", values: first, targets: [] });
  if (Object.keys(ready).length > 0) {
    bench.add({ section: "start", cell, metric: "exec to READY ms", values: ready, targets: [] });
  }
}

/** The folder in which a start has kept the code of the daemon. */
async function keptCode(bench: Bench, setup: Setup): Promise<string> {
  const folder = join(bench.places.scratch, "cache");
  mkdirSync(folder, { recursive: true });
  const peer = new Peer("edge", { ...setup, environment: { CACHE_DIRECTORY: folder } }, bench.places);
  await until("the code is kept", () => existsSync(join(folder, "daemon.code")));
  await peer.stop();
  return folder;
}

async function started(
  bench: Bench,
  words: readonly (string | number)[],
  environment: NodeJS.ProcessEnv = {},
): Promise<Times> {
  const env = { ...process.env, ...environment };
  const { stdout } = await run(join(bench.places.tools, "started"), words.map(String), { env });
  return JSON.parse(stdout) as Times;
}

/** -1: it did not happen. */
function note(values: Values, column: Column, value: number | undefined): void {
  if (value !== undefined && value >= 0) values[column] = [...(values[column] ?? []), value];
}
