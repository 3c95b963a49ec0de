/** Whatever stands where a file should: the daemon says what it is, waits for nothing, and goes on. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import t, { type Test } from "tap";
import { readText } from "../../service/access/system-lookups.js";
import { detectBoard } from "../../service/board/detect.js";
import { readBoard } from "../../service/board/load.js";
import { acquireLock } from "../../service/device/uucp-lock.js";
import { Leds } from "../../service/led/sysfs.js";
import { backgroundClock } from "../../service/line/clock.js";
import { readRegularFile } from "../../service/native/read-file.js";
import { createServiceLookup } from "../../service/net/services.js";
import { writePidFile } from "../../service/pid-file.js";
import { TraceSink } from "../../service/trace/sink.js";
import { Client } from "../support/client.js";
import { Daemon, runToEnd, temporaryFolder } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";

interface SpecialFile {
  readonly what: string;
  make(t: Test, path: string): Promise<void>;
}

const KINDS: readonly SpecialFile[] = [
  { what: "a FIFO", make: async (_, path) => void execFileSync("mkfifo", [path]) },
  { what: "a directory", make: async (_, path) => mkdirSync(path) },
  { what: "a character device", make: async (_, path) => symlinkSync("/dev/ptmx", path) },
  {
    what: "a socket",
    make: (t, path) =>
      new Promise(resolve => {
        const server = createServer().listen(path, resolve);
        t.teardown(() => server.close());
      }),
  },
];

for (const { what, make } of KINDS) {
  t.test(`${what} is not read, and not waited for`, async t => {
    const folder = temporaryFolder(t);
    const path = join(folder, "board.json");
    await make(t, path);
    const said = `it is ${what}, not a regular file`;
    t.throws(() => readRegularFile(path), { message: said });
    t.match(readText(path).failed, { message: said }, "hosts files, pattern files, banners, accounts");
    const [told] = readBoard(path, []).diagnostics;
    t.match(told, { message: `Unable to read the board profile: ${said}` });
    t.match(readBoard("board", [folder]).diagnostics, [told], "in the folder of the profiles");
    t.equal(createServiceLookup(path)("echo", "tcp"), null);
    const nowhere = join(folder, "missing");
    detectBoard({ named: null, sys: nowhere, cmdline: path, etc: folder }, []);
    t.throws(() => writePidFile(path));
    const lock = join(folder, "LCK..ttyX");
    renameSync(path, lock);
    try {
      acquireLock("/dev/ttyX", folder).release();
    } catch (error) {
      t.match(error, { code: /^lock/ });
    }
    rmSync(lock, { recursive: true, force: true });
  });

  t.test(`${what} for a file of an LED, and for a trace`, async t => {
    const folder = temporaryFolder(t);
    mkdirSync(join(folder, "led"));
    for (const file of ["trigger", "brightness", "activate"]) await make(t, join(folder, "led", file));
    const warnings: string[] = [];
    let at = 0;
    const leds = new Leds(text => warnings.push(text), {
      root: folder,
      clock: { ...backgroundClock, nowMs: () => (at += 2000) },
    });
    leds.open({ name: "l", device: "led", durationMs: 10, state: 1 }).close();
    t.match(warnings, [new RegExp(`LED 'l' does not work: it is ${what}`)]);
    const faults: string[] = [];
    const sink = new TraceSink({
      ...{ file: join(folder, "led", "trigger"), rotation: null },
      report: ({ code }) => void faults.push(code),
    });
    sink.appendText("x");
    await sink.close();
    if (what !== "a character device") t.same(faults, ["open-failed"]);
  });

  t.test(`${what} as the configuration: a start says so, a reload changes nothing`, async t => {
    const next = await portNumbers(t);
    const [controlPort, port] = [await next(), await next()];
    const echo = PtyDevice.echo(t);
    const folder = temporaryFolder(t);
    const path = join(folder, "special");
    await make(t, path);
    for (const option of ["-n", "--check", "--print-config"]) {
      const { code, errors } = await runToEnd(t, [option, "-u", "-c", path]);
      t.equal(code, 1, option);
      t.match(errors, `Unable to open config file '${path}': it is ${what}, not a regular file`);
    }
    const config = [`127.0.0.1,${port}:raw:0:${echo.path}:9600`];
    const daemon = await Daemon.start(t, { controlPort, foreground: "-d", config });
    rmSync(daemon.configFile);
    renameSync(path, daemon.configFile);
    daemon.running.process.kill("SIGHUP");
    await daemon.running.errors.expect(`it is ${what}, not a regular file`);
    const client = await Client.connect(t, port);
    client.send("served");
    await client.expect("served");
  });
}

t.test("a file that is too large is told, /dev/null is an empty one", async t => {
  const folder = temporaryFolder(t);
  const large = join(folder, "large");
  writeFileSync(large, "#\n".repeat(1 << 20));
  const { code, errors } = await runToEnd(t, ["--check", "-c", large]);
  t.same([code, errors], [1, `Unable to open config file '${large}': it has more than 1048576 bytes\n`]);
  t.match(await runToEnd(t, ["--check", "-c", "/dev/null"]), { code: 0, errors: "" });
});

/** Where a descriptor is opened otherwise than by `readRegularFile`, and why that waits for nothing. */
const OPENED: readonly RegExp[] = [
  /O_NONBLOCK|FLAGS|WRITE\b/, // the names of flags that have it
  /"wx\+"/, // only a file that it makes itself
  /"\/dev\/null"/,
];

/** Where a file is read as a whole otherwise, and why that waits for nothing. */
const READ: readonly RegExp[] = [
  /readFileSync\(fd\)/, // opened without waiting, and found to be a regular file
  /readFileSync\((__filename|filename)\)/, // the program and its bundles, as Node reads them
];

t.test("no other place of the product opens files in a way that waits", async t => {
  for (const path of readdirSync("service", { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith(".ts")) continue;
    for (const line of readFileSync(join("service", path), "utf8").split("\n")) {
      if (/^import|^ {2}openSync,$/.test(line)) continue;
      const reads = /\b(readFileSync|readFile|createReadStream|appendFileSync)\(/.test(line);
      if (reads && !READ.some(form => form.test(line))) t.fail(`${path}: ${line}`);
      if (/\bopenSync\(/.test(line) && !OPENED.some(form => form.test(line))) t.fail(`${path}: ${line}`);
    }
  }
  t.pass();
});
