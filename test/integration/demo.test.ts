/** scripts/demo.sh as a newcomer uses it. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import t from "tap";
import { Client, isRefused } from "../support/client.js";
import { runProgram, temporaryFolder } from "../support/daemon.js";
import { listen, portNumbers } from "../support/ports.js";
import { until } from "../support/wait.js";

const PREPARED = { SER2NET_PREPARED: "1" }; // installed and built: nothing is replaced under the other tests

t.test("it says what to type, serves a console, an echo and a control port, and leaves nothing behind", async t => {
  const next = await portNumbers(t);
  const base = await next();
  const [console_, echo] = [await next(), await next()];
  t.same([console_, echo], [base + 1, base + 2], "three ports in a row are free");
  const folder = temporaryFolder(t);
  const demo = runProgram(t, "scripts/demo.sh", [], { ...PREPARED, DEMO_PORT_BASE: `${base}`, TMPDIR: folder });
  const said = await demo.output.expect(`ready: control ${base}, console ${console_}, echo ${echo}\n`);
  for (const port of [base, console_, echo]) t.match(said, `telnet localhost ${port} `);
  const [daemon = 0] = children(demo.process.pid ?? 0);
  t.ok(isAlive(daemon), "the daemon runs");

  const board = await Client.connect(t, console_, "localhost");
  board.send("\r");
  await board.expect("board login: ");
  board.send("demo\rdemo\rled on\r");
  t.match(await board.expect("led is on\r\n"), 'Type "help" for help.');
  const line = await Client.connect(t, echo, "localhost");
  line.send("comes back");
  await line.expect("comes back");
  const control = await Client.connect(t, base, "localhost");
  await control.expect("-> ");
  t.match(await control.ask(`showport localhost,${console_}`), "enable state: telnet\r\n");
  await line.close();
  const [program = "", ...attach] = /node dist\/ser2net\.cjs attach .*/.exec(said)?.[0].split(" ") ?? [];
  const client = runProgram(t, "script", ["-qec", [program, ...attach].join(" "), "/dev/null"]);
  await client.output.expect("[attached to ");
  client.process.stdin?.write("\x1dq");
  t.same(await client.exit(), { code: 0, signal: null });

  demo.process.kill("SIGINT");
  t.same(await demo.exit(), { code: 0, signal: null });
  await until("the daemon is gone", () => !isAlive(daemon));
  t.same(readdirSync(folder), [], "no file is left");
  for (const port of [base, console_, echo]) t.equal(await isRefused(port), true, `port ${port} is free`);
});

t.test("a port that is in use is named, with a way out", async t => {
  const next = await portNumbers(t);
  const base = await next();
  const other = await listen(base);
  t.teardown(() => other?.close());
  const demo = runProgram(t, "scripts/demo.sh", [], { ...PREPARED, DEMO_PORT_BASE: `${base}` });
  t.same(await demo.exit(), { code: 1, signal: null });
  t.match(await demo.errors.untilEnd(), `Port ${base} is in use`);
});

function children(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}
