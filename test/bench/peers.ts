/** The programs that are compared, each started with the same ports. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listens } from "./processes.js";
import { until } from "./wait.js";

export type Mode = "raw" | "telnet";
export type PeerName = "edge" | "edge+dbus" | "ser2net" | "socat" | "floor";

/** One line of a table is one port. */
export interface PortPlace {
  readonly path: string;
  readonly tcp: number;
}

export interface Setup {
  readonly ports: readonly PortPlace[];
  readonly mode: Mode;
  readonly speed: number;
  /** Only edge: the words of every port behind the speed, in place of those of a tty. */
  readonly words?: string;
  /** Only edge: lines before the ports, options of one port, further arguments. */
  readonly lines?: readonly string[];
  readonly options?: (index: number) => string;
  readonly modeOf?: (index: number) => Mode;
  readonly arguments?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
}

/** Where the built things and the scratch files are. */
export interface Places {
  /** ser2net.cjs under test. */
  readonly daemon: string;
  readonly tools: string;
  readonly scratch: string;
  /** The address of a private bus, once it runs. */
  busAddress: string | null;
}

const STOP_MS = 8000;
/** For setpriv, which becomes the program: nothing outlives the benchmark, however that ends. */
export const NOT_ALONE = ["--pdeathsig", "KILL"];
const TTY_WORDS = "NONE 1STOPBIT 8DATABITS LOCAL";
let files = 0;

export class Peer {
  readonly name: PeerName;
  readonly pids: readonly number[];
  /** The file with what it printed. */
  readonly log: string;
  readonly #setup: Setup;
  readonly #processes: readonly ChildProcess[];

  constructor(name: PeerName, setup: Setup, places: Places) {
    this.name = name;
    this.#setup = setup;
    this.log = join(places.scratch, `${++files}-${name}.log`);
    const output = openSync(this.log, "w");
    const { environment } = setup;
    this.#processes = commands(name, setup, places).map(({ program, words }) =>
      spawn("setpriv", [...NOT_ALONE, program, ...words], {
        stdio: ["ignore", output, output],
        env: { ...process.env, ...environment },
      }),
    );
    closeSync(output);
    this.pids = this.#processes.map(one => one.pid ?? 0);
    if (this.pids.includes(0)) throw new Error(`${name} cannot be started`);
  }

  /** All ports are open. */
  async listening(): Promise<void> {
    await until(`${this.name} listens, see ${this.log}`, () => this.#setup.ports.every(port => listens(port.tcp)));
  }

  /** Why it is not there any more, for a message; empty while it runs. */
  fate(): string {
    const ended = this.#processes.find(one => one.exitCode !== null || one.signalCode !== null);
    if (ended === undefined) return "";
    const said = readFileSync(this.log, "latin1").trim().split("\n");
    return ` (${this.name} ended with ${ended.exitCode ?? ended.signalCode}: ${said.find(line => /error/i.test(line)) ?? ""})`;
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#processes.map(async one => {
        if (one.exitCode !== null || one.signalCode !== null) return;
        const ended = once(one, "exit");
        const timer = setTimeout(() => one.kill("SIGKILL"), STOP_MS);
        one.kill("SIGTERM");
        await ended;
        clearTimeout(timer);
      }),
    );
  }
}

export interface Command {
  readonly program: string;
  readonly words: readonly string[];
}

/** socat has one process for each port, the others one for all. */
export function commands(name: PeerName, setup: Setup, places: Places): Command[] {
  const { ports } = setup;
  const file = join(places.scratch, `${++files}-${name}.conf`);
  switch (name) {
    case "edge":
    case "edge+dbus":
      writeFileSync(file, edgeConfiguration(setup));
      return [
        {
          program: process.execPath,
          words: [places.daemon, "-n", "-u", "-c", file, ...busArguments(name, places), ...(setup.arguments ?? [])],
        },
      ];
    case "ser2net":
      writeFileSync(file, ser2netConfiguration(setup));
      return [{ program: "ser2net", words: ["-n", "-u", "-c", file] }];
    case "socat":
      return ports.map(({ path, tcp }) => ({
        program: "socat",
        words: [`TCP-LISTEN:${tcp},bind=127.0.0.1,reuseaddr,nodelay`, `${path},raw,echo=0`],
      }));
    case "floor":
      return [{ program: join(places.tools, "floor"), words: ports.map(({ path, tcp }) => `${tcp}:${path}`) }];
    default:
      return name satisfies never;
  }
}

function edgeConfiguration({ ports, mode, modeOf, speed, words = TTY_WORDS, lines = [], options }: Setup): string {
  const portLines = ports.map(({ path, tcp }, index) => {
    const extra = options?.(index) ?? "";
    return `127.0.0.1,${tcp}:${modeOf?.(index) ?? mode}:0:${path}:${speed} ${words} ${extra}`;
  });
  return `${[...lines, ...portLines].join("\n")}\n`;
}

function ser2netConfiguration({ ports, mode, speed }: Setup): string {
  const accepter = mode === "telnet" ? "telnet,tcp" : "tcp";
  const connections = ports.map(
    ({ path, tcp }, index) => `connection: &port${index}
    accepter: ${accepter},127.0.0.1,${tcp}
    enable: on
    connector: serialdev,${path},${speed}n81,local
`,
  );
  return `%YAML 1.1\n---\n${connections.join("")}`;
}

function busArguments(name: PeerName, { busAddress }: Places): string[] {
  return name === "edge+dbus" && busAddress !== null ? ["--dbus", busAddress] : [];
}
