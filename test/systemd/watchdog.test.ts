import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { createWatchdog, watchdogInterval } from "../../service/systemd/watchdog.js";
import { runProgram } from "../support/daemon.js";
import { FakeClock } from "../support/fake-clock.js";
import { Manager } from "../support/manager.js";
import { needs } from "../support/tools.js";

/** A watchdog of 20 s: it looks every 5 s. */
function watched(intervalUs: number | null = 20_000_000) {
  const clock = new FakeClock();
  const told: string[] = [];
  const state: { broken: string | null; looked: number; stallIn: "checks" | "ping" | null } = {
    ...{ broken: null, looked: 0, stallIn: null },
  };
  const stallOnce = (place: "checks" | "ping"): boolean => {
    if (state.stallIn !== place) return false;
    state.stallIn = null;
    clock.jump(11_000);
    return true;
  };
  const watchdog = createWatchdog({
    intervalUs,
    clock,
    notifier: {
      watchdogPing: () => {
        if (!stallOnce("ping")) told.push(`ping at ${clock.nowMs()}`);
      },
      watchdogTrigger: cause => told.push(`trigger: ${cause}`),
      status: text => told.push(text),
    },
    checks: () => {
      stallOnce("checks");
      state.looked++;
      return state.broken;
    },
    recovered: () => told.push("recovered"),
  });
  return { clock, told, state, watchdog };
}

t.test("while all is well, pings come well within half the interval", async t => {
  const { clock, told } = watched();
  clock.pass(15_000);
  t.same(told, ["ping at 5000", "ping at 10000", "ping at 15000"]);
});

t.test("a definite failure triggers the watchdog with its cause, once", async t => {
  const { clock, told, state } = watched();
  clock.pass(5000);
  state.broken = "the listener of 2001 is gone";
  clock.pass(60_000);
  t.same(told, ["ping at 5000", "trigger: the listener of 2001 is gone"]);
  t.equal(state.looked, 2, "nothing is looked at afterwards");
});

t.test("a turn that comes a little late still pings", async t => {
  const { clock, told } = watched();
  clock.stall(10_000);
  t.same(told, ["ping at 10000"]);
});

t.test("a loop that is late is not pinged for until it is on time again, and is remembered", async t => {
  const { clock, told } = watched();
  clock.stall(10_001);
  t.same(told, ["event loop late by 5001 ms, watchdog not pinged"]);
  clock.stall(13_000);
  clock.pass(5000);
  t.same(told.slice(1), ["event loop late by 8000 ms, watchdog not pinged", "recovered", "ping at 28001"]);
});

t.test("a stall within the watchdog's own turn, in its checks or while it pings, makes the next turn late", async t => {
  for (const place of ["checks", "ping"] as const) {
    const { clock, told, state } = watched();
    state.stallIn = place;
    clock.pass(5000); // the turn begins on time and takes 11 s
    t.same(told.splice(0), ["ping at 16000"].slice(place === "ping" ? 1 : 0), place);
    clock.pass(0);
    t.same(told, ["event loop late by 6000 ms, watchdog not pinged"], place);
    clock.pass(5000);
    t.same(told.slice(1), ["recovered", "ping at 21000"], place);
  }
});

t.test("a failure counts on a late turn, too", async t => {
  const { clock, told, state } = watched();
  state.broken = "port 2001 does not close";
  clock.stall(60_000);
  t.same(told, ["trigger: port 2001 does not close"]);
});

t.test("however long the interval is, a failure is noticed within half a minute", async t => {
  const { clock, told, state } = watched(1e15);
  clock.pass(30_000);
  state.broken = "broken";
  clock.pass(30_000);
  t.same(told, ["ping at 30000", "trigger: broken"]);
});

t.test("without a watchdog there is no timer, and after its end neither", async t => {
  t.equal(watched(null).clock.waiting, 0);
  const { clock, told, watchdog } = watched();
  watchdog.close();
  clock.pass(60_000);
  t.same(told, []);
  t.equal(clock.waiting, 0);
});

t.test("the interval is the one given to this process, and no child inherits it", async t => {
  const cases: [NodeJS.ProcessEnv, number | null][] = [
    [{}, null],
    [{ WATCHDOG_USEC: "20000000" }, 20_000_000],
    [{ WATCHDOG_USEC: "20000000", WATCHDOG_PID: "7" }, 20_000_000],
    [{ WATCHDOG_USEC: "20000000", WATCHDOG_PID: "8" }, null],
    [{ WATCHDOG_USEC: "0", WATCHDOG_PID: "7" }, null],
    [{ WATCHDOG_USEC: "soon" }, null],
  ];
  for (const [environment, interval] of cases) {
    t.equal(watchdogInterval(environment, 7), interval);
    t.same(environment, {});
  }
});

t.test("a process that stalls says so and pings again afterwards", needs("python3"), async t => {
  const manager = await Manager.start(t);
  const { process: child } = startService(t, { NOTIFY_SOCKET: manager.address, WATCHDOG_USEC: "1200000" });
  t.equal(await manager.nextText(), "READY=1\nSTATUS=0 sockets");
  await untilTold(manager, /^WATCHDOG=1$/);
  child.stdin?.write("1500");
  await untilTold(manager, /^STATUS=event loop late by \d+ ms, watchdog not pinged$/);
  await untilTold(manager, /^WATCHDOG=1$/);
});

async function untilTold(manager: Manager, wanted: RegExp): Promise<void> {
  while (!wanted.test(await manager.nextText()));
}

function startService(t: Test, environment: NodeJS.ProcessEnv) {
  const script = fileURLToPath(new URL("../support/systemd-process.ts", import.meta.url));
  return runProgram(t, process.execPath, [...process.execArgv, script], environment);
}
