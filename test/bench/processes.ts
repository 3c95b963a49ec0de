/** Figures of the kernel about processes, all their threads together. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Growing counts: take the difference of two. */
export interface Usage {
  readonly cpuNs: number;
  /** Times a thread slept and was woken: voluntary context switches. */
  readonly wakeups: number;
  /** The main threads were ready to run, but no CPU was free. */
  readonly waitedNs: number;
}

/** Bytes. */
export interface Memory {
  readonly privateDirty: number;
  readonly pss: number;
  readonly rss: number;
}

export function usage(pids: readonly number[]): Usage {
  let [cpuNs, wakeups, waitedNs] = [0, 0, 0];
  for (const pid of pids) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const folder = `/proc/${pid}/task/${thread}`;
      const [ran = 0, waited = 0] = readFileSync(`${folder}/schedstat`, "latin1").split(" ").map(Number);
      cpuNs += ran;
      if (thread === String(pid)) waitedNs += waited;
      wakeups += field(readFileSync(`${folder}/status`, "latin1"), "voluntary_ctxt_switches");
    }
  }
  return { cpuNs, wakeups, waitedNs };
}

export function memory(pids: readonly number[]): Memory {
  const sums = pids.map(pid => readFileSync(`/proc/${pid}/smaps_rollup`, "latin1"));
  const sum = (name: string) => sums.reduce((total, text) => total + field(text, name) * 1024, 0);
  return { privateDirty: sum("Private_Dirty"), pss: sum("Pss"), rss: sum("Rss") };
}

/** Sockets, files and the rest by their kind; the numbers of sockets and the like are left out. */
export function descriptors(pid: number): readonly string[] {
  const folder = `/proc/${pid}/fd`;
  const kinds: string[] = [];
  for (const fd of readdirSync(folder)) {
    try {
      kinds.push(readlinkSync(`${folder}/${fd}`).replace(/:\[\d+\]$/, ""));
    } catch {} // closed since it was listed
  }
  return kinds;
}

/** Whether something listens on this TCP port, without connecting to it. */
export function listens(tcp: number): boolean {
  return listeners().some(({ port }) => port === tcp);
}

/** Connections to TCP ports from `first` on that the kernel keeps until they are accepted. */
export function waitingConnections(first: number, count: number): number {
  const ours = listeners().filter(({ port }) => port >= first && port < first + count);
  return ours.reduce((sum, { waiting }) => sum + waiting, 0);
}

/** The listening TCP sockets of the machine, with the length of their backlog (proc(5), /proc/net/tcp). */
function listeners(): { readonly port: number; readonly waiting: number }[] {
  // sl, local address and port, remote address, state, queues: the second one is the backlog
  const listener = /^ *\d+: \w+:(\w{4}) \w+:0000 0A \w+:(\w+)/gm;
  return ["tcp", "tcp6"].flatMap(table =>
    [...readFileSync(`/proc/net/${table}`, "latin1").matchAll(listener)].map(([, port = "", waiting = ""]) => ({
      port: Number.parseInt(port, 16),
      waiting: Number.parseInt(waiting, 16),
    })),
  );
}

function field(text: string, name: string): number {
  const found = new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(text);
  if (found === null) throw new Error(`no ${name} in /proc`);
  return Number(found[1]);
}
