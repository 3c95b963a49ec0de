/** The trial of a version: what counts as a yes, and how long it may take. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { systemClock } from "../../service/line/clock.js";
import { tryVersion } from "../../service/upgrade/trial.js";
import { temporaryFolder } from "../support/daemon.js";
import { until } from "../support/wait.js";

/** @param script of the version */
async function attempt(t: Test, script: string, limitMs = 20_000, signal = new AbortController().signal) {
  const file = join(temporaryFolder(t), "version.cjs");
  writeFileSync(file, script);
  const program = { path: process.execPath, args: [file] };
  return tryVersion({ program, state: Buffer.from("a state"), limitMs, clock: systemClock, signal });
}

t.test("a yes is the line with the version, and it has the state in a file that nobody can change", async t => {
  const script = `
    const fs = require("node:fs");
    let reason = "";
    try { fs.writeSync(3, "x", 0); } catch (error) { reason = error.code; }
    process.stdout.write("accepted " + [fs.readFileSync("/proc/self/fd/3", "latin1").replace(" ", "-"), reason].join() + "\\n");`;
  t.same(await attempt(t, script), { version: "a-state,EPERM" });
});

t.test("no word, another word and a failure are a no", async t => {
  for (const [script, reason] of [
    ["", "exit status 0"],
    ["process.stdout.write('accepted 2.0.0 or so\\n')", "exit status 0"],
    ["process.stdout.write('accepted 2.0.0\\n'); process.exitCode = 1", "exit status 1"],
    ["process.stderr.write('the state is from the future\\n'); process.exitCode = 1", "the state is from the future"],
    ["null.x", "TypeError: Cannot read"],
  ] as const) {
    t.match(await attempt(t, script), { reason }, script);
  }
});

t.test("a version that hangs is ended after the limit", async t => {
  const file = join(temporaryFolder(t), "pid");
  const script = `require("node:fs").writeFileSync(${JSON.stringify(file)}, String(process.pid)); setInterval(() => {}, 1000);`;
  t.same(await attempt(t, script, 2000), { reason: "the new version gave no answer within 2 s" });
  await until("it has ended", () => !existsSync(`/proc/${readFileSync(file, "utf8")}/exe`));
});

t.test("a version that cannot be started, and a daemon that ends meanwhile", async t => {
  const options = { state: Buffer.from("x"), limitMs: 20_000, clock: systemClock };
  const program = { path: "/no/such/node", args: [] };
  const { signal } = new AbortController();
  t.match(await tryVersion({ ...options, program, signal }), { reason: /cannot be started: .*ENOENT/ });
  const ends = new AbortController();
  const result = attempt(t, "setInterval(() => {}, 1000)", 20_000, ends.signal);
  ends.abort();
  t.match(await result, { reason: /cannot be started: The operation was aborted/ });
});
