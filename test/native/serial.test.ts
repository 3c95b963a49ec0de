import { spawnSync } from "node:child_process";
import { lookup } from "node:dns/promises";
import { closeSync, openSync } from "node:fs";
import { constants } from "node:os";
import t from "tap";
import { DeviceError } from "../../service/device/device.js";
import { read, setCloseOnExec, setNonBlocking, write } from "../../service/native/descriptors.js";
import { EAGAIN, errorCode, errorReason, reasonOf, SystemError } from "../../service/native/errors.js";
import {
  flush,
  getCounters,
  getModem,
  getTermios,
  queued,
  setBreak,
  setModem,
  setRs485,
  setTermios,
  termiosBits,
} from "../../service/native/serial.js";
import { openPair, pass } from "../support/pty-pair.js";

const { EBADF, EIO } = constants.errno;

const { CSIZE, CS8, CMSPAR, PARENB, PARODD, CSTOPB, CRTSCTS, IXON, IXOFF, HUPCL, CLOCAL, VMIN, VSTART } = termiosBits;
const UNOPENED = 1_000_000;

t.test("a new pseudo-terminal carries every byte unchanged, both ways", async t => {
  const { master, slave } = openPair(t);
  const every = Uint8Array.from({ length: 256 }, (_, i) => i);
  const into = new Uint8Array(512);
  await pass(master, slave, every);
  t.equal(read(slave, into), 256);
  t.same(into.subarray(0, 256), every);
  await pass(slave, master, every);
  t.equal(read(master, into), 256);
  t.same(into.subarray(0, 256), every);
});

t.test("reading what is not there and writing what does not fit say EAGAIN", async t => {
  const { master, slave } = openPair(t);
  t.equal(read(slave, new Uint8Array(10)), -EAGAIN);
  t.equal(read(master, new Uint8Array(10)), -EAGAIN);
  const chunk = new Uint8Array(65_536);
  let result = 1;
  for (let i = 0; i < 1000 && result > 0; i++) result = write(master, chunk);
  t.equal(result, -EAGAIN);
});

t.test("reading a pseudo-terminal whose other end is gone says EIO", async t => {
  const { master, slave } = openPair(t);
  closeSync(slave);
  t.equal(read(master, new Uint8Array(10)), -EIO);
});

t.test("a view is read into and written from exactly where it lies", async t => {
  const { master, slave } = openPair(t);
  const whole = Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7]);
  await pass(master, slave, whole.subarray(2, 5));
  const into = new Uint8Array(8).fill(9);
  t.equal(read(slave, into.subarray(3, 5)), 2, "no more than the view holds");
  t.same([...into], [9, 9, 9, 2, 3, 9, 9, 9]);
  t.equal(read(slave, into.subarray(7)), 1);
  t.same([...into], [9, 9, 9, 2, 3, 9, 9, 4]);
});

t.test("speeds no table knows, mark and space parity are set and read back", async t => {
  const { slave } = openPair(t);
  const before = getTermios(slave);
  for (const speed of [31_250, 12_345, 250_000, 50, 9600, 115_200, 4_000_000]) {
    for (const parity of [0, PARENB, PARENB | PARODD, PARENB | CMSPAR, PARENB | PARODD | CMSPAR]) {
      const cflag = (before.cflag & ~(PARENB | PARODD | CMSPAR)) | parity;
      setTermios(slave, { ...before, cflag, inputSpeed: speed, outputSpeed: speed });
      const after = getTermios(slave);
      t.equal(after.outputSpeed, speed);
      t.equal(after.inputSpeed, speed);
      t.equal(after.cflag & (PARODD | CMSPAR), parity & ~PARENB, `parity bits ${parity.toString(8)} at ${speed}`);
      t.equal(after.cflag & (CSIZE | PARENB), CS8, "a pty has 8 bits without parity, and says so without an error");
    }
  }
});

t.test("flags and control characters are set and read back", async t => {
  const { slave } = openPair(t);
  const before = getTermios(slave);
  const cc = Uint8Array.from(before.cc);
  cc[VMIN] = 7;
  cc[VSTART] = 0xaa;
  const cflag = before.cflag | CSTOPB | CRTSCTS | HUPCL | CLOCAL; // negative: bit 31 is CRTSCTS
  setTermios(slave, { ...before, cflag, iflag: IXON | IXOFF, cc });
  const after = getTermios(slave);
  t.equal(after.cflag, cflag >>> 0);
  t.equal(after.iflag, IXON | IXOFF);
  t.same(after.cc, cc);
  setTermios(slave, before);
  t.same(getTermios(slave), before);
});

t.test("an input speed of its own is kept apart from the output speed", async t => {
  const { slave } = openPair(t);
  setTermios(slave, { ...getTermios(slave), inputSpeed: 1200, outputSpeed: 31_250 });
  t.match(getTermios(slave), { inputSpeed: 1200, outputSpeed: 31_250 });
});

t.test("stty sees the standard speeds and the flags", async t => {
  const { slave, path } = openPair(t);
  const before = getTermios(slave);
  setTermios(slave, { ...before, cflag: before.cflag | CSTOPB | CLOCAL, inputSpeed: 921_600, outputSpeed: 921_600 });
  const seen = spawnSync("stty", ["-a", "-F", path], { encoding: "latin1" }).stdout;
  t.match(seen, /^speed 921600 baud/);
  for (const word of [" cstopb", " clocal", "-icanon", "-echo", "-opost"]) t.match(seen, word);
});

t.test("an invalid speed is refused and changes nothing", async t => {
  const { slave } = openPair(t);
  const before = getTermios(slave);
  for (const outputSpeed of [-1, 1.5, Number.NaN, 2 ** 32])
    t.throws(() => setTermios(slave, { ...before, outputSpeed }), RangeError);
  t.same(getTermios(slave), before);
});

t.test("queued bytes are counted and thrown away as asked", async t => {
  const { master, slave } = openPair(t);
  await pass(master, slave, Uint8Array.from([1, 2, 3]));
  t.same(queued(slave), { input: 3, output: 0 });
  flush(slave, "output");
  t.equal(queued(slave).input, 3);
  flush(slave, "input");
  t.same(queued(slave), { input: 0, output: 0 });
  await pass(master, slave, Uint8Array.from([1, 2, 3]));
  flush(slave, "both");
  t.equal(read(slave, new Uint8Array(10)), -EAGAIN);
});

t.test("a pseudo-terminal has no modem lines, counters or RS-485 mode, and says so", async t => {
  const { slave } = openPair(t);
  const noTty = { code: "ENOTTY", errno: 25, reason: "Inappropriate ioctl for device" };
  t.throws(() => getModem(slave), { ...noTty, call: "getModem" });
  t.throws(() => setModem(slave, 2, 4), { ...noTty, call: "setModem" });
  t.throws(() => getCounters(slave), { ...noTty, call: "getCounters" });
  t.throws(() => setRs485(slave, { flags: 1, delayBeforeSendMs: 0, delayAfterSendMs: 0 }), {
    ...noTty,
    call: "setRs485",
  });
  t.doesNotThrow(() => setBreak(slave, true), "break is accepted and goes nowhere");
  t.doesNotThrow(() => setBreak(slave, false));
});

t.test("descriptors are made non-blocking and close-on-exec", async t => {
  const { master } = openPair(t);
  setNonBlocking(master);
  t.ok(setCloseOnExec(master));
  t.equal(read(master, new Uint8Array(1)), -EAGAIN);
});

t.test("a failing call names itself, the code and the system's reason", async t => {
  t.throws(() => getTermios(UNOPENED), {
    name: "SystemError",
    message: "getTermios: Bad file descriptor",
    code: "EBADF",
    errno: EBADF,
    call: "getTermios",
    reason: "Bad file descriptor",
  });
  t.throws(() => queued(UNOPENED), SystemError);
  t.throws(() => setNonBlocking(UNOPENED), SystemError);
  t.notOk(setCloseOnExec(UNOPENED), "a descriptor that was not handed over");
  t.throws(() => flush(UNOPENED, "both"), SystemError);
  t.throws(() => setBreak(UNOPENED, true), SystemError);
  t.equal(read(UNOPENED, new Uint8Array(1)), -EBADF);
  t.equal(write(UNOPENED, new Uint8Array(1)), -EBADF);
  const file = openSync("/dev/null", "r+");
  t.throws(() => getTermios(file), { code: "ENOTTY" });
  closeSync(file);
});

t.test("an error's reason is its own, else the system's words for its number, else its message", async t => {
  t.equal(reasonOf(new DeviceError("lost", "/dev/ttyS0", "Input/output error")), "Input/output error");
  t.equal(reasonOf(new SystemError("read", EBADF)), "Bad file descriptor");
  t.equal(reasonOf(thrownBy(() => openSync("/nonexistent", "r"))), "No such file or directory");
  const unknownName = await lookup("no.name.invalid").catch(error => error);
  t.match(reasonOf(unknownName), /^getaddrinfo E[A-Z_]+ no\.name\.invalid$/);
  t.equal(reasonOf(new Error("not JSON")), "not JSON");
  t.equal(reasonOf("text"), "text");
});

t.test("error numbers have a code and a reason", async t => {
  t.equal(errorCode(5), "EIO");
  t.equal(errorReason(5), "Input/output error");
  t.equal(errorReason(EAGAIN), "Resource temporarily unavailable");
});

function thrownBy(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}
