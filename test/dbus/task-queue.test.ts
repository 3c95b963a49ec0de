import t from "tap";
import { TaskQueue } from "../../service/dbus/task-queue.js";
import { until } from "../support/wait.js";

t.test("a long job leaves the event loop to others again and again", async t => {
  const tasks = new TaskQueue(() => {});
  let done = false;
  let others = 0;
  const other = () => {
    others++;
    if (!done) setImmediate(other);
  };
  function* job() {
    for (let step = 0; step < 40; step++) yield work(1);
    done = true;
  }
  tasks.add(job());
  t.equal(done, false, "it does not begin at once");
  setImmediate(other);
  await until("the job is done", () => done);
  t.ok(others >= 10, `${others} turns of others in 40 ms of work`);
});

t.test("jobs are done one after the other, whole", async t => {
  const tasks = new TaskQueue(() => {});
  const steps: string[] = [];
  function* job(name: string) {
    for (let step = 1; step <= 3; step++) yield steps.push(`${name}${step}`) && work(2);
  }
  tasks.add(job("a"));
  tasks.add(job("b"));
  await until("both are done", () => steps.length === 6);
  tasks.add(job("c"));
  await until("the third is done", () => steps.length === 9);
  t.equal(steps.join(" "), "a1 a2 a3 b1 b2 b3 c1 c2 c3");
});

t.test("a job that fails ends, and those behind it are done", async t => {
  const failures: unknown[] = [];
  const tasks = new TaskQueue(error => void failures.push(error));
  let done = false;
  function* failing(): Generator<void> {
    yield;
    throw new Error("no");
  }
  function* good(): Generator<void> {
    yield;
    done = true;
  }
  tasks.add(failing());
  tasks.add(good());
  await until("the good one is done", () => done);
  t.match(failures, [{ message: "no" }]);
});

/** Keeps the event loop busy, however fast the machine. */
function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
