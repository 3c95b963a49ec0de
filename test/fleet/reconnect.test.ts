/** When a broker that was lost is tried again: with a growing and random pause, so that boards do not return at the same moment. */
import t, { type Test } from "tap";
import { Broker } from "../../service/fleet/broker.js";
import { createLog } from "../../service/log/levels.js";
import { FakeClock } from "../support/fake-clock.js";
import { Mosquitto } from "../support/mosquitto.js";
import { portNumbers } from "../support/ports.js";
import { until } from "../support/wait.js";

const FIRST_MS = 1000;
const LONGEST_MS = 60_000;

/** Keeps how long each wait is. */
class RecordingClock extends FakeClock {
  readonly pauses: number[] = [];

  override after(delayMs: number, run: () => void): () => void {
    this.pauses.push(delayMs);
    return super.after(delayMs, run);
  }
}

function brokerAt(t: Test, port: number) {
  const clock = new RecordingClock();
  const log = createLog(() => {});
  const config = { broker: `mqtt://127.0.0.1:${port}`, tls: { ca: null, cert: null, key: null }, login: null };
  const events = { connected: () => {}, lost: () => {}, received: () => {} };
  const broker = new Broker(config, { clientId: `board-${Math.random()}` }, log, clock, events);
  t.teardown(() => broker.close());
  broker.start();
  /** The next wait, once it has begun. */
  const pause = async (): Promise<number> => {
    await until("it waits", () => clock.waiting === 1);
    return clock.pauses.at(-1) ?? 0;
  };
  return { broker, clock, pause };
}

function isAbout(t: Test, pauseMs: number, meanMs: number): void {
  t.ok(pauseMs >= 0.5 * meanMs && pauseMs <= 1.5 * meanMs, `${pauseMs} ms where ${meanMs} ms is the mean`);
}

t.test("a broker that is away is tried again with a pause that doubles up to a minute", async t => {
  const next = await portNumbers(t);
  const { clock, pause } = brokerAt(t, await next());
  for (let attempt = 0; attempt < 10; attempt++) {
    isAbout(t, await pause(), Math.min(FIRST_MS * 2 ** attempt, LONGEST_MS));
    clock.pass(2 * LONGEST_MS);
  }
});

t.test("boards that lost their broker at the same moment return at different ones", async t => {
  const next = await portNumbers(t);
  const port = await next();
  const pauses = await Promise.all(Array.from({ length: 20 }, () => brokerAt(t, port).pause()));
  t.equal(new Set(pauses).size, pauses.length);
});

t.test("a connection that is lost at once does not shorten the pause; one that has held does", async t => {
  const next = await portNumbers(t);
  const mosquitto = new Mosquitto(t, await next());
  const { broker, clock, pause } = brokerAt(t, mosquitto.port);
  for (const [attempt, heldMs] of [0, 0, 0, LONGEST_MS].entries()) {
    isAbout(t, await pause(), FIRST_MS * 2 ** attempt);
    await mosquitto.start();
    clock.pass(2 * LONGEST_MS);
    await until("connected", () => broker.isConnected);
    clock.pass(heldMs);
    await mosquitto.kill();
  }
  isAbout(t, await pause(), FIRST_MS);
});
