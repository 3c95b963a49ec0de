import { closeSync, constants, openSync } from "node:fs";
import t, { type Test } from "tap";
import { DeviceError } from "../../service/device/device.js";
import { Tty } from "../../service/device/tty.js";
import type { InitialControl } from "../../service/line/modem.js";
import { STANDARD_LINE } from "../../service/line/settings.js";
import { read, write } from "../../service/native/descriptors.js";
import { getTermios, queued, termiosBits } from "../../service/native/serial.js";
import { opened } from "../support/open-files.js";
import { openPair, type PtyPair, pass } from "../support/pty-pair.js";
import { until } from "../support/wait.js";

interface Opened {
  readonly pair: PtyPair;
  readonly tty: Tty;
  /** Bytes at the far end. */
  heard(): string;
}

const AS_IS: InitialControl = { dtr: null, rts: null };

function open(t: Test, settings = STANDARD_LINE, control = AS_IS): Opened {
  const pair = openPair(t);
  const fd = openSync(pair.path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  const tty = new Tty(fd, pair.path, { settings, control, lock: null });
  t.teardown(() => tty.close(0));
  const into = new Uint8Array(65_536);
  let text = "";
  const heard = (): string => {
    const count = read(pair.master, into);
    if (count > 0) text += Buffer.from(into.subarray(0, count)).toString("latin1");
    return text;
  };
  return { pair, tty, heard };
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** The bytes that can be read, as text. */
function take(tty: Tty): string {
  const into = new Uint8Array(100);
  const count = tty.read(into);
  return count < 0 ? "(end)" : Buffer.from(into.subarray(0, count)).toString("latin1");
}

t.test("bytes pass unchanged, both ways", async t => {
  const { pair, tty, heard } = open(t);
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  t.equal(tty.write(all), 256);
  await until("them at the far end", () => heard().length === 256);
  t.same([...Buffer.from(heard(), "latin1")], [...all]);
  await pass(pair.master, pair.slave, all);
  const into = new Uint8Array(300);
  t.equal(tty.read(into), 256);
  t.same([...into.subarray(0, 256)], [...all]);
  t.equal(tty.read(into), 0, "none now");
});

t.test("a reader is called back once for each time it asked", async t => {
  const { pair, tty } = open(t);
  let calls = 0;
  tty.whenReadable(() => calls++);
  await pass(pair.master, pair.slave, bytes("a"));
  await until("the call", () => calls === 1);
  await pass(pair.master, pair.slave, bytes("b"));
  await new Promise(resolve => setImmediate(resolve));
  t.equal(calls, 1);
  tty.whenReadable(() => calls++);
  await until("the next call", () => calls === 2);
  t.equal(take(tty), "ab");
});

t.test("a reader that was taken back is not called", async t => {
  const { pair, tty } = open(t);
  let [ignored, called] = [0, 0];
  tty.whenReadable(() => ignored++);
  tty.ignoreReadable();
  await pass(pair.master, pair.slave, bytes("a"));
  tty.whenReadable(() => called++);
  await until("the other", () => called === 1);
  t.equal(ignored, 0);
});

t.test("a full line takes nothing more, and says when it does again", async t => {
  const { pair, tty } = open(t);
  const chunk = new Uint8Array(4096);
  let sent = 0;
  let refusals = 0;
  await until("a full line", () => {
    const count = tty.write(chunk);
    sent += count;
    refusals = count === 0 ? refusals + 1 : 0; // the kernel moves bytes on by a worker of its own
    return refusals === 5;
  });
  let writable = false;
  tty.whenWritable(() => {
    writable = true;
  });
  const into = new Uint8Array(65_536);
  let got = 0;
  await until("room", () => {
    got += Math.max(0, read(pair.master, into));
    return writable;
  });
  t.ok(tty.write(chunk) > 0);
  await until("every byte", () => {
    got += Math.max(0, read(pair.master, into));
    return got >= sent;
  });
});

t.test("a far end that is gone ends the reading, and fails the rest", async t => {
  const { pair, tty } = open(t);
  let called = false;
  tty.whenReadable(() => {
    called = true;
  });
  closeSync(pair.master);
  await until("the call", () => called);
  t.equal(take(tty), "(end)");
  const lost = (act: () => unknown): void => {
    try {
      act();
      t.fail("it did not fail");
    } catch (error) {
      t.ok(error instanceof DeviceError);
      t.match(error, { code: "lost", path: undefined, reason: "Input/output error" });
    }
  };
  lost(() => tty.write(bytes("x")));
  lost(() => tty.set(STANDARD_LINE));
  lost(() => tty.purge("both"));
  t.equal(tty.modemState(), null);
  t.equal(tty.counters(), null);
  t.same(
    open(t, STANDARD_LINE, { dtr: false, rts: null }).tty.control,
    { dtr: false, rts: true },
    "as they were opened",
  );
  tty.sendBreak();
  await tty.close(5000);
});

t.test("the line is set up as asked", async t => {
  const { pair } = open(t, { ...STANDARD_LINE, speed: 115_200, xonxoffIn: true, xonxoffOut: true, xonAny: true });
  const { iflag, lflag, oflag, inputSpeed, outputSpeed } = getTermios(pair.slave);
  t.equal(iflag, termiosBits.IGNBRK | termiosBits.IXON | termiosBits.IXOFF | termiosBits.IXANY);
  t.same([lflag, oflag], [0, 0]);
  t.same([inputSpeed, outputSpeed], [115_200, 115_200]);
});

t.test("settings change while it is open; a pseudo-terminal is believed", async t => {
  const { pair, tty } = open(t);
  const wanted = { ...STANDARD_LINE, speed: 250_000, dataBits: 7, parity: "even" } as const;
  t.same(tty.set(wanted), wanted);
  t.same(tty.settings, wanted);
  t.equal(getTermios(pair.slave).outputSpeed, 250_000);
});

t.test("what has no modem lines has virtual ones, so that clients read back what they set", async t => {
  const { tty } = open(t);
  t.same(tty.control, { dtr: true, rts: true });
  tty.drive({ dtr: false });
  t.same(tty.control, { dtr: false, rts: true });
  tty.drive({ dtr: true, rts: false });
  t.same(tty.control, { dtr: true, rts: false });
  t.equal(tty.modemState(), null);
  t.equal(tty.counters(), null);
});

t.test("a break on a line that knows none does no harm", async t => {
  const { tty } = open(t);
  tty.setBreak(true);
  t.ok(tty.breakOn);
  tty.setBreak(false);
  t.notOk(tty.breakOn);
  tty.sendBreak();
  await until("its end", () => !tty.breakOn);
});

t.test("purge discards what has not been read", async t => {
  const { pair, tty } = open(t);
  await pass(pair.master, pair.slave, bytes("old"));
  tty.purge("input");
  t.equal(take(tty), "");
  t.equal(queued(pair.slave).input, 0);
});

t.test("closing: once, with all that was written, and flow control off", async t => {
  const { pair, tty, heard } = open(t, { ...STANDARD_LINE, xonxoffOut: true, rtscts: true });
  tty.write(bytes("last words"));
  const before = opened(pair.path).length;
  const [one, two] = [tty.close(4000), tty.close(4000)];
  await Promise.all([one, two]);
  t.equal(opened(pair.path).length, before - 1);
  await until("the last words", () => heard() === "last words");
  const { iflag, cflag } = getTermios(pair.slave);
  t.equal(iflag & termiosBits.IXON, 0);
  t.equal((cflag & termiosBits.CRTSCTS) >>> 0, 0);
});

t.test("a closed device calls no callback", async t => {
  const { pair, tty } = open(t);
  let calls = 0;
  tty.whenReadable(() => calls++);
  tty.whenWritable(() => calls++);
  await tty.close(0);
  write(pair.master, bytes("x"));
  const { tty: other, pair: others } = open(t);
  let turned = false;
  other.whenReadable(() => {
    turned = true;
  });
  write(others.master, bytes("x"));
  await until("a turn of the loop", () => turned);
  t.equal(calls, 0);
});

t.test("only a terminal can be set up", async t => {
  const fd = openSync("/dev/null", "r+");
  t.teardown(() => closeSync(fd));
  t.throws(() => new Tty(fd, "/dev/null", { settings: STANDARD_LINE, control: AS_IS, lock: null }), {
    code: "setup-failed",
    reason: "Inappropriate ioctl for device",
  });
});
