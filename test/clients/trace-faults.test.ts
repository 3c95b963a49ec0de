/** Traces that cannot be written affect nothing else. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Client } from "../support/client.js";
import { temporaryFolder } from "../support/daemon.js";
import { exchange, serveTraced } from "../support/traced-port.js";
import { until } from "../support/wait.js";

t.test("a full disk stops only the trace, and is said once for each opening", async t => {
  const before = ["TRACEFILE:full:/dev/full"];
  const served = await serveTraced(t, "tb=full", { before, traces: [] });
  const { errors } = served.daemon.running;
  const text = `Unable to write to trace file on port ${served.name}: No space left on device\n`;
  for (const round of ["first", "second"]) {
    const client = await Client.connect(t, served.port);
    for (let message = 0; message < 5; message++) {
      client.send(`${round}${message}`);
      await served.device.expect(`${round}${message}`);
    }
    await errors.expect(text);
    served.device.send("still served");
    await client.expect("still served");
    await client.close();
    await served.untilFree();
    t.notMatch(errors.text, "trace", round);
  }
});

t.test("a folder that is not there: said once, no trace; one that comes later is used", async t => {
  const served = await serveTraced(t, "tr=lost/in tw=lost/out", { traces: ["lost/in", "lost/out"] });
  const { errors } = served.daemon.running;
  await exchange(t, served, "question", "answer");
  for (const name of ["out", "in"]) {
    await errors.expect(`Unable to open trace file ${join(served.folder, "lost", name)}: No such file or directory\n`);
  }
  t.notMatch(errors.text, "trace", "nothing for the blocks that follow");
  mkdirSync(join(served.folder, "lost"));
  await exchange(t, served, "question", "answer");
  t.equal(served.read("lost/in"), "answer");
});

t.test("a folder that vanishes while it is traced into does no harm", async t => {
  const served = await serveTraced(t, "tb=here/all", { traces: ["here/all"] });
  const folder = join(served.folder, "here");
  mkdirSync(folder);
  const client = await Client.connect(t, served.port);
  client.send("one");
  await served.device.expect("one");
  await until("it is in the file", () => served.read("here/all") === "one");
  rmSync(folder, { recursive: true });
  client.send("two");
  await served.device.expect("two");
  served.device.send("three");
  await client.expect("three");
  await client.close();
  await served.untilFree();
  t.notOk(existsSync(folder));
});

t.test("a file that is moved away goes on there until the session is over", async t => {
  const served = await serveTraced(t, "tw=log", { traces: ["log"] });
  const client = await Client.connect(t, served.port);
  client.send("one");
  await served.device.expect("one");
  await until("it is in the file", () => served.read("log") === "one");
  renameSync(join(served.folder, "log"), join(served.folder, "log.1"));
  client.send("two");
  await served.device.expect("two");
  await client.close();
  await served.untilFree();
  t.equal(served.read("log.1"), "onetwo");
  await exchange(t, served, "three", "x");
  t.equal(served.read("log"), "three");
});

t.test("a fifo without a reader does not delay the port", async t => {
  const folder = temporaryFolder(t);
  t.equal(spawnSync("mkfifo", [join(folder, "fifo")]).status, 0);
  const served = await serveTraced(t, "tb=fifo", { before: [`TRACEFILE:fifo:${join(folder, "fifo")}`], traces: [] });
  await exchange(t, served, "question", "answer");
  await served.daemon.running.errors.expect(
    `Unable to open trace file ${join(folder, "fifo")}: No such device or address`,
  );
});

t.test("an unknown trace name is said, the port is served", async t => {
  const served = await serveTraced(t, "tr=nothing tb=both");
  await served.daemon.running.errors.expect("Tracefile nothing not found, it will be ignored");
  await exchange(t, served, "a", "b");
  t.equal(served.read("both"), "ab");
});
