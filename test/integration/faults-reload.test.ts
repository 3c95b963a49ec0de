/** System calls of a reload, of the start and of the end that fail, each at every place it is made. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { isRefused } from "../support/client.js";
import { Daemon, runToEnd, temporaryFolder } from "../support/daemon.js";
import { type Errno, type Fault, Faults, type FaultyCall } from "../support/faults.js";
import {
  atEveryPlace,
  connect,
  descriptors,
  idle,
  NEEDS_FAULTS,
  serve,
  untilSettled,
} from "../support/faulty-daemon.js";
import { Manager } from "../support/manager.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { NEEDS_UART } from "../support/uart.js";

const RELOAD: Partial<Record<FaultyCall, readonly Errno[]>> = {
  ...{ open: ["EMFILE", "EACCES", "EINTR"], read: ["EIO"], write: ["ENOSPC", "EIO", "EINTR"] },
  ...{ socket: ["EMFILE"], bind: ["EACCES", "EIO"], listen: ["EIO"], epoll: ["ENOSPC"], inotify: ["ENOSPC", "EMFILE"] },
};

t.test("a reload: the file, sockets, LEDs, devices that are watched", NEEDS_FAULTS, async t => {
  const manager = await Manager.start(t);
  const ofBoard = PtyDevice.open(t);
  const board = join(temporaryFolder(t), "board.json");
  const boardPort = await (await portNumbers(t))();
  const line = { device: ofBoard.path.slice("/dev/".length), networkPort: `127.0.0.1,${boardPort}`, state: "raw" };
  const ports = [{ id: "p", label: "P", electrical: "virtual", line: { speed: 9600 }, ...line }];
  writeFileSync(board, JSON.stringify({ schema: 1, id: "board", title: "One line", ports }));
  const setting = await serve(t, { env: { NOTIFY_SOCKET: manager.address }, args: ["--board", board] });
  const { faults, daemon, config, leds, next } = setting;
  const device = PtyDevice.open(t);
  const [port, udp, rotator] = [await next(), await next(), await next()];
  const more = [
    "LED:more:sysfs:device=more duration=10 state=1",
    ...config,
    `127.0.0.1,${port}:raw:0:${device.path}:9600 led-rx=more`,
    `udp,127.0.0.1,${udp}:raw:0:/dev/ser2net-test/none:9600`,
    `ROTATOR:127.0.0.1,${rotator}:127.0.0.1,${port}`,
  ];
  const reload = async (lines: readonly string[]): Promise<void> => {
    for (const led of leds) led.settle();
    daemon.hup(lines);
    while (!/^READY=1$/m.test(await manager.nextText()));
  };
  const told = async (text: RegExp): Promise<void> => {
    while (!text.test(await manager.nextText()));
  };
  await told(/^READY=1$/m);
  const before = await idle(t, setting);
  const failed = await atEveryPlace(setting, RELOAD, async (what, fault) => {
    faults.arm(fault);
    await reload(more);
    faults.disarm();
    for (const stays of [setting, { ...setting, port: boardPort, device: ofBoard }]) {
      if (!(await connect(t, stays))) throw new Error(`port ${stays.port}, which stays, is not served`);
    }
    await reload(config);
    await untilSettled("back again", daemon.pid, before, true);
    await reload(more);
    for (const number of [port, rotator]) {
      if (!(await connect(t, { ...setting, port: number, device }))) throw new Error(`port ${number} is not served`);
    }
    await reload(config);
    if (!(await isRefused(port))) throw new Error(`${what}: port ${port} stays`);
    await untilSettled("after a reload without a fault", daemon.pid, before, true);
  });
  t.ok(failed > 30, `${failed} faults`);
  t.same(await daemon.stop(), { code: 0, signal: null });
});

const START: Partial<Record<FaultyCall, readonly Errno[]>> = {
  ...{ socket: ["EMFILE"], bind: ["EACCES"], listen: ["EIO"], epoll: ["ENOSPC"], inotify: ["EMFILE"] },
};

t.test("the start: what fails is said, and leaves no descriptor behind", NEEDS_UART, async t => {
  const faults = new Faults(t);
  const next = await portNumbers(t);
  const [controlPort, port, udp] = [await next(), await next(), await next()];
  const { path } = PtyDevice.open(t);
  const config = [`127.0.0.1,${port}:raw:0:${path}:9600`, `udp,127.0.0.1,${udp}:raw:0:/dev/ser2net-test/none:9600`];
  const start = () => Daemon.start(t, { controlPort, config, foreground: "-d", env: faults.env });
  /** The socket of the system log is there when something was logged. */
  const log = async (daemon: Daemon): Promise<void> => {
    daemon.hup(config);
    await daemon.running.errors.expect("Got SIGHUP, re-reading configuration\n");
    await daemon.ask("version");
  };
  let daemon = await start();
  await log(daemon);
  const wanted = descriptors(daemon.pid);
  await daemon.stop();
  const current = {
    faults,
    get daemon() {
      return daemon;
    },
  };
  let unserved = 0;
  const failed = await atEveryPlace(current, START, async (what, fault) => {
    faults.arm(fault);
    try {
      daemon = await start();
    } catch (error) {
      if (!/Unable to open control port, see syslog: [^\n]*\n$/.test(String(error)) || /^ +at /m.test(String(error))) {
        throw error;
      }
      unserved++;
      return;
    }
    faults.disarm();
    await log(daemon);
    await untilSettled(what, daemon.pid, wanted, false);
    t.same(await daemon.stop(), { code: 0, signal: null }, what);
  });
  t.ok(failed > 10, `${failed} faults`);
  t.ok(
    unserved > 2 && unserved < failed,
    `${unserved} of them kept the control port, and the daemon, from being there`,
  );
});

t.test("the pid file: what cannot be written leaves none behind, and the end is a clean one", NEEDS_UART, async t => {
  const faults = new Faults(t);
  const next = await portNumbers(t);
  const folder = temporaryFolder(t);
  const pidFile = join(folder, "ser2net-test.pid");
  const controlPort = await next();
  const start = () =>
    Daemon.start(t, { controlPort, config: [], args: ["-P", pidFile], foreground: "-d", env: faults.env });
  const under = "ser2net-test.pid";
  const atStart: readonly Fault[] = [
    ...(["EMFILE", "EACCES"] as const).map((error): Fault => ({ call: "open", at: 1, error, under })),
    ...(["ENOSPC", "EIO"] as const).map((error): Fault => ({ call: "write", at: 1, error, under })),
    { call: "ftruncate", at: 1, error: "EIO", under },
  ];
  for (const fault of atStart) {
    faults.arm(fault);
    const daemon = await start();
    faults.disarm();
    const what = `${fault.error} at ${fault.call}`;
    t.match(await daemon.running.errors.expect("pidfile not created\n"), "Error opening pidfile", what);
    t.notOk(existsSync(pidFile), what);
    t.same(await daemon.stop(), { code: 0, signal: null }, what);
  }
  const atEnd: readonly Fault[] = [
    { call: "open", at: 1, error: "EMFILE", under },
    { call: "read", at: 1, error: "EIO", under },
    { call: "unlink", at: 1, error: "EACCES", under },
  ];
  for (const fault of atEnd) {
    const daemon = await start();
    t.equal(readFileSync(pidFile, "latin1"), `${daemon.pid}\n`);
    faults.arm(fault);
    const what = `${fault.error} at ${fault.call}`;
    t.same(await daemon.stop(), { code: 0, signal: null }, what);
    faults.disarm();
    t.match(await daemon.running.errors.untilEnd(), "pidfile not removed\n", what);
  }
  t.equal(faults.failures, atStart.length + atEnd.length);
  const daemon = await start();
  t.same(await daemon.stop(), { code: 0, signal: null });
  t.notOk(existsSync(pidFile), "the next one removes it");
});

t.test("a board that cannot be told for want of descriptors is not taken for another one", NEEDS_UART, async t => {
  const faults = new Faults(t);
  const find = () => runToEnd(t, ["--check", "--board", "auto", "-c", "/dev/null"], { env: faults.env });
  t.match(await find(), { code: 0, errors: "" });
  for (const place of ["/proc/cmdline", "board-profiles/generic.json"]) {
    faults.arm({ call: "open", at: 1, error: "EMFILE", under: place });
    const { code, errors } = await find();
    t.equal(code, 1, place);
    t.match(errors, /EMFILE: too many open files, open '[^']*'\n$/, place);
  }
});

t.test("a control socket that cannot be removed is told, and the daemon goes on", NEEDS_UART, async t => {
  const faults = new Faults(t);
  const path = join(temporaryFolder(t), "control-file");
  const controlPort = await (await portNumbers(t))();
  const config = [`CONTROLSOCKET:${path}`];
  const daemon = await Daemon.start(t, { controlPort, config, foreground: "-d", env: faults.env });
  faults.arm({ call: "unlink", at: 1, error: "EACCES", under: "control-file" });
  daemon.hup([]);
  await daemon.running.errors.expect(`Unable to remove control socket ${path}: Permission denied`);
  t.match(await daemon.ask("version"), "ser2net version");
  faults.disarm();
  t.same(await daemon.stop(), { code: 0, signal: null });
});
