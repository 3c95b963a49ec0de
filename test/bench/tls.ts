/** TLS against stunnel in front of a port in clear text, and keystrokes beside many handshakes. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { PtyDevice } from "../support/pty.js";
import { type Bench, reason } from "./context.js";
import { Load, tcpPorts } from "./load.js";
import { Peer } from "./peers.js";
import { listens, memory } from "./processes.js";
import { ratios } from "./statistics.js";
import { settle, until } from "./wait.js";

const BULK_BYTES = 8_000_000;
const CONNECTIONS = 200;
const HELD = 64;
const ECHO = "echo 0 1 11520 20";
const MS_PER_TICK = 10; // USER_HZ of proc(5)
const [KB, BYTES_PER_MB] = [1e3, 1e6];

/** Connects 500 times at once, again and again, in place of another machine; counts from SIGUSR2 to SIGTERM. */
const HANDSHAKES = `
const { connect, createSecureContext } = require("node:tls");
const secureContext = createSecureContext({ ca: [] });
let done = 0;
process.on("SIGUSR2", () => { done = 0; });
process.on("SIGTERM", () => process.stdout.write(String(done), () => process.exit(0)));
function burst() {
  let open = 500;
  const ended = () => { if (--open === 0) burst(); };
  for (let n = 0; n < 500; n++) {
    const socket = connect({ port: Number(process.argv[1]), host: "127.0.0.1", rejectUnauthorized: false, secureContext }, () => {
      if (done++ === 0) process.stdout.write("begun\\n");
      socket.destroy();
    });
    socket.on("error", () => {}).on("close", ended);
  }
}
burst();
`;

type Side = "edge" | "stunnel";
type Figure = "toNet" | "toDevice" | "connection" | "memory";

const ROWS: Readonly<Record<Figure, readonly [cell: string, metric: string]>> = {
  toNet: ["device to net", "CPU ms per MB"],
  toDevice: ["net to device", "CPU ms per MB"],
  connection: ["a connection with its handshake (ECDSA P-256, TLS 1.3)", "CPU ms"],
  memory: ["one more connection", "private dirty KB"],
};

export async function measureTls(bench: Bench): Promise<void> {
  const { scratch } = bench.places;
  const pair = { cert: join(scratch, "tls.crt"), key: join(scratch, "tls.key") };
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", pair.key];
  execFileSync("openssl", ["req", "-x509", ...key, "-out", pair.cert, "-subj", "/CN=localhost"], { stdio: "ignore" });
  try {
    await compare(bench, pair);
    await beside(bench, pair);
  } catch (error) {
    bench.fault({ cell: "TLS", column: "edge", message: reason(error) });
  }
}

interface Pair {
  readonly cert: string;
  readonly key: string;
}

async function compare(bench: Bench, pair: Pair): Promise<void> {
  const found = new Map<string, number[]>();
  const list = (figure: Figure, side: Side): number[] => {
    const key = `${figure} ${side}`;
    if (!found.has(key)) found.set(key, []);
    return found.get(key) ?? [];
  };
  for (let round = 0; round < bench.rounds; round++) {
    for (const side of round % 2 === 0 ? (["edge", "stunnel"] as const) : (["stunnel", "edge"] as const)) {
      const figures = await figuresOf(bench, pair, side);
      for (const [figure, value] of Object.entries(figures)) list(figure as Figure, side).push(value);
    }
  }
  for (const [figure, [cell, metric]] of Object.entries(ROWS)) {
    const values = { edge: list(figure as Figure, "edge"), stunnel: list(figure as Figure, "stunnel") };
    bench.add({ section: "tls", cell, metric, values, targets: [{ against: "stunnel", atMost: 1 }] });
  }
}

/** The daemon with TLS, or the daemon in clear text with stunnel before it: both processes together. */
async function figuresOf(bench: Bench, { cert, key }: Pair, side: Side): Promise<Record<Figure, number>> {
  let received = 0;
  const device = new PtyDevice(bytes => {
    received += bytes.length;
  });
  const tcp = tcpPorts(2);
  const peer = new Peer(
    "edge",
    {
      ...{ ports: [{ path: device.path, tcp }], mode: "raw", speed: 115_200 },
      lines: side === "edge" ? [`TLS:bench:cert=${cert} key=${key}`] : [],
      options: () => `max-connections=${HELD + 2}${side === "edge" ? " tls=bench" : ""}`,
    },
    bench.places,
  );
  const stunnel = side === "edge" ? null : startStunnel(bench, { cert, key }, tcp + 1, tcp);
  const port = side === "edge" ? tcp : tcp + 1;
  try {
    await peer.listening();
    await until("stunnel listens", () => listens(port));
    const pids = [...peer.pids, ...(stunnel?.pid === undefined ? [] : [stunnel.pid])];
    (await secured(port)).destroy();
    return await figuresAt(port, pids, device, () => received);
  } finally {
    stunnel?.kill("SIGTERM");
    await peer.stop();
    device.close();
  }
}

async function figuresAt(
  port: number,
  pids: readonly number[],
  device: PtyDevice,
  received: () => number,
): Promise<Record<Figure, number>> {
  let before = cpuMs(pids);
  for (let count = 0; count < CONNECTIONS; count++) {
    const socket = await secured(port);
    socket.end();
    await once(socket.resume(), "close");
  }
  const connection = (cpuMs(pids) - before) / CONNECTIONS;
  const client = await secured(port);
  let arrived = 0;
  client.on("data", chunk => {
    arrived += chunk.length;
  });
  const bytes = Buffer.alloc(BULK_BYTES, "0123456789");
  await settle(200);
  before = cpuMs(pids);
  device.send(bytes);
  await until("all bytes are at the client", () => arrived === BULK_BYTES);
  const toNet = (cpuMs(pids) - before) / (BULK_BYTES / BYTES_PER_MB);
  const start = received();
  before = cpuMs(pids);
  client.write(bytes);
  await until("all bytes are at the device", () => received() - start === BULK_BYTES);
  const toDevice = (cpuMs(pids) - before) / (BULK_BYTES / BYTES_PER_MB);
  await settle(500);
  const alone = memory(pids).privateDirty;
  const held = await Promise.all(Array.from({ length: HELD }, () => secured(port)));
  await settle(500);
  const more = (memory(pids).privateDirty - alone) / HELD / KB;
  for (const socket of [...held, client]) socket.destroy();
  return { toNet, toDevice, connection, memory: more };
}

function startStunnel(bench: Bench, { cert, key }: Pair, accept: number, to: number): ChildProcess {
  const file = join(bench.places.scratch, "stunnel.conf");
  const lines = ["foreground = yes", "pid =", "debug = 3", "[bench]", `accept = 127.0.0.1:${accept}`];
  writeFileSync(file, [...lines, `connect = 127.0.0.1:${to}`, `cert = ${cert}`, `key = ${key}`, ""].join("\n"));
  return spawn("stunnel", [file], { stdio: "ignore" });
}

async function secured(port: number): Promise<TLSSocket> {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
  socket.on("error", () => {});
  await once(socket, "secureConnect");
  return socket;
}

/** User and system time of the processes; threads that have ended count too. */
function cpuMs(pids: readonly number[]): number {
  const ticks = pids.map(pid => {
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, count) => sum + count, 0) * MS_PER_TICK;
}

/** Keystroke echo of a port in clear text, idle and beside 500 handshakes at once. */
async function beside(bench: Bench, { cert, key }: Pair): Promise<void> {
  const load = await Load.start(`${bench.places.tools}/load`, 1, "raw");
  const [device, tls] = [new PtyDevice(() => {}), tcpPorts(1)];
  const lines = [
    `TLS:bench:cert=${cert} key=${key}`,
    `127.0.0.1,${tls}:raw:0:${device.path}:115200 tls=bench max-connections=8`,
  ];
  const peer = new Peer("edge", { ports: load.ports, mode: "raw", speed: 115_200, lines }, bench.places);
  const [idle, busy, made]: [number[], number[], number[]] = [[], [], []];
  try {
    await peer.listening();
    await load.command("connect 0 1");
    for (let round = -1; round < bench.rounds; round++) {
      const quiet = await load.run(`${bench.seconds * 1000} ${ECHO}`);
      const many = spawn("nice", ["-n", "19", process.execPath, "-e", HANDSHAKES, String(tls)]);
      let told = "";
      many.stdout.setEncoding("latin1").on("data", text => {
        told += text;
      });
      await until("the first handshake is done", () => told !== "");
      many.kill("SIGUSR2");
      const startMs = performance.now();
      const run = await load.run(`${bench.seconds * 1000} ${ECHO}`);
      const seconds = (performance.now() - startMs) / 1000;
      many.kill("SIGTERM");
      await once(many, "close");
      await settle(500);
      if (round < 0) continue;
      idle.push(quiet.p99);
      busy.push(run.p99);
      made.push(Number(told.split("\n").at(-1)) / seconds);
    }
  } finally {
    load.stop();
    await peer.stop();
    device.close();
  }
  const cell = "keystroke echo beside 500 handshakes at once";
  const row = { section: "tls", cell, targets: [] };
  bench.add({ ...row, metric: "handshakes per second", values: { edge: made } });
  bench.add({ ...row, metric: "idle p99 µs", values: { edge: idle } });
  bench.add({ ...row, metric: "p99 µs", values: { edge: busy } });
  bench.add({ ...row, metric: "p99 to idle p99", values: { edge: ratios(busy, idle) }, targets: [{ atMost: 3 }] });
}
