/**
 * Keystroke echo on one port of 256 while something else asks for all there is; and, at the same time, that of a port of `floor`,
 * a program of its own which nobody attacks: what the machine itself is short of.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type Bench, reason } from "./context.js";
import { Load, type Run, tcpPorts } from "./load.js";
import { Peer } from "./peers.js";
import { waitingConnections } from "./processes.js";
import type { Row } from "./rows.js";
import { ratios } from "./statistics.js";

/** Ports that are attacked, by their work. The one that is watched comes after them. */
const ATTACKED = 255;
const [BULK, FLOOD, TRACED] = [0, 1, 2];
/** Ports whose clients ask for the settings of the line without end (RFC 2217). */
const ASKED = [8, 9, 10, 11, 12, 13, 14, 15];
/** Ports that a client connects to and leaves at once. */
const STORM = { first: 100, count: 150 };
/** It does not wait for a CPU of this machine: `first` of load.c. */
const ECHO = "first echo 0 1 11520 20";
/** So that some hundred echoes make a p99. */
const ROUNDS_LAST_TIMES = 3;
const TRACED_LOAD = `paced ${TRACED} ${TRACED + 1} net 92160 64`;
const BULK_LOAD = `bulk ${BULK} ${BULK + 1} both`;

/** The p99 beside an abuse may be so much of the idle one, so much more than it, or so much. */
type Limit = { readonly times: number } | { readonly moreMs: number } | { readonly ms: number };
const TWICE: Limit = { times: 2 };

interface Abuse {
  readonly name: string;
  readonly limit: Limit;
  /** Beside the run, a program that connects and leaves. */
  readonly storm?: boolean;
  /** For load.c: before the run, and in the run beside the echo. */
  readonly noise: readonly string[];
  readonly plan: string;
}

/** What a round gives: the echo of the port that is watched, and that of `floor`. */
interface Both<T> {
  readonly edge: T;
  readonly floor: T;
}

/** Each has a process of its own, and they run at the same time. */
interface Generators extends Both<Load> {
  /** Stands for other machines, so it gives way. */
  readonly attackers: Load;
  /** TCP port of the control port. */
  readonly control: number;
}

export async function measureAbuse(bench: Bench): Promise<void> {
  if (!bench.peers.includes("edge")) return;
  const program = `${bench.places.tools}/load`;
  const attackers = await Load.start(program, ATTACKED, "raw", ["nice", "-n", "10"]);
  const edge = await Load.start(program, 1, "raw");
  const floor = await Load.start(program, 1, "raw");
  const generators = { attackers, edge, floor, control: tcpPorts(1) };
  const peer = startEdge(bench, generators);
  const other = new Peer("floor", { ports: floor.ports, mode: "raw", speed: 115_200 }, bench.places);
  try {
    await Promise.all([peer.listening(), other.listening()]);
    await attackers.command(`connect ${BULK} ${BULK + 1}`);
    await attackers.command(`connect ${TRACED} ${TRACED + 1}`);
    for (const load of [edge, floor]) await load.command("connect 0 1");
    await measure(bench, generators, abuses(attackers, generators.control));
  } catch (error) {
    bench.fault({ cell: "abuse", column: "edge", message: reason(error) + peer.fate() + other.fate() });
  } finally {
    for (const load of [attackers, edge, floor]) load.stop();
    await Promise.all([peer.stop(), other.stop()]);
  }
}

function startEdge(bench: Bench, { attackers, edge, control }: Generators): Peer {
  const { scratch, tools } = bench.places;
  const trace = join(scratch, "slow-trace");
  return new Peer(
    "edge",
    {
      ports: [...attackers.ports, ...edge.ports],
      mode: "raw",
      speed: 115_200,
      modeOf: index => (index === FLOOD || ASKED.includes(index) ? "telnet" : "raw"),
      lines: [`TRACEFILE:slow:${trace}`],
      options: index => (index === TRACED ? "921600 tb=slow tb-hexdump" : ASKED.includes(index) ? "remctl" : ""),
      arguments: ["-p", `127.0.0.1,${control}`],
      environment: { LD_PRELOAD: join(tools, "slow.so"), SLOW_FILES: trace },
    },
    bench.places,
  );
}

function abuses({ ports }: Load, control: number): Abuse[] {
  const flood = `noise ${ports[FLOOD]?.tcp ?? 0} flood ${telnetFlood().toString("hex")}`;
  const ask = `noise ${control} ask ${Buffer.from("showport\r\n").toString("hex")}`;
  const questions = ASKED.map(index => `noise ${ports[index]?.tcp ?? 0} flood ${comPortQuestions().toString("hex")}`);
  const four = { limit: TWICE, noise: [flood, ask], plan: `${BULK_LOAD} ${TRACED_LOAD}` };
  return [
    { name: "idle", limit: TWICE, noise: [], plan: "" },
    { name: "a port at full speed", limit: TWICE, noise: [], plan: BULK_LOAD },
    { name: "a flooding telnet client", limit: TWICE, noise: [flood], plan: "" },
    { name: "a control session that prints 256 ports", limit: TWICE, noise: [ask], plan: "" },
    { name: "a trace to a slow disk", limit: TWICE, noise: [], plan: TRACED_LOAD },
    { name: "all four", ...four },
    { name: "all four and a storm", ...four, storm: true },
    { name: "floods of RFC 2217 requests on 8 ports", limit: { ms: 50 }, noise: questions, plan: "" },
    { name: "a storm of connections on 150 ports", limit: { moreMs: 10 }, storm: true, noise: [], plan: "" },
  ];
}

async function measure(bench: Bench, generators: Generators, all: readonly Abuse[]): Promise<void> {
  const runs = all.map((): Both<Run>[] => []);
  for (let round = -1; round < bench.rounds; round++) {
    for (const [index, abuse] of all.entries()) {
      const run = await runBeside(bench, generators, abuse);
      if (round >= 0) runs[index]?.push(run);
    }
  }
  const figures = (index: number, column: keyof Both<Run>, figure: "p50" | "p99"): number[] =>
    runs[index]?.map(run => run[column][figure]) ?? [];
  for (const [index, { name, limit }] of all.entries()) {
    const cell = `keystroke echo beside: ${name}`;
    for (const figure of ["p50", "p99"] as const) {
      const values = { edge: figures(index, "edge", figure), floor: figures(index, "floor", figure) };
      bench.add({ section: "abuse", cell, metric: `${figure} µs`, values, targets: [] });
    }
    if (index > 0)
      bench.add({ section: "abuse", cell, ...judged(limit, figures(index, "edge", "p99"), figures(0, "edge", "p99")) });
  }
}

/** The figure that a limit is about, from the p99 of each round and that of the idle port, in µs. */
function judged(
  limit: Limit,
  p99: readonly number[],
  idle: readonly number[],
): Pick<Row, "metric" | "values" | "targets"> {
  if ("times" in limit) {
    return { metric: "p99 to idle p99", values: { edge: ratios(p99, idle) }, targets: [{ atMost: limit.times }] };
  }
  if ("moreMs" in limit) {
    const more = p99.map((value, round) => (value - (idle[round] ?? 0)) / 1000);
    return { metric: "p99 above idle p99, ms", values: { edge: more }, targets: [{ atMost: limit.moreMs }] };
  }
  return { metric: "p99 ms", values: { edge: p99.map(value => value / 1000) }, targets: [{ atMost: limit.ms }] };
}

async function runBeside(
  bench: Bench,
  { attackers, edge, floor, control }: Generators,
  { name, noise, plan, storm }: Abuse,
): Promise<Both<Run>> {
  for (const one of noise) await attackers.command(one);
  const endStorm = storm ? startStorm(bench, attackers) : null;
  const ms = bench.seconds * ROUNDS_LAST_TIMES * 1000;
  const [attack, ...watched] = await Promise.all([
    attackers.run(`${ms} ${plan}`),
    edge.run(`${ms} ${ECHO}`),
    floor.run(`${ms} ${ECHO}`),
  ]);
  const connections = await endStorm?.();
  await attackers.command("quiet");
  if (noise.length > 0) await disconnectFlooded(control, attackers);
  if (attack.noise.some(one => one.received === 0)) throw new Error(`${name}: the noise was not answered`);
  if (connections === 0) throw new Error(`${name}: no connection was made`);
  return { edge: watched[0], floor: watched[1] };
}

/** Megabytes of a flood wait in the socket after its client has left: they must not count for the next run. */
async function disconnectFlooded(control: number, attackers: Load): Promise<void> {
  const session = connect(control, "127.0.0.1");
  for (const index of [FLOOD, ...ASKED]) session.write(`disconnect 127.0.0.1,${attackers.ports[index]?.tcp}\r\n`);
  session.write("quit\r\n");
  await text(session);
}

/** The function ends it, and gives the number of connections that were made. */
function startStorm(bench: Bench, attackers: Load): () => Promise<number> {
  const first = attackers.ports[STORM.first]?.tcp ?? 0;
  const storm = spawn(join(bench.places.tools, "storm"), [String(first), String(STORM.count)]);
  let made = "";
  storm.stdout.setEncoding("latin1").on("data", text => {
    made += text;
  });
  return async () => {
    storm.kill("SIGTERM");
    await once(storm, "close");
    // Thousands wait to be accepted yet: they must not count for the next run.
    while (waitingConnections(first, STORM.count) > 0) await new Promise(resolve => setTimeout(resolve, 50));
    return Number(made);
  };
}

/** SET-BAUDRATE to SET-STOPSIZE with the value 0: what is it now? */
function comPortQuestions(): Buffer {
  const [SE, SB, IAC, COM_PORT] = [240, 250, 255, 44];
  const question = (command: number, length: number): number[] => [
    IAC,
    SB,
    COM_PORT,
    command,
    ...Array.from({ length }, () => 0),
    IAC,
    SE,
  ];
  const once = [...question(1, 4), ...question(2, 1), ...question(3, 1), ...question(4, 1)];
  return Buffer.from([IAC, 251, COM_PORT, ...Array.from({ length: 100 }, () => once).flat()]);
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
