/** With CACHE_DIRECTORY, a start keeps the code that V8 has compiled, and the next one uses it; nothing else is ever run. */
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import t, { type Test } from "tap";
import type { Teardown } from "../support/client.js";
import { BUNDLE, Daemon, temporaryFolder } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { until } from "../support/wait.js";

/** V8 says what it deserializes. Its own modules are below 50 KB each; the code of the daemon has some hundred. */
const PROGRAM = [process.execPath, "--profile-deserialization", BUNDLE];
const USED = /Deserializing from \d{6,} bytes/;

interface Way {
  readonly foreground?: "-n" | "-d";
  readonly program?: readonly string[];
}

function start(t: Teardown, controlPort: number, folder: string, way: Way = {}): Promise<Daemon> {
  return Daemon.start(t, { controlPort, config: [], program: PROGRAM, ...way, env: { CACHE_DIRECTORY: folder } });
}

function isCode(name: string): boolean {
  return /^[a-z-]+\.code$/.test(name);
}

/** One start, until its code is kept. */
async function keep(t: Teardown, controlPort: number, folder: string): Promise<string> {
  const file = join(folder, "daemon.code");
  const daemon = await start(t, controlPort, folder);
  await until("the code is kept", () => existsSync(file));
  await daemon.stop();
  return file;
}

t.test("the second start uses what the first one has kept, and does not write it again", async t => {
  const folder = temporaryFolder(t);
  const controlPort = await (await portNumbers(t))();
  const first = await start(t, controlPort, folder);
  // Also that of the bundle of the control port; and no draft is left.
  await until("the code is kept", () => {
    const files = readdirSync(folder);
    return ["control.code", "daemon.code"].every(name => files.includes(name)) && files.every(isCode);
  });
  await first.stop();
  t.notMatch(first.running.output.text, USED);
  const { mode, mtimeMs, ino } = statSync(join(folder, "daemon.code"));
  t.equal(mode & 0o777, 0o600);
  const second = await start(t, controlPort, folder);
  await second.stop();
  t.match(second.running.output.text, USED);
  const after = statSync(join(folder, "daemon.code"));
  t.same({ mtimeMs: after.mtimeMs, ino: after.ino }, { mtimeMs, ino });
});

/** A start does not use what is there, and replaces it. */
async function refused(t: Test, controlPort: number, file: string, what: string, way: Way = {}) {
  const { ino } = lstatSync(file);
  const daemon = await start(t, controlPort, dirname(file), way);
  await until(`${what}: it is replaced`, () => lstatSync(file).ino !== ino);
  await daemon.stop();
  t.notMatch(daemon.running.output.text, USED, what);
}

t.test("code that is damaged, cut off, of another program or version is not used, and replaced", async t => {
  const controlPort = await (await portNumbers(t))();
  const file = await keep(t, controlPort, temporaryFolder(t));
  const good = readFileSync(file);
  const changed = (at: number): Buffer => {
    const bytes = Buffer.from(good);
    bytes[at] = (bytes[at] ?? 0) ^ 0x55;
    return bytes;
  };
  const text = good.toString("latin1");
  const harmful = {
    "a byte in the middle": changed(good.length >> 1),
    "the last byte": changed(good.length - 1),
    "half of it": good.subarray(0, good.length >> 1),
    nothing: Buffer.alloc(0),
    "no first line": Buffer.from("a".repeat(100)),
    "another Node": Buffer.from(text.replace(process.version, "v20.0.0"), "latin1"),
    "another build of this Node": Buffer.from(text.replace(/^(\S+ \S+) \d+/, "$1 1"), "latin1"),
    "another program": Buffer.from(text.replace(/^((?:\S+ ){4})\d+/, "$11"), "latin1"),
  };
  for (const [name, bytes] of Object.entries(harmful)) {
    writeFileSync(file, bytes);
    await refused(t, controlPort, file, name);
  }
});

t.test("code that was compiled with other flags of V8 is not used, and replaced", async t => {
  const controlPort = await (await portNumbers(t))();
  const file = await keep(t, controlPort, temporaryFolder(t));
  await refused(t, controlPort, file, "with a flag", { program: [process.execPath, "--no-opt", ...PROGRAM.slice(1)] });
  await refused(t, controlPort, file, "without it again");
});

t.test("a file that somebody else can have written is not used", async t => {
  const controlPort = await (await portNumbers(t))();
  const file = await keep(t, controlPort, temporaryFolder(t));
  const good = readFileSync(file);
  chmodSync(file, 0o620);
  await refused(t, controlPort, file, "writable by the group");
  if (process.getuid?.() === 0) {
    chownSync(file, 65534, 65534);
    await refused(t, controlPort, file, "of another user");
  }
  const elsewhere = join(temporaryFolder(t), "elsewhere");
  writeFileSync(elsewhere, good, { mode: 0o600 });
  rmSync(file);
  symlinkSync(elsewhere, file);
  await refused(t, controlPort, file, "a link");
  t.same(readFileSync(elsewhere), good, "and what it names is as it was");
});

t.test("without the folder, and where nothing can be kept, the daemon serves", async t => {
  const controlPort = await (await portNumbers(t))();
  const missing = await start(t, controlPort, join(temporaryFolder(t), "missing"), { foreground: "-d" });
  await missing.running.errors.expect(/Unable to keep compiled code: No such file or directory/);
  t.match(await missing.ask("version"), /ser2net version/);
  await missing.stop();
  const none = await start(t, controlPort, "");
  t.match(await none.ask("version"), /ser2net version/);
});
