import { spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { Worker } from "node:worker_threads";
import t from "tap";
import { DeviceError } from "../../service/device/device.js";
import { acquireLock } from "../../service/device/uucp-lock.js";

const locked = { name: "DeviceError", code: "locked" };

t.test("the lock has the name, the mode and the text of UUCP, and goes with its release", async t => {
  const directory = t.testdir({});
  const umask = process.umask(0o077);
  const lock = acquireLock("/dev/ttyS0", directory);
  process.umask(umask);
  const file = `${directory}/LCK..ttyS0`;
  t.equal(readFileSync(file, "latin1"), `${String(process.pid).padStart(10)}\n`);
  t.equal(statSync(file).mode & 0o777, 0o644);
  t.same(readdirSync(directory), ["LCK..ttyS0"], "nothing else is left there");
  lock.release();
  lock.release();
  t.same(readdirSync(directory), []);
});

t.test("slashes become underscores, and only /dev/ is left out", async t => {
  const directory = t.testdir({});
  for (const device of ["/dev/pts/3", "/x/y", "ttyS1", "/dev//x"]) acquireLock(device, directory);
  t.same(readdirSync(directory).sort(), ["LCK.._x", "LCK.._x_y", "LCK..pts_3", "LCK..ttyS1"].sort());
});

t.test("a device we hold is locked for us too, until it is released", async t => {
  const directory = t.testdir({});
  const lock = acquireLock("/dev/ttyS0", directory);
  t.throws(() => acquireLock("/dev/ttyS0", directory), locked);
  acquireLock("/dev/ttyS1", directory).release();
  lock.release();
  acquireLock("/dev/ttyS0", directory).release();
});

t.test("a lock of a living process holds", async t => {
  const directory = t.testdir({});
  writeFileSync(`${directory}/LCK..a`, `${String(process.ppid).padStart(10)}\n`);
  writeFileSync(`${directory}/LCK..b`, Int32Array.of(process.ppid));
  writeFileSync(`${directory}/LCK..c`, `${process.ppid} minicom root\n`);
  for (const device of ["a", "b", "c"]) t.throws(() => acquireLock(device, directory), locked, device);
});

t.test("a lock of a dead process is taken over, in text and in binary", async t => {
  const directory = t.testdir({});
  const { pid } = spawnSync("true");
  writeFileSync(`${directory}/LCK..a`, `${String(pid).padStart(10)}\n`);
  writeFileSync(`${directory}/LCK..b`, Int32Array.of(pid));
  writeFileSync(`${directory}/LCK..c`, "none"); // four characters are a binary number
  for (const device of ["a", "b", "c"]) {
    acquireLock(device, directory);
    t.equal(Number(readFileSync(`${directory}/LCK..${device}`, "latin1")), process.pid, device);
  }
  t.equal(readdirSync(directory).length, 3);
});

t.test("our own process id from a past life is stale", async t => {
  const directory = t.testdir({});
  const own = `${String(process.pid).padStart(10)}\n`;
  writeFileSync(`${directory}/LCK..a`, own);
  writeFileSync(`${directory}/LTMP.${process.pid}`, "left behind");
  acquireLock("a", directory).release();
  t.same(readdirSync(directory), []);
});

t.test("a lock that names no process holds, and the error says what it is", async t => {
  const directory = t.testdir({
    "LCK..empty": "",
    "LCK..zero": "0\n",
    "LCK..minus": "-5555\n",
    "LCK..text": "minicom\n",
  });
  mkdirSync(`${directory}/LCK..directory`);
  spawnSync("mkfifo", [`${directory}/LCK..fifo`]);
  symlinkSync("LCK..loop", `${directory}/LCK..loop`);
  const holders = {
    empty: "empty",
    zero: "names no process",
    minus: "names no process",
    text: "names no process",
    directory: "not a regular file",
    fifo: "not a regular file",
    loop: "Too many levels of symbolic links",
  };
  for (const [device, holder] of Object.entries(holders)) {
    const reason = `locked by ${directory}/LCK..${device} (${holder})`;
    t.throws(() => acquireLock(device, directory), { ...locked, reason }, device);
    t.ok(lstatSync(`${directory}/LCK..${device}`), device);
  }
});

t.test("an empty lock is stale when it is older than 60 s, and that is said", async t => {
  const directory = t.testdir({ "LCK..a": "" });
  const said: string[] = [];
  const ageSeconds = (seconds: number): void => {
    const then = Date.now() / 1000 - seconds;
    utimesSync(`${directory}/LCK..a`, then, then);
  };
  ageSeconds(50);
  t.throws(() => acquireLock("a", directory, text => said.push(text)), locked);
  t.same(said, []);
  ageSeconds(100);
  const lock = acquireLock("a", directory, text => said.push(text));
  t.equal(said.length, 1);
  t.match(said[0], new RegExp(`^Removed the lock file ${directory}/LCK\\.\\.a: empty for 1\\d\\d s$`));
  t.equal(Number(readFileSync(`${directory}/LCK..a`, "latin1")), process.pid);
  lock.release();
  t.same(readdirSync(directory), []);
});

t.test("a release leaves the lock of another program alone", async t => {
  const directory = t.testdir({});
  const lock = acquireLock("a", directory);
  rmSync(`${directory}/LCK..a`);
  writeFileSync(`${directory}/LCK..a`, "         1\n");
  lock.release();
  t.equal(readFileSync(`${directory}/LCK..a`, "latin1"), "         1\n");
});

t.test("a directory that is not there is told as such", async t => {
  const directory = `${t.testdir({})}/missing`;
  try {
    acquireLock("/dev/ttyS0", directory);
    t.fail("it has to throw");
  } catch (error) {
    t.match(error, { name: "DeviceError", code: "lock-failed", reason: "No such file or directory" });
    t.ok(error instanceof DeviceError);
  }
});

t.test("a read of the lock at any moment finds a process id in it", async t => {
  const directory = t.testdir({});
  const watcher = new Worker(
    `const { readFileSync } = require("node:fs");
     const { parentPort, workerData } = require("node:worker_threads");
     let [seen, wrong] = [0, 0];
     for (let end = false; !end; ) {
       try {
         const text = readFileSync(workerData + "/LCK..a", "latin1");
         seen++;
         if (text.length !== 11) wrong++;
       } catch {}
       try { readFileSync(workerData + "/end"); end = true; } catch {}
     }
     parentPort.postMessage({ seen, wrong });`,
    { eval: true, workerData: directory },
  );
  await once(watcher, "online");
  for (let i = 0; i < 2000; i++) acquireLock("a", directory).release();
  writeFileSync(`${directory}/end`, "");
  const [{ seen, wrong }] = await once(watcher, "message");
  t.equal(wrong, 0, `${seen} looks`);
});
