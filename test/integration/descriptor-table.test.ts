/** The kernel's table of descriptors has its size from the start: each time it grows, all ports wait for 10 to 40 ms. */
import { readFileSync } from "node:fs";
import t from "tap";
import { Client } from "../support/client.js";
import { Daemon } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { until } from "../support/wait.js";

/** With a listener, a device, a lock and a client each they need a table of the next power of two. */
const PORTS = 64;

/** Slots (proc(5), /proc/PID/status). */
function tableSize(pid: number): number {
  return Number(/^FDSize:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]);
}

t.test("clients on all ports, and ports of a reload, do not let the table grow", async t => {
  const next = await portNumbers(t);
  const controlPort = await next();
  const ports: number[] = [];
  for (let count = 0; count < PORTS; count++) ports.push(await next());
  const lines = ports.map(port => `127.0.0.1,${port}:raw:0:${PtyDevice.open(t).path}:9600 LOCAL`);
  const daemon = await Daemon.start(t, { controlPort, config: lines.slice(0, 1), locking: true });
  daemon.hup(lines);
  await until("all are served", async () => (await daemon.ask("showshortport")).split("\n").length > PORTS);
  const size = tableSize(daemon.pid);
  t.ok(size > 4 * PORTS, `${size} slots for ${PORTS} ports`);
  for (const port of ports) await Client.connect(t, port);
  await until("all are connected", async () => (await daemon.ask("showshortport")).split("unconnected").length <= 2);
  t.equal(tableSize(daemon.pid), size);
});

t.test("with a lower limit the table has as many as that", async t => {
  const controlPort = await (await portNumbers(t))();
  const config = [`127.0.0.1,${await (await portNumbers(t))()}:raw:0:/dev/null:9600 max-connections=5000`];
  const daemon = await Daemon.start(t, { controlPort, config, under: ["prlimit", "--nofile=2000"] });
  t.equal(tableSize(daemon.pid), 2048);
});
