/** Metrics of a real daemon, over HTTP, by the control socket, and scraped by a real Prometheus. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Client } from "../support/client.js";
import { consoleStage } from "../support/console-stage.js";
import { runProgram, temporaryFolder } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";

const RAW = "raw:0:DEVICE:9600 NONE";

async function scrape(port: number, accept = "text/plain"): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { accept } });
  return `${response.headers.get("content-type")}\n${await response.text()}`;
}

t.test("what happens at a port is counted, over connections too", async t => {
  const stage = await consoleStage(t, [RAW]);
  const { daemon, devices } = stage;
  const [device] = devices;
  const [name = ""] = stage.names;
  const [number = 0] = stage.ports;
  const port = await (await portNumbers(t))();
  const line = `${name}:raw:0:${device?.path}:9600 NONE`;
  daemon.hup([`METRICS:127.0.0.1,${port}`, line]);
  await until("they are served", () => scrape(port).catch(() => false));
  daemon.hup(["METRICS:127.0.0.1,9x", line]);
  const isTold = async () => (await scrape(port)).includes("ser2net_config_faulty_lines 1\n");
  await until("a line with a fault leaves them as they are, and is counted", isTold);
  for (let round = 0; round < 2; round++) {
    const client = await Client.connect(t, number);
    client.send("ping");
    await device?.expect("ping");
    device?.send("answer");
    await client.expect("answer");
    const refused = await Client.connect(t, number);
    await refused.untilEnd();
    t.match(await scrape(port), `ser2net_port_connections{port="${name}"} 1\n`);
    await client.close();
    await until("it is closed", async () => (await scrape(port)).includes(`device_open{port="${name}"} 0`));
  }
  const text = await scrape(port);
  for (const [metric, value] of [
    ["connects_total", 2],
    ["refusals_total", 2],
    ["device_opens_total", 2],
    ["device_received_bytes_total", 12],
    ["device_sent_bytes_total", 8],
  ]) {
    t.match(text, `ser2net_port_${metric}{port="${name}"} ${value}\n`);
  }
  t.match(text, /^text\/plain; version=0\.0\.4/);
  t.match(
    await scrape(port, "application/openmetrics-text;version=1.0.0"),
    /^application\/openmetrics-text.*\n# EOF\n$/s,
  );
  t.match(await stage.ask("metrics"), { code: 0, output: `ser2net_port_connects_total{port="${name}"} 2\n` });
  t.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 404);
  t.equal((await fetch(`http://127.0.0.1:${port}/metrics`, { method: "POST", body: "x" })).status, 405);
  daemon.hup([line]);
  await until("they are not served any more", () =>
    scrape(port).then(
      () => false,
      () => true,
    ),
  );
});

t.test("a real Prometheus scrapes them", needs("prometheus"), async t => {
  const stage = await consoleStage(t, [RAW]);
  const next = await portNumbers(t);
  const [port, web] = [await next(), await next()];
  const [name = ""] = stage.names;
  stage.daemon.hup([`METRICS:${port}`, `${name}:raw:0:${stage.devices[0]?.path}:9600 NONE`]);
  const folder = temporaryFolder(t);
  const config = join(folder, "prometheus.yml");
  writeFileSync(
    config,
    `global: { scrape_interval: 1s }
scrape_configs:
  - job_name: ser2net
    static_configs: [{ targets: ["localhost:${port}"] }]
`,
  );
  runProgram(t, "prometheus", [
    ...[`--config.file=${config}`, `--storage.tsdb.path=${join(folder, "data")}`],
    `--web.listen-address=127.0.0.1:${web}`,
  ]);
  const query = encodeURIComponent(`ser2net_port_served{port="${name}"}`);
  const result = await until("Prometheus has the metric", async () => {
    const answer = await fetch(`http://127.0.0.1:${web}/api/v1/query?query=${query}`).catch(() => null);
    return answer?.ok ? (((await answer.json()) as { data: { result: unknown[] } }).data.result[0] ?? null) : null;
  });
  t.match(result, { metric: { job: "ser2net", port: name }, value: [Number, "1"] });
});
