import t, { type Test } from "tap";
import { createNotifier } from "../../service/systemd/notify.js";
import { FakeClock } from "../support/fake-clock.js";
import { Manager } from "../support/manager.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";

const PYTHON = needs("python3");

async function connected(t: Test, kind: "path" | "abstract" = "path") {
  const manager = await Manager.start(t, kind);
  const warnings: string[] = [];
  const clock = new FakeClock();
  const environment = { NOTIFY_SOCKET: manager.address };
  const notifier = createNotifier(environment, { warning: text => warnings.push(text) }, clock);
  t.teardown(() => notifier.close());
  return { manager, notifier, clock, warnings, environment };
}

for (const kind of ["path", "abstract"] as const)
  t.test(`a life is told to a socket with ${kind} address`, PYTHON, async t => {
    const { manager, notifier, environment } = await connected(t, kind);
    t.notOk("NOTIFY_SOCKET" in environment, "children do not inherit it");
    notifier.extendTimeout(1500.2);
    t.equal(await manager.nextText(), "EXTEND_TIMEOUT_USEC=1500200");
    notifier.ready("4 ports");
    t.equal(await manager.nextText(), "READY=1\nSTATUS=4 ports");
    notifier.watchdogPing();
    t.equal(await manager.nextText(), "WATCHDOG=1");
    notifier.stopping("closing 2 connections");
    t.equal(await manager.nextText(), "STOPPING=1\nSTATUS=closing 2 connections");
  });

t.test("a reload carries the monotonic time in the same datagram", PYTHON, async t => {
  const { manager, notifier } = await connected(t);
  notifier.reloading("reading the configuration");
  const { text, monotonicUs } = await manager.next();
  const [, us = "0"] = /^RELOADING=1\nMONOTONIC_USEC=(\d+)\nSTATUS=reading the configuration$/.exec(text) ?? [];
  t.ok(Number(us) > 0 && Number(us) <= monotonicUs, `${us} is on the manager's clock, not after ${monotonicUs}`);
  t.ok(monotonicUs - Number(us) < 60_000_000, "and in the same minute");
});

t.test("the status is sent once a second at most, and the last one always", PYTHON, async t => {
  const { manager, notifier, clock } = await connected(t);
  for (const count of [1, 2, 3]) notifier.status(`${count} connected`);
  t.equal(await manager.nextText(), "STATUS=1 connected");
  clock.pass(999);
  notifier.watchdogPing();
  t.equal(await manager.nextText(), "WATCHDOG=1", "nothing else within the second");
  clock.pass(1);
  t.equal(await manager.nextText(), "STATUS=3 connected");
  notifier.status("4 connected");
  notifier.status("3 connected");
  clock.pass(5000);
  notifier.status("3 connected");
  notifier.watchdogPing();
  t.equal(await manager.nextText(), "WATCHDOG=1", "what the manager knows is not repeated");
  notifier.status("5 connected");
  t.equal(await manager.nextText(), "STATUS=5 connected", "after a quiet second at once");
  t.equal(clock.waiting, 1);
  clock.pass(1000);
  t.equal(clock.waiting, 0, "no timer while nothing changes");
});

t.test("a change of state does not wait for the status, and takes the place of one that waits", PYTHON, async t => {
  const { manager, notifier, clock } = await connected(t);
  notifier.status("one");
  notifier.status("two");
  notifier.ready("three");
  t.equal(await manager.nextText(), "STATUS=one");
  t.equal(await manager.nextText(), "READY=1\nSTATUS=three");
  clock.pass(5000);
  notifier.watchdogPing();
  t.equal(await manager.nextText(), "WATCHDOG=1");
});

t.test("a status is one line of text, however it is made", PYTHON, async t => {
  const { manager, notifier } = await connected(t);
  notifier.ready("port a\r\nMAINPID=1\0 é");
  t.equal(await manager.nextText(), "READY=1\nSTATUS=port a MAINPID=1  é");
  notifier.stopping("é€".repeat(3000));
  const text = await manager.nextText();
  t.ok(Buffer.byteLength(text) < 4096, "short enough for the manager to take it");
  t.match(text, /^STOPPING=1\nSTATUS=(é€)+$/);
});

t.test("a definite failure triggers the watchdog, and its cause stays in the status", PYTHON, async t => {
  const { manager, notifier, clock } = await connected(t);
  notifier.status("fine");
  notifier.status("still fine");
  notifier.watchdogTrigger("port 2001 does not close");
  t.equal(await manager.nextText(), "STATUS=fine");
  t.equal(await manager.nextText(), "WATCHDOG=trigger\nSTATUS=port 2001 does not close");
  clock.pass(1000);
  notifier.status("3 ports");
  clock.pass(1000);
  notifier.extendTimeout(1);
  t.equal(await manager.nextText(), "EXTEND_TIMEOUT_USEC=1000");
});

t.test("a manager that is busy gets everything in order later, but no stale ping", PYTHON, async t => {
  const { manager, notifier, clock, warnings } = await connected(t);
  manager.pause();
  let sent = 0;
  while (clock.waiting === 0) notifier.extendTimeout(++sent);
  notifier.ready("up");
  notifier.watchdogPing();
  notifier.stopping("down");
  clock.pass(1000);
  manager.resume();
  for (let i = 1; i <= sent; i++) {
    clock.pass(100);
    t.equal(await manager.nextText(), `EXTEND_TIMEOUT_USEC=${i * 1000}`);
  }
  const rest = until("the queue is empty", () => {
    clock.pass(100);
    return clock.waiting === 0;
  });
  t.equal(await manager.nextText(), "READY=1\nSTATUS=up");
  t.equal(await manager.nextText(), "STOPPING=1\nSTATUS=down");
  await rest;
  t.same(warnings, []);
});

t.test("a manager that never comes back costs no memory without end", PYTHON, async t => {
  const { manager, notifier, clock } = await connected(t);
  manager.pause();
  let sent = 0;
  while (clock.waiting === 0) notifier.extendTimeout(++sent);
  for (let i = 0; i < 1000; i++) notifier.extendTimeout(++sent);
  for (let i = 0; i < 1000; i++) notifier.status(`${i}`);
  notifier.status("the end");
  manager.resume();
  const rest = until("the queue is empty", () => {
    clock.pass(1000);
    return clock.waiting === 0;
  });
  let received = 0;
  while ((await manager.nextText()) !== "STATUS=the end") received++;
  await rest;
  t.ok(received < sent - 900, `${received} of ${sent} are kept, and the last status`);
});

t.test("a manager that has gone is reported once and does no harm", async t => {
  const warnings: string[] = [];
  const environment = { NOTIFY_SOCKET: "/nonexistent/notify" };
  const notifier = createNotifier(environment, { warning: text => warnings.push(text) }, new FakeClock());
  notifier.ready("up");
  notifier.watchdogPing();
  notifier.stopping("down");
  t.same(warnings, ["Unable to notify the service manager: No such file or directory"]);
  notifier.close();
  notifier.close();
  notifier.ready("too late");
});

t.test("without a manager nothing happens", async t => {
  const warnings: string[] = [];
  const log = { warning: (text: string) => warnings.push(text) };
  for (const address of [undefined, "", "vsock:2:1234", "relative/path", `/${"a".repeat(107)}`]) {
    const clock = new FakeClock();
    const notifier = createNotifier({ NOTIFY_SOCKET: address }, log, clock);
    notifier.ready("up");
    notifier.reloading("again");
    notifier.status("fine");
    notifier.stopping("down");
    notifier.extendTimeout(1);
    notifier.watchdogPing();
    notifier.watchdogTrigger("no cause");
    notifier.close();
    t.equal(clock.waiting, 0);
  }
  t.equal(warnings.length, 3, "an address that cannot be used is reported");
});
