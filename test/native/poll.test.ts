import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import t from "tap";
import { read, write } from "../../service/native/descriptors.js";
import { SystemError } from "../../service/native/errors.js";
import { READABLE, setTickMs, Watch, WRITABLE } from "../../service/native/poll.js";
import { bindUdp, localAddress, sendTo } from "../../service/native/sockets.js";
import { openPair, pass } from "../support/pty-pair.js";
import { until } from "../support/wait.js";
import { settled, watched } from "../support/watched.js";

const { EIO } = constants.errno;

const BYTE = Uint8Array.from([1]);

t.test("a wish is fulfilled once", async t => {
  const { master, slave, watch, told } = watched(t);
  await pass(master, slave, BYTE);
  await settled();
  t.same(told, [], "not before it is wished for");
  watch.arm(READABLE);
  await settled();
  t.same(told, [READABLE], "though the byte is still there");
  watch.arm(READABLE);
  await settled();
  t.same(told, [READABLE, READABLE]);
  read(slave, new Uint8Array(10));
  watch.arm(READABLE);
  await settled();
  t.equal(told.length, 2, "and not without a cause");
  write(master, BYTE);
  await until("the cause", () => told.length === 3);
});

t.test("a fulfilled wish leaves the others waiting", async t => {
  const { master, watch, told } = watched(t);
  watch.arm(READABLE);
  watch.arm(WRITABLE);
  await settled();
  t.same(told, [WRITABLE]);
  write(master, BYTE);
  await until("the other", () => told.length === 2);
  t.same(told, [WRITABLE, READABLE]);
});

t.test("wishes taken back are not fulfilled, unless made again", async t => {
  const { master, slave, watch, told } = watched(t);
  watch.arm(READABLE);
  watch.disarm(READABLE);
  await pass(master, slave, BYTE);
  await settled();
  t.same(told, []);
  watch.arm(READABLE);
  watch.disarm(READABLE);
  watch.arm(READABLE);
  await settled();
  t.same(told, [READABLE]);
  watch.arm(READABLE | WRITABLE);
  watch.disarm(READABLE);
  await settled();
  t.same(told, [READABLE, WRITABLE]);
});

t.test("a wish made while one is being told is fulfilled by the next event", async t => {
  const { master, slave, watch, told } = watched(t, (_events, watch) => {
    if (told.length < 5) watch.arm(READABLE);
  });
  await pass(master, slave, BYTE);
  watch.arm(READABLE);
  await until("five events", () => told.length === 5);
  await settled();
  t.same(told, Array(5).fill(READABLE));
});

t.test("a closed watch tells nothing, also when its event came in the same batch", async t => {
  const all: { watch: Watch; told: number[] }[] = [];
  for (let i = 0; i < 10; i++)
    all.push(
      watched(t, () => {
        for (const { watch } of all) watch.close();
      }),
    );
  for (const { watch } of all) watch.arm(WRITABLE);
  await settled();
  t.equal(all.flatMap(({ told }) => told).length, 1, "the first closed all the others, and itself");
  for (const { watch } of all) {
    watch.close();
    watch.arm(WRITABLE);
  }
  await settled();
  t.equal(all.flatMap(({ told }) => told).length, 1);
});

t.test("a descriptor number used again does not get its predecessor's events", async t => {
  const told: string[] = [];
  const first = openPair(t);
  const old = new Watch(first.slave, () => told.push("old"));
  old.arm(WRITABLE);
  old.close();
  closeSync(first.slave);
  const second = openSync(first.path, "r+");
  t.equal(second, first.slave, "the number is used again");
  const young = new Watch(second, () => told.push("young"));
  await pass(first.master, second, BYTE);
  young.arm(READABLE);
  await settled();
  t.same(told, ["young"]);
  young.close();
});

t.test("a hang-up fulfils whatever is wished for, and nothing when nothing is", async t => {
  const { master, slave, watch, told } = watched(t);
  watch.arm(READABLE);
  closeSync(master);
  await until("the hang-up", () => told.length === 1);
  t.same(told, [READABLE]);
  t.ok([0, -EIO].includes(read(slave, new Uint8Array(1))));
  await settled();
  t.equal(told.length, 1);
  watch.arm(WRITABLE);
  await settled();
  t.same(told, [READABLE, WRITABLE]);
});

t.test("what may wait for the next tick does so", async t => {
  setTickMs(1000);
  t.teardown(() => setTickMs(2));
  const { master, slave, watch, told } = watched(t);
  watch.arm(READABLE, true);
  await pass(master, slave, BYTE);
  await settled();
  t.same(told, []);
  setTickMs(1);
  await until("the tick", () => told.length === 1);
  watch.arm(READABLE, true);
  await until("the next one, for the byte is still there", () => told.length === 2);
  setTickMs(1000);
  watch.arm(READABLE);
  await settled();
  t.same(told, [READABLE, READABLE, READABLE], "and not when it may not wait");
});

t.test("a descriptor that is also waited for to take bytes does not wait for a tick", async t => {
  setTickMs(1000);
  t.teardown(() => setTickMs(2));
  const { master, slave, watch, told } = watched(t);
  watch.arm(READABLE, true);
  watch.arm(WRITABLE);
  await pass(master, slave, BYTE);
  await settled();
  t.equal(
    told.reduce((all, events) => all | events, 0),
    READABLE | WRITABLE,
  );
});

t.test("what has been quiet for a while does not wait for a tick", async t => {
  t.teardown(() => setTickMs(2));
  const { master, slave, watch, told } = watched(t);
  watch.arm(READABLE, true);
  await until("that", async () => {
    setTickMs(1);
    for (let turn = 0; turn < 40; turn++) await new Promise(resolve => setTimeout(resolve, 1));
    setTickMs(1000);
    await pass(master, slave, BYTE);
    await settled();
    const atOnce = told.length > 0;
    told.length = 0;
    read(slave, new Uint8Array(10));
    watch.arm(READABLE, true);
    return atOnce;
  });
  t.pass();
});

t.test("300 descriptors at ticks are all served, also those behind the first batches", async t => {
  const sender = bindUdp("127.0.0.1", 0, { v6only: false });
  const sockets = Array.from({ length: 300 }, () => bindUdp("127.0.0.1", 0, { v6only: false }));
  const told = new Set<number>();
  const watches = sockets.map(fd => new Watch(fd, () => told.add(fd)));
  for (const watch of watches) watch.arm(READABLE, true);
  for (const fd of sockets) sendTo(sender, BYTE, "127.0.0.1", localAddress(fd).port);
  t.ok(await until("all of them", () => told.size === 300));
  for (const watch of watches) watch.close();
  for (const fd of [...sockets, sender]) closeSync(fd);
});

t.test("300 descriptors that are ready at once are all served once", async t => {
  const sender = bindUdp("127.0.0.1", 0, { v6only: false });
  const sockets = Array.from({ length: 300 }, () => bindUdp("127.0.0.1", 0, { v6only: false }));
  const told = new Map<number, number>();
  const watches = sockets.map(fd => new Watch(fd, () => told.set(fd, (told.get(fd) ?? 0) + 1)));
  for (const watch of watches) watch.arm(READABLE);
  for (const fd of sockets) sendTo(sender, BYTE, "127.0.0.1", localAddress(fd).port);
  await until("all of them", () => told.size === 300);
  await settled();
  t.ok([...told.values()].every(times => times === 1));
  for (const watch of watches) watch.close();
  for (const fd of [...sockets, sender]) closeSync(fd);
});

t.test("what cannot be watched is refused", async t => {
  const file = openSync(fileURLToPath(import.meta.url), "r");
  t.throws(() => new Watch(file, () => {}), { name: "SystemError", code: "EPERM", call: "watch" });
  closeSync(file);
  t.throws(() => new Watch(1_000_000, () => {}), { code: "EBADF" });
  const { slave } = watched(t);
  t.throws(() => new Watch(slave, () => {}), SystemError, "a descriptor has one watch");
});

t.test("promises and ticks run when the batch has been served", async t => {
  const order: string[] = [];
  for (const name of ["one", "two"])
    watched(t, () => {
      order.push(name);
      process.nextTick(() => order.push("tick"));
    }).watch.arm(WRITABLE);
  await settled();
  t.same(order, ["two", "one", "tick", "tick"]);
});

/** Runs watch-process.ts, which prints what happens. */
function child(mode: string) {
  const script = fileURLToPath(new URL("../support/watch-process.ts", import.meta.url));
  const process_ = spawn(process.execPath, [...process.execArgv, script, mode], { stdio: "pipe" });
  const output: string[] = [];
  process_.stdout.on("data", chunk => output.push(String(chunk)));
  process_.stderr.on("data", chunk => output.push(String(chunk)));
  const ended = once(process_, "close").then(([code]) => ({ code, output: output.join("") }));
  return { process: process_, ended };
}

t.test("a watch keeps the process alive until it is closed", async t => {
  const { process, ended } = child("wait");
  await once(process.stdout, "data");
  process.stdin.end("x");
  t.same(await ended, { code: 0, output: "waiting\ngot 1\n" });
});

t.test("an exception is uncaught like any other, and the batch is served to its end", async t => {
  const { code, output } = await child("throw").ended;
  t.equal(code, 1);
  t.match(output, /^two\n/);
  t.match(output, "Error: from one\n");
});

t.test("after a caught exception everything goes on", async t => {
  t.same(await child("catch").ended, { code: 0, output: "two\ncaught from one\ntick\none again\n" });
});
