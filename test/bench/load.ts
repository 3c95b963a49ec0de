/** The load generator (load.c) as a process that is told what to do, one command after the other. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface, type Interface } from "node:readline";
import type { Mode, PortPlace } from "./peers.js";
import { listens } from "./processes.js";

interface Count {
  readonly sent: number;
  readonly received: number;
  /** Came in the wrong place, or changed. */
  readonly wrong: number;
  readonly missing: number;
  readonly surplus: number;
}

/** The report of one run of load.c. Latencies are in microseconds. */
/** Latency of the bytes of paced streams, from the write of the sender to the read of the receiver, in microseconds. */
interface Age {
  readonly bytes: number;
  /** More writes were under way than are noted. */
  readonly unknown: number;
  readonly mean: number;
  readonly p99: number;
}

export interface Run {
  readonly seconds: number;
  /** Seconds of CPU the generator itself took. */
  readonly loadCpu: number;
  readonly toDevice: Count;
  readonly toNet: Count;
  readonly age: { readonly toDevice: Age; readonly toNet: Age };
  /** Connections the peer ended. */
  readonly gone: number;
  readonly bursts: number;
  /** Bursts sent more than a millisecond after their time: above a few in a hundred the pace was not kept. */
  readonly late: number;
  readonly probes: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Of an exchange: the share of the time in which the line carried something. */
  readonly goodput: number;
  readonly noise: readonly { readonly sent: number; readonly received: number; readonly lost: number }[];
}

/** Below those of the tests' neighbours, the ephemeral ports; each generator gets a range of its own. */
const FIRST_TCP_PORT = 20_000;
let nextTcpPort = FIRST_TCP_PORT;

/** The first of so many TCP ports in a row that no other program or benchmark uses. */
export function tcpPorts(count: number): number {
  for (let tries = 0; tries < 100; tries++) {
    if (nextTcpPort + count > 32_000) nextTcpPort = FIRST_TCP_PORT;
    const first = nextTcpPort;
    nextTcpPort += count;
    if (!Array.from({ length: count }, (_, at) => listens(first + at)).includes(true)) return first;
  }
  throw new Error(`no ${count} free TCP ports`);
}

export class Load {
  readonly ports: readonly PortPlace[];
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  readonly #errors: { text: string };

  private constructor(
    ports: readonly PortPlace[],
    process: ChildProcessWithoutNullStreams,
    answers: AsyncIterator<string>,
    errors: { text: string },
  ) {
    this.ports = ports;
    this.#process = process;
    this.#answers = answers;
    this.#errors = errors;
  }

  /** `under`: words of a command that becomes the program, such as `nice -n 10`. */
  static async start(program: string, count: number, mode: Mode, under: readonly string[] = []): Promise<Load> {
    const first = tcpPorts(count);
    const [command = program, ...words] = [...under, program, String(count), String(first), mode];
    const child = spawn(command, words);
    const errors = { text: "" };
    child.stderr.setEncoding("latin1").on("data", text => {
      errors.text += text;
    });
    child.stdin.on("error", () => {}); // it has ended, and said why on standard error
    const lines: Interface = createInterface({ input: child.stdout });
    const answers = lines[Symbol.asyncIterator]();
    const { paths } = parse(await answers.next(), errors) as { paths: string[] };
    const ports = paths.map((path, index) => ({ path, tcp: first + index }));
    return new Load(ports, child, answers, errors);
  }

  async command(text: string): Promise<void> {
    await this.#ask(text);
  }

  /** Throws when a byte was lost, changed or came twice. */
  async run(text: string): Promise<Run> {
    const run = (await this.#ask(`run ${text}`)) as Run;
    for (const [direction, count] of Object.entries({ "to the device": run.toDevice, "to the net": run.toNet })) {
      const { wrong, missing, surplus } = count;
      if (wrong + missing + surplus > 0) {
        throw new Error(`bytes ${direction}: ${wrong} wrong, ${missing} missing, ${surplus} too many`);
      }
    }
    if (run.gone > 0) throw new Error(`${run.gone} connections were ended`);
    return run;
  }

  stop(): void {
    this.#process.kill("SIGKILL");
  }

  async #ask(text: string): Promise<unknown> {
    this.#process.stdin.write(`${text}\n`);
    return parse(await this.#answers.next(), this.#errors);
  }
}

function parse(line: IteratorResult<string>, errors: { readonly text: string }): unknown {
  if (line.done === true) throw new Error(errors.text.trim() || "the load generator ended");
  return JSON.parse(line.value);
}
