import { execFileSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { type Device, DeviceError } from "../../service/device/device.js";
import { deviceIdentity, type OpenRequest, openDevice } from "../../service/device/open.js";
import { STANDARD_LINE } from "../../service/line/settings.js";
import { read } from "../../service/native/descriptors.js";
import { runProgram } from "../support/daemon.js";
import { opened } from "../support/open-files.js";
import { openPair } from "../support/pty-pair.js";
import { until } from "../support/wait.js";

const NEEDS_LOCKS = { skip: canLock() ? false : "/var/lock cannot be written in" };

function request(path: string, change: Partial<OpenRequest> = {}): OpenRequest {
  const line = STANDARD_LINE;
  return {
    path,
    printer: false,
    line,
    control: { dtr: null, rts: null },
    clearBreak: true,
    rs485: null,
    lock: false,
    warn: () => {},
    ...change,
  };
}

async function open(t: Test, path: string, change: Partial<OpenRequest> = {}): Promise<Device> {
  const device = await openDevice(request(path, change));
  t.teardown(() => device.close(0));
  return device;
}

/** `open-failed: No such file or directory` */
function failure(path: string, change: Partial<OpenRequest> = {}): string {
  try {
    void openDevice(request(path, change));
    return "it opened";
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    return `${error.code}: ${error.reason}`;
  }
}

t.test("a terminal is opened and set up", async t => {
  const { path, master } = openPair(t);
  const device = await open(t, path);
  t.equal(device.line?.settings.speed, 9600);
  device.write(Buffer.from("x"));
  const into = new Uint8Array(1);
  await until("the byte", () => read(master, into) === 1);
});

t.test("what cannot be opened says why, and leaves nothing open", async t => {
  const folder = t.testdir({ file: "" });
  t.equal(failure(join(folder, "missing")), "open-failed: No such file or directory");
  t.equal(failure(folder), "open-failed: Is a directory");
  t.equal(failure("/sys/devices"), "open-failed: No such device");
  t.equal(failure(join(folder, "file")), "setup-failed: Inappropriate ioctl for device");
  t.same(opened(join(folder, "file")), []);
});

t.test("a printer's device: written, never read, not set up", async t => {
  const { path, master } = openPair(t);
  const device = await open(t, path, { printer: true });
  t.equal(device.line, null);
  t.equal(device.write(Buffer.from("page")), 4);
  const into = new Uint8Array(10);
  await until("the page", () => read(master, into) === 4);
  t.equal(device.read(into), 0);
  let writable = false;
  device.whenWritable(() => {
    writable = true;
  });
  await until("room", () => writable);
  await device.close(1000);
});

t.test("a file in place of a printer is not a printer", async t => {
  const file = join(t.testdir({ file: "" }), "file");
  t.equal(failure(file, { printer: true }), "setup-failed: Operation not permitted");
  t.equal(failure("/dev/null", { printer: true }), "setup-failed: Operation not permitted");
  t.same(opened(file), []);
});

t.test("a locked device is not opened; the lock goes when the device does", NEEDS_LOCKS, async t => {
  const lockFile = (path: string): string => `/var/lock/LCK..${path.slice("/dev/".length).replaceAll("/", "_")}`;
  const { path } = openPair(t);
  const device = await openDevice(request(path, { lock: true }));
  t.equal(readFileSync(lockFile(path), "latin1"), `${String(process.pid).padStart(10)}\n`);
  t.equal(failure(path, { lock: true }), `locked: locked by ${lockFile(path)} (process ${process.pid})`);
  await device.close(0);
  t.notOk(existsSync(lockFile(path)));
  const missing = "/dev/ser2net-test-missing";
  t.equal(failure(missing, { lock: true }), "open-failed: No such file or directory");
  t.notOk(existsSync(lockFile(missing)), "nor stays one of a device that cannot be opened");
});

t.test("names of one device have one identity", async t => {
  const { path } = openPair(t);
  const folder = t.testdir({ file: "" });
  const [link, file] = [join(folder, "console"), join(folder, "file")];
  symlinkSync(path, link);
  symlinkSync(file, join(folder, "other"));
  t.equal(deviceIdentity(link), deviceIdentity(path));
  t.not(deviceIdentity(openPair(t).path), deviceIdentity(path));
  t.equal(deviceIdentity(join(folder, "other")), deviceIdentity(file));
  t.equal(deviceIdentity("/dev/nowhere"), deviceIdentity("/dev/nowhere"));
  t.not(deviceIdentity("/dev/nowhere"), deviceIdentity("/dev/elsewhere"));
});

t.test("a name that is not UTF-8 is a name", async t => {
  const folder = t.testdir({});
  const name = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xe9])]);
  mkdirSync(name);
  t.equal(failure(name.toString("latin1")), "open-failed: Is a directory");
});

t.test("a line with RS-485, modem lines and counters", async t => {
  const { results, reported } = await inProcess(t, "100", { LD_PRELOAD: plugFor(t) });
  t.same(results.warnings, []);
  t.same(results.control, { dtr: true, rts: false });
  t.same(results.state, { cts: false, dsr: true, dcd: true, ri: false });
  t.match(results.counters, { cts: 2, dsr: 3, frame: 4 });
  t.same(
    reported,
    ["break off", "rs485 03 12 100", "lines 000", "lines 142", "lines 024"],
    "one call to the driver each",
  );
});

t.test(
  "DTR and RTS are set before anything else, in one call; a line that is not named is left to the driver",
  async t => {
    const env = { LD_PRELOAD: plugFor(t) };
    const first = async (control: object) =>
      (await inProcess(t, "100", env, JSON.stringify(control))).reported.slice(0, 2);
    t.same(await first({ dtr: false, rts: false }), ["lines 000", "break off"]);
    t.same(await first({ dtr: null, rts: false }), ["lines 142", "break off"]);
    t.same(await first({ dtr: null, rts: null }), ["break off", "rs485 03 12 100"], "none is named");
  },
);

t.test("an RS-485 setting the driver changed is told", async t => {
  const { results } = await inProcess(t, "500", { LD_PRELOAD: plugFor(t) });
  t.same(results.warnings, ["The driver of PTY did not take RS485 configuration r as given"]);
});

t.test("a line that knows no RS-485 is not opened, and nothing of it stays", async t => {
  const { results } = await inProcess(t, "1", {});
  t.equal(results.error, "rs485-failed: Inappropriate ioctl for device");
});

/** The loop-back plug, built. */
function plugFor(t: Test): string {
  const plug = join(t.testdir({}), "fake-uart.so");
  const source = fileURLToPath(new URL("../support/fake-uart.c", import.meta.url));
  execFileSync(process.env.CC ?? "cc", ["-shared", "-fPIC", "-o", plug, source]);
  return plug;
}

/** Runs line-process.ts to its end, which it only comes to with nothing left open. */
async function inProcess(t: Test, delayAfterMs: string, env: NodeJS.ProcessEnv, ...control: string[]) {
  const script = fileURLToPath(new URL("../support/line-process.ts", import.meta.url));
  const child = runProgram(t, process.execPath, [...process.execArgv, script, delayAfterMs, ...control], env);
  const [output, errors, { code }] = [await child.output.untilEnd(), await child.errors.untilEnd(), await child.exit()];
  if (code !== 0) throw new Error(errors);
  const reported = errors.split("\n").filter(line => /^(lines|break|rs485) /.test(line));
  return { results: JSON.parse(output), reported };
}

function canLock(): boolean {
  try {
    const probe = `/var/lock/ser2net-test-${process.pid}`;
    writeFileSync(probe, "");
    closeSync(openSync(probe, "r"));
    execFileSync("rm", [probe]);
    return true;
  } catch {
    return false;
  }
}
