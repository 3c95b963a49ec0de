/** The server of the metrics, and scrapers that are not what they should be. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { get } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { systemClock } from "../../service/line/clock.js";
import { createLog } from "../../service/log/levels.js";
import type { PortFacts } from "../../service/metrics/exposition.js";
import { MetricsServer } from "../../service/metrics/server.js";
import { createFakeManagedPort } from "../support/fake-managed-port.js";
import { portNumbers } from "../support/ports.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";

const MOST_SCRAPERS = 16;

const REQUEST = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";

/** A server with 1000 ports. @param read called for each answer */
async function serve(t: Test, read: () => void) {
  const number = await (await portNumbers(t))();
  const facts: PortFacts = { status: createFakeManagedPort().status(), condition: "idle", totals: {}, label: "" };
  const daemon = {
    ...{ version: "1.0.0", faultyLines: 0, isDraining: false, missingDevices: 0, suppressedLines: 0 },
    ...{ memoryBytes: 0, cpuSeconds: 0, openFiles: 0, startedSeconds: 0 },
  };
  const ports = () => {
    read();
    return Array.from({ length: 1000 }, () => () => facts);
  };
  const server = new MetricsServer({
    source: { daemon: () => daemon, ports },
    log: createLog(() => {}),
    clock: systemClock,
  });
  server.listen([{ address: "127.0.0.1", v6only: true }], number);
  t.teardown(() => server.close());
  const scrape = async (): Promise<string> => {
    const [answer] = await once(get({ port: number, path: "/metrics", agent: false }), "response");
    return await text(answer);
  };
  await until("it listens", () => scrape().catch(() => false));
  return { number, scrape };
}

t.test("peers that do not take their answers do not keep scrapers out for ever", async t => {
  const { number, scrape } = await serve(t, () => {});
  for (let count = 0; count < MOST_SCRAPERS; count++) {
    const socket = connect(number, "127.0.0.1");
    t.teardown(() => void socket.destroy());
    socket.on("error", () => {});
    socket.pause();
    socket.write(REQUEST);
  }
  const letIn = () => until("a scraper is let in", () => scrape().catch(() => false));
  // Node looks three times before it takes a write for stuck: 15 s.
  t.match(await letIn().catch(letIn), "ser2net_port_connects_total");
});

t.test("of many requests in one piece one is answered, and the connection ends", async t => {
  let answers = 0;
  const { number, scrape } = await serve(t, () => answers++);
  answers = 0;
  const socket = connect(number, "127.0.0.1");
  socket.on("error", () => {}).resume();
  socket.write(REQUEST.repeat(1000));
  await once(socket, "close");
  t.equal(answers, 1);
  t.match(await scrape(), "ser2net_port_connects_total");
  const keeping = connect(number, "127.0.0.1");
  t.teardown(() => void keeping.destroy());
  for (let count = 0; count < 2; count++) {
    keeping.write(REQUEST);
    await until("it is answered", () => String(keeping.read() ?? "").endsWith("0\r\n\r\n"));
  }
});

t.test("without a descriptor left they are told all the same", needs("prlimit"), async t => {
  const script = fileURLToPath(new URL("../support/metrics-process.ts", import.meta.url));
  const child = spawnSync(process.execPath, [...process.execArgv, script], { encoding: "utf8", timeout: 60_000 });
  t.equal(child.stderr, "");
  t.match(child.stdout, /^process_cpu_seconds_total [\d.]+$/m);
  t.notMatch(child.stdout, /^process_(open_fds|resident_memory_bytes) /m);
});
