/** Keystroke echo on one port of 256 while something else asks for all there is. */
import { join } from "node:path";
import { type Bench, reason } from "./context.js";
import { Load, tcpPorts } from "./load.js";
import { Peer } from "./peers.js";
import type { Target } from "./rows.js";
import { ratios } from "./statistics.js";

const PORTS = 256;
/** Ports by their work: 0 is the one that is watched. */
const [BULK, FLOOD, TRACED] = [1, 2, 3];
const ECHO = "echo 0 1 11520 20";
const TRACED_LOAD = `paced ${TRACED} ${TRACED + 1} net 92160 64`;
const BULK_LOAD = `bulk ${BULK} ${BULK + 1} both`;
const LIMIT: readonly Target[] = [{ atMost: 2 }];

interface Abuse {
  readonly name: string;
  /** For load.c: before the run, and in the run beside the echo. */
  readonly noise: readonly string[];
  readonly plan: string;
}

export async function measureAbuse(bench: Bench): Promise<void> {
  if (!bench.peers.includes("edge")) return;
  const load = await Load.start(`${bench.places.tools}/load`, PORTS, "raw");
  const control = tcpPorts(1);
  const peer = startEdge(bench, load, control);
  try {
    await peer.listening();
    await load.command("connect 0 2");
    await load.command(`connect ${TRACED} ${TRACED + 1}`);
    await measure(bench, load, abuses(load, control));
  } catch (error) {
    bench.fault({ cell: "abuse", column: "edge", message: reason(error) + peer.fate() });
  } finally {
    load.stop();
    await peer.stop();
  }
}

function startEdge(bench: Bench, load: Load, control: number): Peer {
  const { scratch, tools } = bench.places;
  const trace = join(scratch, "slow-trace");
  return new Peer(
    "edge",
    {
      ports: load.ports,
      mode: "raw",
      speed: 115_200,
      modeOf: index => (index === FLOOD ? "telnet" : "raw"),
      lines: [`TRACEFILE:slow:${trace}`],
      options: index => (index === TRACED ? "921600 tb=slow tb-hexdump" : ""),
      arguments: ["-p", `127.0.0.1,${control}`],
      environment: { LD_PRELOAD: join(tools, "slow.so"), SLOW_FILES: trace },
    },
    bench.places,
  );
}

function abuses(load: Load, control: number): Abuse[] {
  const flood = `noise ${load.ports[FLOOD]?.tcp ?? 0} flood ${telnetFlood().toString("hex")}`;
  const ask = `noise ${control} ask ${Buffer.from("showport\r\n").toString("hex")}`;
  return [
    { name: "idle", noise: [], plan: "" },
    { name: "a port at full speed", noise: [], plan: BULK_LOAD },
    { name: "a flooding telnet client", noise: [flood], plan: "" },
    { name: "a control session that prints 256 ports", noise: [ask], plan: "" },
    { name: "a trace to a slow disk", noise: [], plan: TRACED_LOAD },
    { name: "all of it", noise: [flood, ask], plan: `${BULK_LOAD} ${TRACED_LOAD}` },
  ];
}

async function measure(bench: Bench, load: Load, all: readonly Abuse[]): Promise<void> {
  const [p50, p99] = [all.map((): number[] => []), all.map((): number[] => [])];
  for (let round = -1; round < bench.rounds; round++) {
    for (const [index, abuse] of all.entries()) {
      for (const noise of abuse.noise) await load.command(noise);
      const run = await load.run(`${bench.seconds * 1000} ${abuse.plan} ${ECHO}`);
      await load.command("quiet");
      if (run.noise.some(one => one.received === 0)) throw new Error(`${abuse.name}: the noise was not answered`);
      if (round < 0) continue;
      p50[index]?.push(run.p50);
      p99[index]?.push(run.p99);
    }
  }
  for (const [index, { name }] of all.entries()) {
    const cell = `keystroke echo beside: ${name}`;
    bench.add({ section: "abuse", cell, metric: "p50 µs", values: { edge: p50[index] ?? [] }, targets: [] });
    bench.add({ section: "abuse", cell, metric: "p99 µs", values: { edge: p99[index] ?? [] }, targets: [] });
    if (index === 0) continue;
    const values = { edge: ratios(p99[index] ?? [], p99[0] ?? []) };
    bench.add({ section: "abuse", cell, metric: "p99 to idle p99", values, targets: LIMIT });
  }
}

/** Requests for every option, each answered, and suboptions; no data, which would stop at the device. */
function telnetFlood(): Buffer {
  const [SE, SB, WILL, DO, IAC, COM_PORT, NOTIFY] = [240, 250, 251, 253, 255, 44, 1];
  const bytes: number[] = [];
  for (let option = 0; option < 200; option++) {
    bytes.push(IAC, DO, option, IAC, WILL, option, IAC, SB, COM_PORT, NOTIFY, 0, 0, 0, 0, IAC, SE);
  }
  return Buffer.from(bytes);
}
