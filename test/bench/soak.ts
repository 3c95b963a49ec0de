/**
 * Hours of ordinary work in one daemon: 32 ports paced both ways, clients that come and go, consoles with rotated logs and
 * SOL consoles, and a reload in each cycle. No byte may be lost, nothing may grow.
 */
import { type Bench, reason } from "./context.js";
import { Load } from "./load.js";
import { Peer } from "./peers.js";
import { descriptors, memory } from "./processes.js";
import { SoakConsoles } from "./soak-consoles.js";
import { summarize } from "./statistics.js";

const PORTS = 32;
export const FEW_TTYS = 8;
const SPEED = 115_200;
const CYCLE_SECONDS = 10;
/** Clients that are replaced after each cycle. */
const RECONNECTS = 4;
/** The first part is warm-up: code is compiled, the heap finds its size. */
const WARM_UP_SHARE = 0.2;
/** Between the medians of the first and the last third after that; noise of the collector stays below. */
const GROWTH_LIMIT_MB = 1;
/** In less time the heap has not found its size: growth is told, but not judged. */
const JUDGED_SECONDS = 900;

interface Sample {
  readonly megabytes: number;
  readonly descriptors: number;
}

/** @param ttys consoles; with many of them, one port is paced */
export async function soak(bench: Bench, seconds: number, ttys: number): Promise<void> {
  const ports = ttys > FEW_TTYS ? 1 : PORTS;
  const load = await Load.start(`${bench.places.tools}/load`, ports, "raw");
  const consoles = await SoakConsoles.make(bench.places.scratch, ttys);
  const setup = { ports: load.ports, mode: "raw", speed: SPEED, lines: consoles.configuration } as const;
  const peer = new Peer("edge", setup, bench.places);
  const cycleMs = Math.min(CYCLE_SECONDS, seconds / 6) * 1000;
  const end = performance.now() + seconds * 1000;
  const samples: Sample[] = [];
  let [bytes, next] = [0, 0];
  try {
    await peer.listening();
    await consoles.start();
    await load.command(`connect 0 ${ports}`);
    while (performance.now() < end) {
      process.kill(peer.pids[0] ?? 0, "SIGHUP");
      const run = await load.run(`${cycleMs} paced 0 ${ports} both ${SPEED / 10} 8`);
      bytes += run.toNet.received + run.toDevice.received;
      const lines = await consoles.check();
      samples.push(sample(peer));
      const until = Math.min(next + RECONNECTS, ports);
      await load.command(`disconnect ${next} ${until}`);
      await load.command(`connect ${next} ${until}`);
      next = until % ports;
      console.error(formatSample(samples.length, bytes, lines, samples.at(-1)));
    }
    report(bench, samples, seconds >= JUDGED_SECONDS);
  } catch (error) {
    bench.fault({ cell: "soak", column: "edge", message: reason(error) + peer.fate() });
  } finally {
    load.stop();
    await consoles.stop();
    await peer.stop();
  }
}

function sample(peer: Peer): Sample {
  const [pid = 0] = peer.pids;
  return { megabytes: memory(peer.pids).privateDirty / 1e6, descriptors: descriptors(pid).length };
}

function report(bench: Bench, samples: readonly Sample[], judged: boolean): void {
  const counted = samples.slice(Math.floor(samples.length * WARM_UP_SHARE));
  const third = Math.ceil(counted.length / 3);
  const [first, last] = [counted.slice(0, third), counted.slice(-third)];
  const middle = (of: readonly Sample[], what: (sample: Sample) => number) => summarize(of.map(what))?.median ?? 0;
  const growth = (what: (sample: Sample) => number): { edge: [number] } => ({
    edge: [middle(last, what) - middle(first, what)],
  });
  bench.add({
    section: "soak",
    cell: `${samples.length} cycles`,
    metric: "private dirty MB",
    values: { edge: counted.map(one => one.megabytes) },
    targets: [],
  });
  bench.add({
    section: "soak",
    cell: "growth of private dirty",
    metric: "MB",
    values: growth(one => one.megabytes),
    targets: judged ? [{ atMost: GROWTH_LIMIT_MB }] : [],
  });
  const descriptors = growth(one => one.descriptors);
  bench.add({
    section: "soak",
    cell: "growth of descriptors",
    metric: "",
    values: descriptors,
    targets: [{ atMost: 0 }],
  });
  if (descriptors.edge[0] > 0) bench.fault({ cell: "soak", column: "edge", message: "descriptors are left open" });
}

function formatSample(cycle: number, bytes: number, lines: number, sample: Sample | undefined): string {
  const { megabytes = 0, descriptors: count = 0 } = sample ?? {};
  return `cycle ${cycle}: ${(bytes / 1e6).toFixed(1)} MB, ${lines} lines of consoles, private dirty ${megabytes.toFixed(1)} MB, ${count} descriptors`;
}
