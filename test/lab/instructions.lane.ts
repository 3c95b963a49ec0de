/** Instructions of an ARM processor for each wake-up, of the daemon and of Debian's ser2net 4: scripts/board-lab instructions. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import t, { type Test } from "tap";
import { pause } from "../../service/line/clock.js";
import { Client } from "../support/client.js";
import { runProgram, temporaryFolder } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { until } from "../support/wait.js";

const FOLDER = process.env.BOARD_LAB_INSTRUCTIONS ?? "";
/** Of single bytes: so few that each is a wake-up of its own, in the daemon that gathers and in the other. */
const PAUSE_MS = 3;
/** In a window. */
const WAKE_UPS = 500;
/** Windows before the first one that can count, in which V8 compiles what is called for every byte. */
const WARM_UP = 10;
/** Windows in a row that agree: an odd number. */
const WINDOWS = 9;
const MOST_WINDOWS = 60;
/** The greatest ratio of two of their medians. */
const AGREEMENT = 1.05;

interface Window {
  readonly median: number;
  readonly mean: number;
}

interface Measured {
  readonly name: string;
  /** Of the emulator: the root of its libraries, and what else it needs. */
  readonly emulator: readonly string[];
  /** With its arguments, for a raw TCP port and a device. */
  program(folder: string, port: number, device: string): readonly string[];
}

const DAEMONS: readonly Measured[] = [
  {
    name: "ser2net-edge",
    emulator: ["-L", "/usr/aarch64-linux-gnu"],
    program: (_, port, device) => [
      ...[join(FOLDER, "node"), resolve("dist/linux-arm64/ser2net.cjs"), "-n", "-u"],
      ...["-C", `127.0.0.1,${port}:raw:0:${device}:115200`],
    ],
  },
  {
    name: "ser2net 4",
    emulator: ["-L", join(FOLDER, "tree"), "-E", `LD_PRELOAD=${join(FOLDER, "old-termios.so")}`],
    program: (folder, port, device) => {
      const file = join(folder, "ser2net.yaml");
      writeFileSync(
        file,
        `%YAML 1.1\n---\nconnection: &one\n  accepter: tcp,127.0.0.1,${port}\n  connector: serialdev,${device},115200n81,local\n`,
      );
      return [join(FOLDER, "tree/usr/sbin/ser2net"), "-n", "-u", "-c", file];
    },
  },
];

execFileSync(process.execPath, ["build.mjs", "--target", "linux-arm64"]);

for (const daemon of DAEMONS) {
  t.test(`${daemon.name}: the instructions of a wake-up are counted`, async t => {
    const folder = temporaryFolder(t);
    const [device, port] = [PtyDevice.open(t), await (await portNumbers(t))()];
    const counters = join(folder, "counters");
    const plugin = `${join(FOLDER, "instructions.so")},counters=${counters}`;
    const [program = "", ...args] = daemon.program(folder, port, device.path);
    const running = runProgram(t, "qemu-aarch64", [...daemon.emulator, "-plugin", plugin, program, ...args]);
    const client = await until("it serves", () => {
      if (running.process.exitCode !== null) throw new Error(running.errors.text);
      return Client.connect(t, port).catch(() => null);
    });
    const count = () => readCounters(counters);
    client.send("x");
    await device.expect("x");
    t.comment(`${daemon.name}: ${millions(count())} million until the first byte`);
    await measure(t, `${daemon.name}, from the device`, count, async () => {
      device.send("x");
      await client.expect("x");
    });
    await measure(t, `${daemon.name}, to the device`, count, async () => {
      client.send("x");
      await device.expect("x");
    });
    running.process.kill("SIGTERM");
    await running.exit();
  });
}

/**
 * The median of single wake-ups, so that a compilation or a collection of the heap in one of them does not count; and the mean,
 * in which they do. Windows follow each other until WINDOWS of them in a row agree: then V8 has compiled what is called for every byte.
 */
async function measure(t: Test, what: string, count: () => number, wakeUp: () => Promise<void>): Promise<void> {
  const windows: Window[] = [];
  const settled = () => windows.slice(-WINDOWS);
  do windows.push(await measureWindow(count, wakeUp));
  while (windows.length < WARM_UP + WINDOWS || (!agree(settled()) && windows.length < MOST_WINDOWS));
  const medians = settled().map(window => window.median);
  const means = settled().map(window => window.mean);
  t.ok(agree(settled()), `${what}: the windows agree`);
  t.comment(`${what}: ${spread(medians)} instructions a wake-up; with compilations and collections ${spread(means)}`);
}

async function measureWindow(count: () => number, wakeUp: () => Promise<void>): Promise<Window> {
  const each: number[] = [];
  let before = count();
  const first = before;
  while (each.length < WAKE_UPS) {
    await wakeUp();
    await pause(PAUSE_MS);
    const after = count();
    each.push(after - before);
    before = after;
  }
  return { median: median(each), mean: Math.round((before - first) / WAKE_UPS) };
}

function agree(windows: readonly Window[]): boolean {
  const medians = windows.map(window => window.median);
  return Math.max(...medians) <= Math.min(...medians) * AGREEMENT;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

function spread(values: readonly number[]): string {
  return `${median(values)} (${Math.min(...values)} to ${Math.max(...values)})`;
}

/** Of all threads. */
function readCounters(file: string): number {
  const bytes = readFileSync(file);
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 8) sum += Number(bytes.readBigUInt64LE(at));
  return sum;
}

function millions(count: number): string {
  return (count / 1e6).toFixed(1);
}
