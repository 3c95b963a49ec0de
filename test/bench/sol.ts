/** SOL ports: the memory of each, and the work for a byte. The BMCs are in this process. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { FakeBmc } from "../support/fake-bmc.js";
import { portNumbers } from "../support/ports.js";
import { type Bench, reason } from "./context.js";
import { Peer } from "./peers.js";
import { memory, usage } from "./processes.js";
import { settle, until } from "./wait.js";

/** The last of few and many ports differ by so many. */
const MORE_PORTS = 200;
const BULK_BYTES = 1_000_000;
const KB = 1e3;
const NS_PER_MS = 1e6;
const BYTES_PER_MB = 1e6;

export async function measureSol(bench: Bench): Promise<void> {
  const [idle, connected, toDevice, toNet]: number[][] = [[], [], [], []];
  for (let round = 0; round < bench.rounds; round++) {
    try {
      const [one, many] = [await sizes(bench, 1), await sizes(bench, 1 + MORE_PORTS)];
      idle?.push((many.idle - one.idle) / MORE_PORTS / KB);
      // A daemon with one session has loaded all that sessions need.
      connected?.push((many.connected - one.connected) / MORE_PORTS / KB);
      const { paste, print } = await bulk(bench);
      toDevice?.push(paste);
      toNet?.push(print);
    } catch (error) {
      bench.fault({ cell: "SOL", column: "edge", message: reason(error) });
    }
  }
  const row = (cell: string, metric: string, edge: number[] = [], targets: { atMost: number }[] = []) =>
    bench.add({ section: "sol", cell, metric, values: { edge }, targets });
  row("one more idle port", "private dirty KB", idle, [{ atMost: 30 }]);
  row("one more connected port", "private dirty KB", connected, [{ atMost: 80 }]);
  row("net to device, suite 3, 60 bytes a packet", "CPU ms per MB", toDevice);
  row("device to net, suite 3, 60 bytes a packet", "CPU ms per MB", toNet);
}

/** Private dirty bytes. */
async function sizes(bench: Bench, count: number): Promise<{ readonly idle: number; readonly connected: number }> {
  const pause = () => settle(bench.level === "quick" ? 500 : 2000);
  return withPorts(bench, count, async (peer, bmcs, connectAll) => {
    await pause();
    const idle = memory(peer.pids).privateDirty;
    await connectAll();
    await until("all consoles are there", () => bmcs.every(({ sol }) => sol !== null));
    await pause();
    return { idle, connected: memory(peer.pids).privateDirty };
  });
}

/** Milliseconds of CPU for each MB. */
async function bulk(bench: Bench): Promise<{ readonly paste: number; readonly print: number }> {
  return withPorts(bench, 1, async (peer, [bmc], connectAll) => {
    const [socket] = await connectAll();
    if (bmc === undefined || socket === undefined) throw new Error("no console");
    await until("the console is there", () => bmc.sol !== null);
    let received = 0;
    socket.on("data", chunk => {
      received += chunk.length;
    });
    const bytes = Buffer.alloc(BULK_BYTES, "0123456789");
    const cpu = async (act: () => void, isDone: () => boolean): Promise<number> => {
      const before = usage(peer.pids).cpuNs;
      act();
      await until("all bytes are there", isDone);
      return (usage(peer.pids).cpuNs - before) / NS_PER_MS / (BULK_BYTES / BYTES_PER_MB);
    };
    const paste = await cpu(
      () => socket.write(bytes),
      () => bmc.sol?.receivedBytes === BULK_BYTES,
    );
    const print = await cpu(
      () => bmc.sol?.print(bytes),
      () => received === BULK_BYTES,
    );
    return { paste, print };
  });
}

type Act<T> = (peer: Peer, bmcs: readonly FakeBmc[], connectAll: () => Promise<readonly Socket[]>) => Promise<T>;

/** A daemon with so many SOL ports; all of it is gone afterwards. */
async function withPorts<T>(bench: Bench, count: number, act: Act<T>): Promise<T> {
  const ends: (() => unknown)[] = [];
  try {
    const bmcs: FakeBmc[] = [];
    const ports: { readonly path: string; readonly tcp: number }[] = [];
    const next = await portNumbers({ teardown: end => ends.unshift(end) });
    for (let index = 0; index < count; index++) {
      const bmc = await FakeBmc.start({ mode: "sink", keeps: false });
      ends.unshift(() => bmc.stop());
      bmcs.push(bmc);
      ports.push({ tcp: await next(), path: `sol.lan -U ipmiusr -P test -p ${bmc.port} 127.0.0.1` });
    }
    const peer = new Peer("edge", { ports, mode: "raw", speed: 115_200, words: "" }, bench.places);
    ends.unshift(() => peer.stop());
    await peer.listening();
    return await act(peer, bmcs, () => Promise.all(ports.map(({ tcp }) => connected(tcp, ends))));
  } finally {
    for (const end of ends) await end();
  }
}

async function connected(tcp: number, ends: (() => unknown)[]): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port: tcp });
  ends.unshift(() => socket.destroy());
  await once(socket, "connect");
  return socket;
}
