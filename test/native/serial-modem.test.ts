import { execFileSync, spawnSync } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { MODEM, RS485 } from "../../service/native/serial.js";

const { DTR, RTS, CTS, DSR, DCD } = MODEM;

function fileOf(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}

t.test("a line with modem lines, counters and RS-485 mode", async t => {
  const plug = join(t.testdir({}), "fake-uart.so");
  execFileSync(process.env.CC ?? "cc", ["-shared", "-fPIC", "-o", plug, fileOf("../support/fake-uart.c")]);
  const child = spawnSync(process.execPath, [...process.execArgv, fileOf("../support/modem-process.ts")], {
    env: { ...process.env, LD_PRELOAD: [process.env.LD_PRELOAD ?? [], plug].flat().join(":") },
    encoding: "utf8",
  });
  const got = JSON.parse(child.stdout);
  const all = child.stderr.split("\n").filter(line => /^(lines|break) /.test(line));
  const [changes, played] = [all.slice(0, 5), all.slice(5)];

  t.test("lines are driven and read", async t => {
    t.equal(got.allOff, 0);
    t.equal(got.dtrOn, DTR | DSR | DCD);
    t.equal(got.swapped, RTS | CTS);
  });

  t.test("one line on and another off is one change", async t => {
    t.same(changes, ["lines 000", "lines 142", "lines 024", "break on", "break off"]);
  });

  t.test("a pulse is played while the event loop is busy, stopped, and ended by a hang-up", async t => {
    const { EBUSY, ENOENT } = constants.errno;
    t.same(played, ["lines 000", "lines 142", "lines 024", "lines 000", "lines 142"]);
    t.same(got.pulses, { played: 4, again: -ENOENT, busy: -EBUSY, stopped: 1, lost: 0 });
  });

  t.test("every counter has its own meaning", async t => {
    const events = { cts: 2, dsr: 3, ri: 1, dcd: 3, break: 1 };
    const faults = { frame: 4, overrun: 5, parity: 6, bufferOverrun: 7 };
    t.same(got.counters, { ...events, ...faults, received: 2, sent: 3 });
  });

  t.test("the RS-485 settings are the ones the driver kept", async t => {
    const kept = { flags: RS485.ENABLED, delayBeforeSendMs: 12, delayAfterSendMs: 100 };
    t.same(got.kept, kept);
    t.same(got.readBack, kept);
  });
});
