import { spawnSync } from "node:child_process";
import t from "tap";
import { createSpareMemory } from "../../service/app/spare-memory.js";
import { createLog } from "../../service/log/levels.js";
import { releaseMemory } from "../../service/native/memory.js";
import { FakeClock } from "../support/fake-clock.js";

function stage() {
  const [clock, done] = [new FakeClock(), { released: 0, cpuMs: 0 }];
  const memory = createSpareMemory(
    createLog(() => {}),
    clock,
    () => done.cpuMs,
    () => void done.released++,
  );
  return { clock, done, memory };
}

t.test("memory is released once after a start, when the daemon is idle", async t => {
  const { clock, done, memory } = stage();
  memory.releaseWhenIdle();
  memory.releaseWhenIdle(); // a reload
  for (let halves = 0; halves < 5; halves++) {
    done.cpuMs += 100;
    clock.pass(500);
  }
  t.equal(done.released, 0, "it would hold up what moves");
  clock.pass(500);
  t.equal(done.released, 1);
  clock.pass(10_000);
  t.equal(done.released, 1);
  t.equal(clock.waiting, 0, "an idle daemon is not woken");
});

t.test("memory is released after many connections, not after each", async t => {
  const { clock, done, memory } = stage();
  for (let count = 0; count < 63; count++) memory.connected();
  t.equal(clock.waiting, 0);
  for (let count = 0; count < 64; count++) memory.connected();
  clock.pass(500);
  t.equal(done.released, 1);
  memory.connected();
  clock.pass(500);
  t.equal(done.released, 2, "those that came while it was due count");
  clock.pass(500);
  t.equal(done.released, 2);
});

t.test("released memory leaves the heap", async t => {
  const source = `
    const { heapTotal } = process.memoryUsage();
    let kept = Array.from({ length: 200_000 }, (_, at) => ({ at }));
    const full = process.memoryUsage().heapTotal;
    kept = null;
    const module = { exports: {} };
    process.dlopen(module, "dist/native.node");
    module.exports.releaseMemory();
    const left = process.memoryUsage().heapTotal;
    console.log(JSON.stringify({ grown: full - heapTotal, left: left - heapTotal }));`;
  const { stdout } = spawnSync(process.execPath, ["-e", source], { encoding: "latin1" });
  const { grown, left } = JSON.parse(stdout) as { grown: number; left: number };
  t.ok(grown > 4e6, `${grown} bytes more`);
  t.ok(left < grown / 4, `${left} bytes left`);
  t.doesNotThrow(releaseMemory, "here too");
});
