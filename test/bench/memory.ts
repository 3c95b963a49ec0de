/** Memory at rest: unused ports, connections, and what a load leaves behind. */
import { isUsed } from "./bus.js";
import { portCount } from "./cells.js";
import { type Bench, reason } from "./context.js";
import { Load } from "./load.js";
import { Peer, type PeerName } from "./peers.js";
import { type Memory, memory } from "./processes.js";
import type { Column, Row, Target } from "./rows.js";
import { settle, until } from "./wait.js";

const PORTS = [1, 32, 256] as const;
const PEERS: readonly PeerName[] = ["edge", "edge+dbus", "ser2net", "socat", "floor"];
const SPEED = 9600; // all 256 ports can be paced
const LOAD_MS = 2000;
const STATES = ["idle", "connected", "after load"] as const;
type State = (typeof STATES)[number];
type Sizes = Partial<Record<State, Memory>>;
const MB = 1e6;
const KB = 1e3;
/** The last of few and many ports differ by so many. */
const MORE_PORTS = 255;
const MANY = 256;

const IDLE_TARGETS: readonly Target[] = [{ atMost: 9 }, { of: "edge+dbus", atMost: 13 }];

export async function measureMemory(bench: Bench): Promise<void> {
  const found = new Map<string, Partial<Record<Column, Memory[]>>>();
  for (let round = 0; round < bench.rounds; round++) {
    for (const ports of PORTS) {
      for (const name of PEERS.filter(name => available(bench, name))) {
        const sizes = await sizesOf(bench, name, ports);
        for (const state of STATES) {
          const size = sizes[state];
          if (size === undefined) continue;
          const columns = found.get(key(state, ports)) ?? {};
          found.set(key(state, ports), { ...columns, [name]: [...(columns[name] ?? []), size] });
        }
      }
    }
  }
  for (const row of rows(found)) bench.add(row);
}

export function available(bench: Bench, name: PeerName): boolean {
  return bench.peers.includes(name) && (name !== "edge+dbus" || bench.places.busAddress !== null);
}

async function sizesOf(bench: Bench, name: PeerName, ports: number): Promise<Sizes> {
  const load = await Load.start(`${bench.places.tools}/load`, ports, "raw");
  const peer = new Peer(name, { ports: load.ports, mode: "raw", speed: SPEED }, bench.places);
  const sizes: Sizes = {};
  const pause = () => settle(bench.level === "quick" ? 500 : 2000);
  try {
    await peer.listening();
    const { busAddress } = bench.places;
    if (name === "edge+dbus" && busAddress !== null) await until("the daemon is on the bus", () => isUsed(busAddress));
    await pause();
    sizes.idle = memory(peer.pids);
    await load.command(`connect 0 ${ports}`);
    await pause();
    sizes.connected = memory(peer.pids);
    await load.run(`${LOAD_MS} paced 0 ${ports} both ${SPEED / 10} 8 bulk 0 ${Math.min(ports, 8)} both`);
    await pause();
    sizes["after load"] = memory(peer.pids);
  } catch (error) {
    bench.fault({ cell: `memory: ${portCount(ports)}`, column: name, message: reason(error) + peer.fate() });
  } finally {
    load.stop();
    await peer.stop();
  }
  return sizes;
}

function rows(found: ReadonlyMap<string, Partial<Record<Column, Memory[]>>>): Row[] {
  const values = (state: State, ports: number, size: (memory: Memory) => number): Row["values"] =>
    Object.fromEntries(Object.entries(found.get(key(state, ports)) ?? {}).map(([name, all]) => [name, all.map(size)]));
  const row = (cell: string, metric: string, of: Row["values"], targets: readonly Target[] = []): Row => ({
    section: "memory",
    cell,
    metric,
    values: of,
    targets,
  });
  const dirty = (state: State, ports: number) => values(state, ports, memory => memory.privateDirty / KB);
  return [
    ...STATES.flatMap(state =>
      PORTS.flatMap(ports => [
        row(
          key(state, ports),
          "private dirty MB",
          values(state, ports, memory => memory.privateDirty / MB),
          state === "idle" && ports === 1 ? IDLE_TARGETS : [],
        ),
        row(
          key(state, ports),
          "PSS MB",
          values(state, ports, memory => memory.pss / MB),
        ),
        row(
          key(state, ports),
          "RSS MB",
          values(state, ports, memory => memory.rss / MB),
        ),
      ]),
    ),
    row("one more idle port", "private dirty KB", share(dirty("idle", MANY), dirty("idle", 1), MORE_PORTS), [
      { atMost: 12 },
    ]),
    row("one more connection", "private dirty KB", share(dirty("connected", MANY), dirty("idle", MANY), MANY), [
      { atMost: 8 },
    ]),
    row("one connection after load", "private dirty KB", share(dirty("after load", MANY), dirty("idle", MANY), MANY)),
  ];
}

function share(more: Row["values"], less: Row["values"], among: number): Row["values"] {
  return Object.fromEntries(
    Object.entries(more).map(([name, values]) => [
      name,
      values.map((value, round) => (value - (less[name as Column]?.[round] ?? Number.NaN)) / among),
    ]),
  );
}

function key(state: State, ports: number): string {
  return `${state}, ${portCount(ports)}`;
}
