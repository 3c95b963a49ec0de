/** Many SOL ports of one daemon, each with a BMC of its own. */
import t from "tap";
import { serveSol } from "../support/sol-ports.js";
import { until } from "../support/wait.js";

const PORTS = 200;

t.test(`${PORTS} consoles are logged in within the time that a test waits`, async t => {
  t.setTimeout(120_000);
  const names = Array.from({ length: PORTS }, (_, index) => `bmc${index}`);
  const { daemon, ports } = await serveSol(t, Object.fromEntries(names.map(name => [name, {}])));
  const all = Object.values(ports);
  const startMs = performance.now();
  const clients = await Promise.all(all.map(port => port.connect()));
  for (const client of clients) client.send("x");
  await Promise.all(clients.map(client => client.expect("X")));
  const tookMs = performance.now() - startMs;
  t.comment(`${PORTS} logins with a byte both ways: ${Math.round(tookMs)} ms`);
  t.ok(all.every(({ bmc }) => bmc.sessions.size === 1));
  await until("each session was looked after", () =>
    all.every(({ bmc }) => bmc.commands.filter(one => one === "64b").length >= 2),
  );
  t.same(await daemon.stop(), { code: 0, signal: null });
  t.ok(
    all.every(({ bmc }) => bmc.sessions.size === 0),
    "each session is closed at the end",
  );
});
