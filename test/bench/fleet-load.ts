/** scripts/fleet-load: see docs/fleet-size.md. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Authority } from "../support/certificates.js";
import { Mosquitto } from "../support/mosquitto.js";
import { portNumbers } from "../support/ports.js";
import { type LoadAnswer, type LoadOrder, type LoadSettings, runLoad } from "./fleet-boards.js";
import { runSubscriber, type Seen } from "./fleet-subscriber.js";
import { memory, usage } from "./processes.js";
import { settle } from "./wait.js";

const USAGE = `scripts/fleet-load [--boards N] [--ports N] [--seconds N] [--rate N] [--settle N] [--tls] [--json FILE]
Boards of one process at a mosquitto of its own: how fast they come, messages a second, memory of the broker, and wills.
  --boards N    1000 without it
  --ports N     of each board, 16 without it
  --seconds N   of each load, 5 without it
  --rate N      messages a second of all boards in the paced load, one for each board without it
  --settle N    seconds before memory is read, 2.5 without it
  --tls         connections over TLS`;

const STEPS = [0.25, 0.5, 1] as const;
const LONGEST_MS = 120_000;
const BROKER_LINES = ["allow_anonymous true", "sys_interval 1", "max_queued_messages 0"];

interface Plan {
  readonly boards: number;
  readonly ports: number;
  readonly seconds: number;
  readonly rate: number;
  /** What a broker and its clients need to come to rest; it tells its own figures once a second. */
  readonly settleMs: number;
  readonly tls: boolean;
}

/** Rows of the report, by what they tell. */
type Report = Record<string, number>;

const cleanups: (() => unknown)[] = [];
const keep = { teardown: (done: () => unknown) => void cleanups.unshift(done) };

void main();

async function main(): Promise<void> {
  const [, , role, text = ""] = process.argv;
  if (role === "boards" || role === "subscriber") {
    process.on("disconnect", () => process.exit());
    const settings: LoadSettings = JSON.parse(text);
    if (role === "boards") runLoad(settings);
    else runSubscriber(settings.url, settings.ca);
    return;
  }
  const { values } = parseArgs({
    options: {
      boards: { type: "string", default: "1000" },
      ports: { type: "string", default: "16" },
      seconds: { type: "string", default: "5" },
      rate: { type: "string" },
      settle: { type: "string", default: "2.5" },
      tls: { type: "boolean", default: false },
      json: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void cleanUp().then(() => process.exit(1)));
  const [boards, ports] = [Number(values.boards), Number(values.ports)];
  const [seconds, settleMs] = [Number(values.seconds), Number(values.settle) * 1000];
  const plan = { boards, ports, seconds, settleMs, rate: Number(values.rate ?? boards), tls: values.tls };
  const report: Report = {};
  try {
    await measure(plan, (what, value) => {
      report[what] = value;
      console.log(`${what}: ${Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3)}`);
    });
  } finally {
    await cleanUp();
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
}

async function cleanUp(): Promise<void> {
  for (const done of cleanups.splice(0)) await done();
}

async function measure(plan: Plan, tell: (what: string, value: number) => void): Promise<void> {
  const { boards, ports } = plan;
  const { broker, settings } = await startBroker(plan);
  const subscriber = new SubscriberProcess(settings);
  await subscriber.until("subscribed", ({ ready }) => ready);
  const load = startChild("boards", settings);
  const order = async (what: LoadOrder): Promise<LoadAnswer> => {
    const answer = once(load, "message", { signal: AbortSignal.timeout(LONGEST_MS) });
    load.send(what);
    return (await answer)[0];
  };
  const areHere = (count: number) => (seen: Seen) => seen.online === count && seen.ports === count * ports;

  await settle(plan.settleMs);
  const atFirst = { memory: memory([broker.pid]), seen: subscriber.seen };
  tell("boards 0: RSS of the broker, KB", atFirst.memory.rss / 1024);
  tell("boards 0: PSS of the broker, KB", atFirst.memory.pss / 1024);
  let before = 0;
  for (const step of STEPS) {
    const count = Math.round(step * boards);
    const [begun, cpuNs] = [performance.now(), usage([broker.pid]).cpuNs];
    await order({ order: "boards", count });
    await subscriber.until(`${count} boards`, areHere(count));
    const seconds = (performance.now() - begun) / 1000;
    tell(`boards ${count}: births a second`, (count - before) / seconds);
    tell(
      `boards ${count}: CPU of the broker for each, ms`,
      (usage([broker.pid]).cpuNs - cpuNs) / 1e6 / (count - before),
    );
    await settle(plan.settleMs);
    await subscriber.until("their retained messages", seen => retainedOf(seen) === count * (1 + ports));
    const { rss, pss } = memory([broker.pid]);
    tell(`boards ${count}: RSS of the broker, KB`, rss / 1024);
    tell(`boards ${count}: PSS of the broker, KB`, pss / 1024);
    tell(`boards ${count}: retained messages`, retainedOf(subscriber.seen));
    before = count;
  }
  const received = subscriber.figure("bytes/received") - (atFirst.seen.broker["bytes/received"] ?? 0);
  tell("a board: memory of the broker, bytes", (memory([broker.pid]).pss - atFirst.memory.pss) / boards);
  tell("a board: bytes sent until it is born", received / boards);

  for (const [name, perSecond] of [
    ["paced", plan.rate],
    ["most", null],
  ] as const) {
    await publishAndCount(name, { broker, subscriber, tell }, () =>
      order({ order: "publish", seconds: plan.seconds, perSecond }),
    );
  }

  subscriber.forget();
  await broker.kill();
  await broker.start();
  const restarted = performance.now();
  await subscriber.until("all boards are back", areHere(boards));
  tell("broker killed and restarted: seconds until all boards are back", (performance.now() - restarted) / 1000);

  await settle(plan.settleMs);
  load.kill("SIGKILL");
  const killed = performance.now();
  await subscriber.until("the wills", ({ lost }) => lost === boards);
  tell("boards killed: seconds until all wills have come", (performance.now() - killed) / 1000);
}

interface Measured {
  readonly broker: Mosquitto;
  readonly subscriber: SubscriberProcess;
  tell(what: string, value: number): void;
}

async function publishAndCount(name: string, at: Measured, publish: () => Promise<LoadAnswer>): Promise<void> {
  const { broker, subscriber, tell } = at;
  const messages = ({ events, output }: Seen): number => events + output;
  const [begun, before, cpuNs] = [performance.now(), subscriber.seen, usage([broker.pid]).cpuNs];
  const { published, seconds } = await publish();
  await subscriber.until("all messages", seen => messages(seen) - messages(before) >= published);
  const took = (performance.now() - begun) / 1000;
  const arrived = messages(subscriber.seen) - messages(before);
  tell(`${name}: messages published a second`, published / seconds);
  tell(`${name}: messages received a second`, arrived / took);
  tell(`${name}: CPU of the broker for each, µs`, (usage([broker.pid]).cpuNs - cpuNs) / 1e3 / published);
  tell(`${name}: messages published and not received`, published - arrived);
  tell(`${name}: numbers left out`, subscriber.seen.gaps - before.gaps);
}

async function startBroker({
  tls,
  ports,
}: Plan): Promise<{ readonly broker: Mosquitto; readonly settings: LoadSettings }> {
  const port = await (await portNumbers(keep))();
  if (!tls) {
    const broker = await new Mosquitto(keep, port, BROKER_LINES).start();
    return { broker, settings: { url: `mqtt://127.0.0.1:${port}`, ca: null, ports } };
  }
  const own = new Authority(keep);
  const { cert, key } = own.issue("broker", { names: "DNS:localhost" });
  const lines = [...BROKER_LINES, `cafile ${own.ca}`, `certfile ${cert}`, `keyfile ${key}`];
  const broker = await new Mosquitto(keep, port, lines).start();
  return { broker, settings: { url: `mqtts://localhost:${port}`, ca: own.ca, ports } };
}

function startChild(role: "boards" | "subscriber", settings: LoadSettings): ChildProcess {
  const child = fork(process.argv[1] ?? "", [role, JSON.stringify(settings)]);
  keep.teardown(() => child.kill("SIGKILL"));
  return child;
}

/** Without those of the broker itself. */
function retainedOf({ broker }: Seen): number {
  return (broker["retained messages/count"] ?? 0) - Object.keys(broker).length;
}

class SubscriberProcess {
  readonly #child: ChildProcess;
  #seen: Seen | null = null;

  constructor(settings: LoadSettings) {
    this.#child = startChild("subscriber", settings);
    this.#child.on("message", (seen: Seen) => {
      this.#seen = seen;
    });
  }

  get seen(): Seen {
    if (this.#seen === null) throw new Error("the subscriber has not reported yet");
    return this.#seen;
  }

  figure(name: string): number {
    return this.seen.broker[name] ?? Number.NaN;
  }

  /** What it has seen so far does not count any more. */
  forget(): void {
    this.#child.send("forget");
  }

  async until(what: string, isSo: (seen: Seen) => boolean): Promise<void> {
    const signal = AbortSignal.timeout(LONGEST_MS);
    try {
      do await once(this.#child, "message", { signal });
      while (this.#seen === null || !isSo(this.#seen));
    } catch (error) {
      throw new Error(`waited in vain: ${what}; ${JSON.stringify(this.#seen)}`, { cause: error });
    }
  }
}
