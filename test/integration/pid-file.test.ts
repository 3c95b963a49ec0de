/** The pid file of the daemon (-P): what it may replace, and what it removes at its end. */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { Daemon, runToEnd, temporaryFolder } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { until } from "../support/wait.js";

async function prepare(t: Test) {
  const next = await portNumbers(t);
  const folder = temporaryFolder(t);
  const start = async (pidFile: string): Promise<Daemon> =>
    Daemon.start(t, { controlPort: await next(), config: [], args: ["-P", pidFile], foreground: "-d" });
  return { folder, next, start, pidFile: join(folder, "pid") };
}

const STOPPED = { code: 0, signal: null };

t.test("a pid file that cannot be removed is one warning, and the stop is a clean one", async t => {
  const { start, folder } = await prepare(t);
  const place = join(folder, "place");
  mkdirSync(place);
  const pidFile = join(place, "pid");
  const daemon = await start(pidFile);
  rmSync(place, { recursive: true });
  writeFileSync(place, "a file in the place of its folder");
  t.same(await daemon.stop(), STOPPED);
  const said = await daemon.running.errors.untilEnd();
  t.equal(
    said.replace(/^ser2net\[\d+\]: /gm, ""),
    `Error removing pidfile '${pidFile}': Not a directory, pidfile not removed\n`,
  );
});

t.test("a pid file that is gone is not missed", async t => {
  const { start, pidFile } = await prepare(t);
  const daemon = await start(pidFile);
  rmSync(pidFile);
  t.same(await daemon.stop(), STOPPED);
  t.equal(await daemon.running.errors.untilEnd(), "");
});

t.test("of two daemons with one pid file, each removes only what it wrote", async t => {
  const { start, pidFile } = await prepare(t);
  const [first, second] = [await start(pidFile), await start(pidFile)];
  t.equal(readFileSync(pidFile, "utf8"), `${second.pid}\n`);
  t.same(await first.stop(), STOPPED);
  t.equal(readFileSync(pidFile, "utf8"), `${second.pid}\n`, "the other's text stays");
  t.same(await second.stop(), STOPPED);
  t.notOk(existsSync(pidFile));
});

t.test("another file with our text is left alone, and so is our file with another text", async t => {
  const { start, pidFile, folder } = await prepare(t);
  const [one, other] = [await start(pidFile), await start(join(folder, "other"))];
  writeFileSync(join(folder, "copy"), `${one.pid}\n`);
  renameSync(join(folder, "copy"), pidFile);
  writeFileSync(join(folder, "other"), `${other.pid}0\n`);
  t.same([await one.stop(), await other.stop()], [STOPPED, STOPPED]);
  t.equal(readFileSync(pidFile, "utf8"), `${one.pid}\n`);
  t.equal(readFileSync(join(folder, "other"), "utf8"), `${other.pid}0\n`);
});

t.test("nothing is written or removed through a symbolic link", async t => {
  const { start, pidFile, folder } = await prepare(t);
  const target = join(folder, "precious");
  writeFileSync(target, "precious");
  symlinkSync(target, pidFile);
  const daemon = await start(pidFile);
  await daemon.running.errors.expect(
    `Error opening pidfile '${pidFile}': Too many levels of symbolic links, pidfile not created\n`,
  );
  t.same(await daemon.stop(), STOPPED);
  t.equal(readFileSync(target, "utf8"), "precious");
  t.ok(lstatSync(pidFile).isSymbolicLink());

  const own = join(folder, "own");
  const second = await start(own);
  renameSync(own, join(folder, "moved"));
  symlinkSync(join(folder, "moved"), own);
  t.same(await second.stop(), STOPPED);
  t.ok(lstatSync(own).isSymbolicLink(), "a link that leads to our file is not our file");
});

t.test("what was in the file before is replaced, in the file that is there", async t => {
  const { start, pidFile, folder } = await prepare(t);
  writeFileSync(pidFile, "a longer text than a process id\n");
  linkSync(pidFile, join(folder, "same"));
  const daemon = await start(pidFile);
  t.equal(readFileSync(join(folder, "same"), "utf8"), `${daemon.pid}\n`);
  t.same(await daemon.stop(), STOPPED);
  t.notOk(existsSync(pidFile));
});

t.test("a pid file that is not a regular file is reported, and not written to", async t => {
  const { start, pidFile, folder } = await prepare(t);
  execFileSync("mkfifo", [pidFile]);
  const odd: [string, string][] = [
    [pidFile, "No such device or address"],
    [folder, "Is a directory"],
    ["/dev/null", "not a regular file"],
  ];
  for (const [file, reason] of odd) {
    const daemon = await start(file);
    await daemon.running.errors.expect(`Error opening pidfile '${file}': ${reason}, pidfile not created\n`);
    t.same(await daemon.stop(), STOPPED, reason);
    t.ok(existsSync(file), reason);
  }
});

t.test("in the background: a relative name is that of the folder it was given in, there at once", async t => {
  const { folder, next } = await prepare(t);
  const pidFile = join(folder, "run", "pid");
  mkdirSync(join(folder, "run"));
  writeFileSync(join(folder, "ser2net.conf"), "");
  const args = ["-c", "ser2net.conf", "-P", "run/pid", "-u", "-p", `127.0.0.1,${await next()}`];
  const { code, errors } = await runToEnd(t, args, { under: ["env", "-C", folder] });
  t.same({ code, errors }, { code: 0, errors: "" });
  t.notOk(existsSync("/run/pid"), "not below /, where the background process works");
  const pid = Number(readFileSync(pidFile, "utf8"));
  t.teardown(() => existsSync(`/proc/${pid}`) && process.kill(pid, "SIGKILL"));
  t.match(readFileSync(`/proc/${pid}/cmdline`, "latin1"), "run/pid");
  process.kill(pid, "SIGTERM");
  await until("its pid file is gone", () => !existsSync(pidFile));
});
