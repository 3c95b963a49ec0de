/** Watches that are told once of what has come: those of ttys. */
import t from "tap";
import { read, write } from "../../service/native/descriptors.js";
import { AT_ARRIVAL, READABLE, type Watch, WRITABLE } from "../../service/native/poll.js";
import { pass } from "../support/pty-pair.js";
import { until } from "../support/wait.js";
import { settled, watched } from "../support/watched.js";

const BYTE = Uint8Array.from([1]);

t.test("what has been reported is reported again only if it is asked for, or when more comes", async t => {
  const again = (_: number, watch: Watch) => watch.arm(READABLE);
  const { master, slave, watch, told } = watched(t, again, AT_ARRIVAL);
  await pass(master, slave, BYTE);
  watch.arm(READABLE);
  await settled();
  t.same(told, [READABLE], "the byte is still there");
  watch.arm(READABLE);
  await settled();
  t.same(told, [READABLE], "as before");
  watch.arm(READABLE, false, true);
  await settled();
  t.same(told, [READABLE, READABLE]);
  write(master, BYTE);
  await until("one more byte", () => told.length === 3);
  watch.arm(WRITABLE);
  await settled();
  t.equal(told[3], READABLE | WRITABLE, "a change of what is armed asks too");
});

t.test("a reader that takes a part of what has come gets the rest by asking, at once and at ticks", async t => {
  for (const atTick of [false, true]) {
    let left = 100;
    const { master, slave, watch } = watched(
      t,
      (_, watch) => {
        left -= read(slave, new Uint8Array(7));
        watch.arm(READABLE, atTick, left > 0);
      },
      AT_ARRIVAL,
    );
    await pass(master, slave, new Uint8Array(100));
    watch.arm(READABLE, atTick);
    await until("all of it", () => left === 0);
  }
});
