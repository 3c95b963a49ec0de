/** One scrape of the metrics of 256 ports: processor time, and the longest turn of the event loop. */
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { type Bench, reason } from "./context.js";
import { Load, tcpPorts } from "./load.js";
import { Peer } from "./peers.js";
import { listens, usage } from "./processes.js";
import { summarize } from "./statistics.js";
import { settle, until } from "./wait.js";

const PORTS = 256;
const SCRAPES = 25;
const NS_PER_MS = 1e6;

/** In the daemon: SIGUSR2 writes the longest and the median interval of a timer of 1 ms since the last one, in milliseconds. */
const PROBE = `
const { monitorEventLoopDelay } = require("node:perf_hooks");
const { writeFileSync, renameSync } = require("node:fs");
const delays = monitorEventLoopDelay({ resolution: 1 });
delays.enable();
let count = 0;
process.on("SIGUSR2", () => {
  writeFileSync(process.env.DELAYS + ".new", [++count, delays.max / 1e6, delays.percentile(50) / 1e6].join(" "));
  renameSync(process.env.DELAYS + ".new", process.env.DELAYS);
  delays.reset();
});
`;

export async function measureScrape(bench: Bench): Promise<void> {
  const load = await Load.start(`${bench.places.tools}/load`, PORTS, "raw");
  const [probe, delays, metrics] = [join(bench.places.scratch, "p.cjs"), join(bench.places.scratch, "d"), tcpPorts(1)];
  writeFileSync(probe, PROBE);
  const lines = [`METRICS:127.0.0.1,${metrics}`];
  const environment = { NODE_OPTIONS: `--require=${probe}`, DELAYS: delays };
  const peer = new Peer("edge", { ports: load.ports, mode: "raw", speed: 115_200, lines, environment }, bench.places);
  const rounds: Round[] = [];
  try {
    await peer.listening();
    await until("metrics are served", () => listens(metrics));
    await load.command(`connect 0 ${PORTS}`);
    await settle(1000);
    const sampler = new Sampler(peer.pids[0] ?? 0, delays);
    for (let round = -1; round < bench.rounds; round++) {
      const one = await runScrapes(peer, metrics, sampler);
      if (round >= 0) rounds.push(one);
    }
  } catch (error) {
    bench.fault({ cell: "scrape", column: "edge", message: reason(error) + peer.fate() });
  } finally {
    load.stop();
    await peer.stop();
  }
  const row = { section: "scrape", cell: `one scrape of ${PORTS} connected ports`, targets: [] };
  const edge = (figure: keyof Round) => ({ edge: rounds.map(one => one[figure]) });
  bench.add({ ...row, metric: "CPU ms", values: edge("cpuMs") });
  bench.add({ ...row, metric: "longest delay ms, without a scrape", values: edge("idleMs") });
  bench.add({ ...row, metric: "longest delay ms", values: edge("delayMs"), targets: [{ atMost: 5 }] });
}

/** The medians of so many scrapes. */
interface Round {
  readonly cpuMs: number;
  readonly idleMs: number;
  readonly delayMs: number;
}

async function runScrapes(peer: Peer, metrics: number, sampler: Sampler): Promise<Round> {
  const [cpu, idle, delay]: [number[], number[], number[]] = [[], [], []];
  for (let scrape = 0; scrape < SCRAPES; scrape++) {
    await sampler.read();
    await settle(50);
    const baseline = await sampler.read();
    idle.push(baseline.longest - baseline.median);
    const before = usage(peer.pids).cpuNs;
    await scraped(metrics);
    cpu.push((usage(peer.pids).cpuNs - before) / NS_PER_MS);
    delay.push((await sampler.read()).longest - baseline.median);
  }
  const [cpuMs, idleMs, delayMs] = [cpu, idle, delay].map(values => summarize(values)?.median ?? 0);
  return { cpuMs: cpuMs ?? 0, idleMs: idleMs ?? 0, delayMs: delayMs ?? 0 };
}

/** Asks the probe. */
class Sampler {
  readonly #pid: number;
  readonly #file: string;
  #asked = 0;

  constructor(pid: number, file: string) {
    this.#pid = pid;
    this.#file = file;
  }

  async read(): Promise<{ readonly longest: number; readonly median: number }> {
    process.kill(this.#pid, "SIGUSR2");
    const mark = `${++this.#asked} `;
    await until("the delay is told", () => readText(this.#file).startsWith(mark));
    const [, longest = 0, median = 0] = readText(this.#file).split(" ").map(Number);
    return { longest, median };
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return ""; // not written yet
  }
}

async function scraped(port: number): Promise<void> {
  const request = get({ host: "127.0.0.1", port, path: "/metrics", agent: false });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  let bytes = 0;
  response.on("data", chunk => {
    bytes += chunk.length;
  });
  await once(response, "end");
  if (bytes < PORTS * 100) throw new Error(`the scrape has ${bytes} bytes`);
}
