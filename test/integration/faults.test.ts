/** System calls of a connection that fail, each at every place it is made: nothing leaks, and the next call works. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Errno, FaultyCall } from "../support/faults.js";
import { atEveryPlace, connect, ERRNOS, idle, NEEDS_FAULTS, serve, untilSettled } from "../support/faulty-daemon.js";

const OPEN_PORT: Partial<Record<FaultyCall, readonly Errno[]>> = {
  ...{ open: ERRNOS, write: ERRNOS, link: ERRNOS, rename: ERRNOS, unlink: ERRNOS, fchmod: ERRNOS },
  ...{ read: ["EIO"], send: ["EIO", "EINTR"], ioctl: ["EIO", "EINTR"], epoll: ["ENOSPC", "ENOMEM"] },
  ...{ socket: ["EMFILE"], connect: ERRNOS, accept: ["EMFILE", "EINTR"] },
};

/** Only in the folder of the locks: the rest is as without a lock. */
const TAKE_LOCK: Partial<Record<FaultyCall, readonly Errno[]>> = {
  ...{ open: ERRNOS, read: ERRNOS, write: ["ENOSPC"], link: ERRNOS, rename: ERRNOS, unlink: ERRNOS },
};

t.test(
  "a connection: lock, device, traces, LEDs, access tables; a lock left behind, a lock of another",
  NEEDS_FAULTS,
  async t => {
    const setting = await serve(t);
    const { faults, daemon, locks, leds, device } = setting;
    const before = await idle(t, setting);
    const failed = await atEveryPlace(setting, OPEN_PORT, async (what, fault) => {
      faults.arm(fault);
      await connect(t, setting);
      await untilSettled(what, daemon.pid, before, false);
      faults.disarm();
      // A write that failed has emptied the plain file; the kernel's would have kept its text.
      for (const led of leds) led.settle();
      // The next lock removes what could not be removed.
      if (fault.call !== "unlink") noFiles(what, locks);
      if (!(await connect(t, setting))) throw new Error(`${what}: the next connection is not served`);
      await untilSettled(what, daemon.pid, before, true);
      noFiles(what, locks);
    });
    t.ok(failed > 100, `${failed} faults`);

    const lock = join(locks, `LCK..${device.path.slice("/dev/".length).replaceAll("/", "_")}`);
    const stale = `${String(spawnSync("true").pid).padStart(10)}\n`;
    const foreign = `${String(process.pid).padStart(10)}\n`;
    const withLock = await atEveryPlace(
      setting,
      TAKE_LOCK,
      async (what, fault) => {
        writeFileSync(lock, stale);
        faults.arm(fault);
        await connect(t, setting);
        await untilSettled(what, daemon.pid, before, false);
        faults.disarm();
        if (!(await connect(t, setting))) throw new Error(`${what}: a stale lock stays`);
        await untilSettled(what, daemon.pid, before, true);
        noFiles(what, locks);

        writeFileSync(lock, foreign);
        faults.arm(fault);
        if (await connect(t, setting)) throw new Error(`${what}: a lock of another program is not respected`);
        await untilSettled(what, daemon.pid, before, true);
        if (readFileSync(lock, "latin1") !== foreign) throw new Error(`${what}: the lock of another program is lost`);
        rmSync(lock);
      },
      "lock/L",
    );
    t.ok(withLock > 30, `${withLock} faults beside a lock`);
    t.same(await daemon.stop(), { code: 0, signal: null });
  },
);

function noFiles(what: string, folder: string): void {
  const files = readdirSync(folder);
  if (files.length > 0) throw new Error(`${what}: left behind: ${files.join(" ")}`);
}
