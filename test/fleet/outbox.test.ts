/** Messages on their way to a broker that is slow, that leaves one out, or that confirms nothing. */
import t from "tap";
import { Outbox, SILENT_SECONDS } from "../../service/fleet/outbox.js";
import { FakeClock } from "../support/fake-clock.js";

const SILENT_MS = SILENT_SECONDS * 1000;

/** An outbox, what it has sent, and how a message is confirmed. */
function outboxOf(window: number) {
  const clock = new FakeClock();
  const sent: string[] = [];
  const confirmations = new Map<string, () => void>();
  const silences: number[] = [];
  const outbox = new Outbox(window, clock, () => silences.push(clock.nowMs()));
  const add = (text: string, retained: string | null = null) =>
    outbox.add(retained, confirmed => {
      sent.push(text);
      confirmations.set(text, confirmed);
    });
  return { outbox, clock, sent, silences, add, confirm: (text: string) => confirmations.get(text)?.() };
}

t.test("of each retained topic only the newest message waits; all others wait in their order", async t => {
  const { sent, add, confirm } = outboxOf(1);
  add("first", "status");
  add("event 1");
  for (let at = 0; at < 1000; at++) add(`status ${at}`, "status");
  for (let at = 0; at < 1000; at++) add(`port ${at}`, "port");
  add("event 2");
  for (const text of ["first", "event 1", "status 999", "port 999", "event 2"]) confirm(text);
  t.same(sent, ["first", "event 1", "status 999", "port 999", "event 2"]);
});

t.test("a broker that confirms nothing is told after a minute, once", async t => {
  const { clock, silences, add } = outboxOf(2);
  add("one");
  clock.pass(SILENT_MS / 2);
  add("two");
  clock.pass(SILENT_MS / 2 - 1);
  t.same(silences, []);
  clock.pass(10 * SILENT_MS);
  t.same(silences, [SILENT_MS]);
});

t.test("a broker that confirms all but one message is told too", async t => {
  const { clock, silences, add, confirm } = outboxOf(2);
  add("left out");
  for (let at = 0; at < 20; at++) {
    add(String(at));
    clock.pass(SILENT_MS / 10);
    confirm(String(at));
  }
  t.same(silences, [SILENT_MS]);
});

t.test("a slow broker is not: each message may take nearly a minute", async t => {
  const { clock, silences, add, confirm } = outboxOf(64);
  const all = Array.from({ length: 64 }, (_, at) => String(at));
  for (const text of all) add(text);
  for (const text of all) {
    clock.pass(SILENT_MS - 1);
    confirm(text);
  }
  clock.pass(10 * SILENT_MS);
  t.same(silences, []);
  t.equal(clock.waiting, 0);
});

t.test("the end waits while there is progress", async t => {
  const { outbox, clock, add, confirm } = outboxOf(1);
  for (const text of ["one", "two"]) add(text);
  const finished = outbox.finish(2000);
  for (const text of ["one", "two"]) {
    clock.pass(1999);
    confirm(text);
    await Promise.resolve();
  }
  t.equal(await finished, true);
});

t.test("the end does not wait for a broker that confirms nothing, or for a connection that is lost", async t => {
  const { outbox, clock, add } = outboxOf(1);
  add("one");
  const finished = outbox.finish(2000);
  clock.pass(2000);
  t.equal(await finished, false);
  const lost = outbox.finish(2000);
  outbox.close();
  t.equal(await lost, true);
  t.equal(clock.waiting, 0);
});
