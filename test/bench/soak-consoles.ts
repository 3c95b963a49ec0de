/**
 * Consoles of the soak: ttys that are always open, with logs that rotate, and BMCs. They print numbered lines. Each client must
 * get each line once and in order, and so must the log files.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { FakeBmc } from "../support/fake-bmc.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { until } from "./wait.js";

const BMCS = 2;
/** Of all ttys together. */
const LINES_PER_SECOND = 400;
const BMC_INTERVAL_MS = 200;
const [TRACE_BYTES, TRACE_FILES] = [8192, 9];
/** Of one console, between two checks: fewer than its older files hold, with timestamps. A slow machine makes a cycle longer. */
const MOST_UNCHECKED = 550;
const LINE = /#(\d{9}) [a-z]{80}#\r\n/g;
const TEXT = "abcdefghijklmnopqrstuvwxyz".repeat(4).slice(0, 80);

/** Numbered lines in a text that comes in pieces. */
class NumberedLines {
  next = 0;
  #rest = "";

  /** Throws where a line is missing, doubled or changed. */
  take(text: string): void {
    let end = 0;
    const all = this.#rest + text;
    for (const line of all.matchAll(LINE)) {
      const number = Number(line[1]);
      if (number !== this.next) throw new Error(`line ${number} comes where line ${this.next} is expected`);
      this.next++;
      end = line.index + line[0].length;
    }
    this.#rest = all.slice(end);
  }
}

interface Console {
  readonly tcp: number;
  readonly configuration: string;
  readonly intervalMs: number;
  /** A log that rotates, or null. */
  readonly log: string | null;
  print(line: string): void;
  /** Its session is there. */
  isReady(): boolean;
  printed: number;
  readonly received: NumberedLines;
  logged: number;
}

export class SoakConsoles {
  readonly #consoles: Console[] = [];
  readonly #ends: (() => unknown)[] = [];
  #timers: NodeJS.Timeout[] = [];
  #fault: Error | null = null;

  /** @param ttys how many of the consoles are ttys */
  static async make(scratch: string, ttys: number): Promise<SoakConsoles> {
    const made = new SoakConsoles();
    const intervalMs = (1000 * ttys) / LINES_PER_SECOND;
    const next = await portNumbers({ teardown: end => made.#ends.push(end) });
    for (let index = 0; index < ttys; index++)
      made.#addTty(await next(), join(scratch, `soak-${index}.log`), index, intervalMs);
    for (let index = 0; index < BMCS; index++) await made.#addBmc(await next());
    return made;
  }

  #addTty(tcp: number, log: string, index: number, intervalMs: number): void {
    const device = new PtyDevice(() => {});
    this.#ends.push(() => device.close());
    const words = `always-open replay=65536 trace-size=${TRACE_BYTES} trace-keep=${TRACE_FILES}`;
    this.#consoles.push({
      ...{ tcp, log, intervalMs, printed: 0, logged: 0, received: new NumberedLines() },
      configuration: [
        `TRACEFILE:soak${index}:${log}`,
        `127.0.0.1,${tcp}:raw:0:${device.path}:115200 LOCAL tr=soak${index} ${words}${index % 2 === 0 ? "" : " line-timestamp"}`,
      ].join("\n"),
      print: line => device.send(line),
      isReady: () => true,
    });
  }

  async #addBmc(tcp: number): Promise<void> {
    const bmc = await FakeBmc.start({ mode: "sink", keeps: false });
    this.#ends.push(() => bmc.stop());
    this.#consoles.push({
      ...{ tcp, log: null, intervalMs: BMC_INTERVAL_MS, printed: 0, logged: 0, received: new NumberedLines() },
      configuration: `127.0.0.1,${tcp}:raw:0:sol.lan -U ipmiusr -P test -p ${bmc.port} 127.0.0.1:115200`,
      print: line => bmc.sol?.print(Buffer.from(line)),
      isReady: () => bmc.sol !== null,
    });
  }

  /** Lines of the configuration. */
  get configuration(): readonly string[] {
    return this.#consoles.map(one => one.configuration);
  }

  /** Connects a client to each and lets all print. */
  async start(): Promise<void> {
    for (const one of this.#consoles) {
      const client = connect({ host: "127.0.0.1", port: one.tcp });
      this.#ends.push(() => client.destroy());
      await once(client, "connect");
      this.#receive(one, client);
    }
    await until("all consoles are there", () => this.#consoles.every(one => one.isReady()));
    this.#print();
  }

  /** All that was printed has come. Throws where a line is missing, doubled or changed. */
  async check(): Promise<number> {
    for (const timer of this.#timers) clearInterval(timer);
    for (const one of this.#consoles) {
      await until(`all lines of port ${one.tcp}`, () => {
        if (this.#fault !== null) throw this.#fault;
        return one.received.next === one.printed;
      });
      if (one.log !== null) await checkLog(one, one.log);
    }
    this.#print();
    return this.#consoles.reduce((sum, one) => sum + one.printed, 0);
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    for (const end of this.#ends) await end();
  }

  #receive(one: Console, client: Socket): void {
    client.on("data", chunk => {
      try {
        one.received.take(chunk.toString("latin1"));
      } catch (error) {
        this.#fault ??= new Error(`port ${one.tcp}: ${error instanceof Error ? error.message : error}`);
      }
    });
    client.on("close", () => {
      this.#fault ??= new Error(`port ${one.tcp}: the connection has ended`);
    });
  }

  #print(): void {
    this.#timers = this.#consoles.map(one =>
      setInterval(() => {
        if (one.log !== null && one.printed - one.logged >= MOST_UNCHECKED) return;
        one.print(`${mark(one.printed++)}${TEXT}#\r\n`);
      }, one.intervalMs),
    );
  }
}

/** Throws where the log, with its older files, lacks or doubles a line. */
async function checkLog(one: Console, log: string): Promise<void> {
  await until(`line ${one.printed - 1} in ${log}`, () => readIfThere(log).includes(mark(one.printed - 1)));
  const files = Array.from({ length: TRACE_FILES }, (_, at) => `${log}.${TRACE_FILES - at}`);
  const text = [...files, log].map(readIfThere).join("");
  const lines = new NumberedLines();
  lines.next = Number(text.match(/#(\d{9}) /)?.[1] ?? 0);
  if (lines.next > one.logged) throw new Error(`${log}: lines ${one.logged} to ${lines.next - 1} are missing`);
  lines.take(text);
  if (lines.next !== one.printed) throw new Error(`${log}: it ends with line ${lines.next - 1}`);
  one.logged = lines.next;
}

function mark(number: number): string {
  return `#${String(number).padStart(9, "0")} `;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}
