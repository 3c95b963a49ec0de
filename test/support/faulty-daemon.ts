/** A daemon whose system calls fail one after the other, and what it leaves open. */
import { mkdirSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import { Client } from "./client.js";
import { Daemon, type Start, temporaryFolder } from "./daemon.js";
import { type FakeLed, FakeLeds } from "./fake-leds.js";
import { type Errno, type Fault, Faults, type FaultyCall } from "./faults.js";
import { NEEDS_NAMESPACE, withPrivateFiles } from "./namespace.js";
import { portNumbers } from "./ports.js";
import { PtyDevice } from "./pty.js";
import { NEEDS_UART } from "./uart.js";
import { until } from "./wait.js";

export const ERRNOS: readonly Errno[] = ["ENOSPC", "EMFILE", "EIO", "EACCES", "EINTR"];
/** A call that never stops to be made would go on for ever. */
const MAX_PLACES = 60;
/** Skips a test where nothing may be mounted or compiled. */
export const NEEDS_FAULTS = { ...NEEDS_NAMESPACE, ...NEEDS_UART };

export interface Setting {
  readonly faults: Faults;
  readonly daemon: Daemon;
  readonly folder: string;
  readonly locks: string;
  readonly leds: readonly FakeLed[];
  readonly device: PtyDevice;
  readonly port: number;
  readonly next: () => Promise<number>;
  readonly config: readonly string[];
}

/** A daemon with one port that uses all there is: a lock, LEDs, three traces, access tables and an ident look-up. */
export async function serve(t: Test, start: Pick<Start, "env" | "args"> = {}): Promise<Setting> {
  const faults = new Faults(t);
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const folder = temporaryFolder(t);
  const [locks, hosts] = [join(folder, "locks"), join(folder, "hosts")];
  for (const one of [locks, hosts]) mkdirSync(one);
  writeFileSync(join(hosts, "hosts.allow"), "ALL: root@127.0.0.2\n");
  writeFileSync(join(hosts, "hosts.deny"), "ALL: root@127.0.0.1\n");
  const files = new FakeLeds(t);
  const leds = ["rx", "tx", "more"].map(name => files.add(name));
  const device = PtyDevice.open(t);
  const config = [
    ...["rx", "tx"].map(name => `LED:${name}:sysfs:device=${name} duration=10 state=1`),
    ...["r", "w", "b"].map(name => `TRACEFILE:${name}:${folder}/trace-${name}`),
    "BANNER:hello:hello\\r\\n",
    `127.0.0.1,${port}:raw:0:${device.path}:9600 led-rx=rx led-tx=tx tr=r tw=w tb=b hello`,
  ];
  const daemon = await Daemon.start(t, {
    controlPort,
    config,
    locking: true,
    foreground: "-d",
    args: start.args ?? [],
    env: { ...start.env, ...faults.env },
    under: withPrivateFiles({ leds: files.root, locks, hosts }),
  });
  return { faults, daemon, folder, locks, leds, device, port, next, config };
}

/** The open files of a process, one text each; sockets and the like without their numbers, temporary folders without names. */
export function descriptors(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/fd`)
    .flatMap(fd => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${fd}`).replace(/\[\d+\]|ser2net-test-\w+/, "")];
      } catch {
        return []; // closed meanwhile
      }
    })
    .sort();
}

/** The elements of `now` that `before` lacks. */
function added(before: readonly string[], now: readonly string[]): readonly string[] {
  const left = [...before];
  return now.filter(one => {
    const at = left.indexOf(one);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

export async function untilSettled(
  what: string,
  pid: number,
  before: readonly string[],
  exactly: boolean,
): Promise<void> {
  const excess = (): readonly string[] => {
    const now = descriptors(pid);
    return exactly ? [...added(before, now), ...added(now, before)] : added(before, now);
  };
  await until(`${what}: the descriptors are as before`, () => excess().length === 0).catch(error => {
    throw new Error(`${error.message}; there are ${excess().join(" ")}`);
  });
}

/** Runs `act` with each fault, one place after the other, until the call is not made so often. How many there were. */
export async function atEveryPlace(
  { faults, daemon }: Pick<Setting, "faults" | "daemon">,
  calls: Partial<Record<FaultyCall, readonly Errno[]>>,
  act: (what: string, fault: Fault) => Promise<void>,
  under = "",
): Promise<number> {
  const before = faults.failures;
  for (const [call, errnos] of Object.entries(calls) as [FaultyCall, readonly Errno[]][]) {
    for (const error of errnos) {
      for (let at = 1, hit = true; hit; at++) {
        if (at > MAX_PLACES) throw new Error(`${call} is called without end`);
        const earlier = faults.failures;
        const what = `${error} at ${call} number ${at}`;
        await act(what, { call, at, error, under }).catch(cause => {
          throw new Error(`${what}: ${cause.message}; the log ends with ${daemon.running.errors.text.slice(-1000)}`);
        });
        faults.disarm();
        hit = faults.failures > earlier;
      }
    }
  }
  return faults.failures - before;
}

/** A connection from its start to its end; true when the device was served. */
export async function connect(t: Test, { port, device }: Setting): Promise<boolean> {
  const client = await Client.connect(t, port);
  client.send("ping");
  await until("the device gets it, or the connection ends", () => client.ended || device.text.includes("ping"));
  if (!client.ended) device.send("pong");
  await until("the client gets it, or the connection ends", () => client.ended || client.text.includes("pong"));
  const served = !client.ended;
  await client.close();
  device.text = "";
  return served;
}

/** The descriptors of a daemon that has served and has logged: the socket of the system log stays open. */
export async function idle(t: Test, setting: Setting): Promise<readonly string[]> {
  const { faults, daemon, device } = setting;
  faults.arm({ call: "open", at: 1, error: "EIO", under: device.path });
  t.notOk(await connect(t, setting), "its device does not open");
  faults.disarm();
  t.equal(faults.failures, 1);
  t.ok(await connect(t, setting), "without a fault it does");
  const isIdle = (open: readonly string[]): boolean =>
    !open.some(path => path === device.path || /\/trace-[rwb]$/.test(path)) &&
    ["rx", "tx"].every(name => open.includes(`/sys/class/leds/${name}/activate`));
  await until("it is idle", () => isIdle(descriptors(daemon.pid)));
  return descriptors(daemon.pid);
}
