/** Trace files of the running daemon: logrotate, a full disk, a disk that hangs, a restart in the middle of a line. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Client } from "../support/client.js";
import { Daemon, temporaryFolder } from "../support/daemon.js";
import { hangingDisk, NEEDS_LOOP, NEEDS_MOUNT, smallDisk } from "../support/disks.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { ServiceManager } from "../support/service-manager.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";

const read = (file: string): string => (existsSync(file) ? readFileSync(file, "latin1") : "");

t.test("after a rename and SIGHUP, connections go on in new trace files; no byte is lost or doubled", async t => {
  const next = await portNumbers(t);
  const [controlPort, plain, rotated] = [await next(), await next(), await next()];
  const folder = temporaryFolder(t);
  const devices = [PtyDevice.open(t), PtyDevice.open(t)];
  const config = [
    `TRACEFILE:plain:${folder}/plain`,
    `TRACEFILE:rotated:${folder}/rotated`,
    `127.0.0.1,${plain}:raw:0:${devices[0]?.path}:115200 tr=plain`,
    `127.0.0.1,${rotated}:raw:0:${devices[1]?.path}:115200 tr=rotated trace-size=1m`,
  ];
  const daemon = await Daemon.start(t, { controlPort, config, foreground: "-d" });
  const clients = [await Client.connect(t, plain), await Client.connect(t, rotated)];
  const files = ["plain", "rotated"].map(name => join(folder, name));
  let sent = "";
  const say = async (text: string): Promise<void> => {
    sent += text;
    for (const device of devices) device.send(text);
    for (const client of clients) await client.expect(text);
  };
  for (let round = 0; round < 5; round++) {
    await say(`round ${round}: ${"x".repeat(900)}\n`);
    for (const file of files) {
      await until("what was said is in the files", () => read(file).length > 900);
      renameSync(file, `${file}.${round}`);
    }
    daemon.hup(config);
    await say(`during the signal ${round}\n`);
    for (const file of files) await until("the new file is there", () => existsSync(file));
  }
  const whole = (file: string): string =>
    Array.from({ length: 5 }, (_, round) => read(`${file}.${round}`)).join("") + read(file);
  for (const file of files) {
    await until("all of it", () => whole(file).length >= sent.length);
    t.equal(whole(file), sent);
  }
});

t.test("logrotate rotates the file of a port in use, by SIGHUP", needs("logrotate"), async t => {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const folder = temporaryFolder(t);
  const [file, rules] = [join(folder, "console.log"), join(folder, "rules")];
  const device = PtyDevice.open(t);
  const config = [`TRACEFILE:log:${file}`, `127.0.0.1,${port}:raw:0:${device.path}:115200 tr=log`];
  const daemon = await Daemon.start(t, { controlPort, config });
  const client = await Client.connect(t, port);
  writeFileSync(
    rules,
    `${file} {\n rotate 3\n compress\n delaycompress\n postrotate\n  kill -HUP ${daemon.pid}\n endscript\n}\n`,
    { mode: 0o644 },
  );
  const said: string[] = [];
  for (let round = 0; round < 4; round++) {
    said.push(`round ${round}\n`);
    device.send(`round ${round}\n`);
    await client.expect("\n");
    await until("it is in the file", () => read(file) === `round ${round}\n`);
    if (round === 3) break;
    execFileSync("logrotate", ["--force", "--state", join(folder, "state"), rules]);
    await until("the file is new", () => existsSync(file) && read(file) === "");
  }
  const old = [3, 2].map(number => execFileSync("zcat", [`${file}.${number}.gz`], { encoding: "latin1" }));
  t.same([...old, read(`${file}.1`), read(file)], said);
});

const DROPPED = /\n\[(\d+) bytes dropped: ([^\]]+)\]\n/;

/** Without a line end: one before the note of dropped bytes is that of the note. */
const SENT = Array.from({ length: 50_000 }, (_, at) => `${at} `).join("");

/** What the log has of SENT, and what it says of the rest: beside a full disk the writer may also be late. */
function accounted(log: string) {
  const parts = log.split(DROPPED);
  const every = (at: number) => parts.filter((_, index) => index % 3 === at);
  const dropped = every(1).reduce((sum, bytes) => sum + Number(bytes), 0);
  return { before: parts[0] ?? "", dropped, reasons: every(2), kept: every(0).join("") };
}

t.test(
  "a full disk slows no port, and the log file says what is missing when it has room again",
  NEEDS_MOUNT,
  async t => {
    const next = await portNumbers(t);
    const [controlPort, port] = [await next(), await next()];
    const disk = smallDisk(t, 65_536);
    const file = join(disk.folder, "console.log");
    const device = PtyDevice.open(t);
    const config = [
      "BANNER:b:ready",
      `TRACEFILE:log:${file}`,
      `127.0.0.1,${port}:raw:0:${device.path}:115200 tr=log always-open b`,
    ];
    const daemon = await Daemon.start(t, { controlPort, config, foreground: "-d" });
    const client = await Client.connect(t, port);
    await client.expect("ready");
    device.send(SENT);
    t.ok((await client.expectBytes(SENT.length)) === SENT, "the port has all of it");
    await daemon.running.errors.expect(
      `Unable to write to trace file on port 127.0.0.1,${port}: No space left on device`,
    );
    t.ok(SENT.startsWith(read(file)), "the file has what fits");
    disk.grow(1_000_000);
    await until("the file says what is missing", () => DROPPED.test(read(file)));
    device.send("after\n");
    await until("the file goes on", () => read(file).endsWith("after\n"));
    const { before, dropped, reasons, kept } = accounted(read(file));
    t.ok(before.length > 65_536 && SENT.startsWith(before), `${before.length} bytes before`);
    for (const reason of reasons) t.match(reason, /^(No space left on device|written too slowly)$/);
    t.equal(kept.length + dropped, SENT.length + "after\n".length, "not a byte is unaccounted for");
    t.notMatch(daemon.running.errors.text, "Unable to write", "told once");
  },
);

t.test("a disk that hangs slows no port, even where all of them write to it", NEEDS_LOOP, async t => {
  const next = await portNumbers(t);
  const [controlPort, other] = [await next(), await next()];
  const disk = hangingDisk(t);
  const [echo, ports] = [PtyDevice.echo(t), [] as { port: number; device: PtyDevice; file: string }[]];
  for (
    let at = 0;
    at < 6;
    at++ // more than there are threads for files
  )
    ports.push({ port: await next(), device: PtyDevice.open(t), file: join(disk.folder, `log${at}`) });
  const config = [
    "BANNER:b:ready",
    ...ports.flatMap(({ port, device, file }) => [
      `TRACEFILE:t${port}:${file}`,
      `127.0.0.1,${port}:raw:0:${device.path}:115200 tr=t${port} always-open b`,
    ]),
    `127.0.0.1,${other}:raw:0:${echo.path}:115200`,
  ];
  const daemon = await Daemon.start(t, { controlPort, config });
  for (const { file } of ports) await until("the file is there", () => existsSync(file));
  await disk.hang();
  for (const { port, device } of ports) {
    const client = await Client.connect(t, port);
    await client.expect("ready");
    device.send(SENT);
    t.ok((await client.expectBytes(SENT.length)) === SENT, "the port has all of it");
  }
  const client = await Client.connect(t, other);
  client.send("a device is opened meanwhile");
  await client.expect("a device is opened meanwhile");
  t.match(await daemon.ask("version"), "ser2net", "the control port answers");
  t.ok(ports.every(({ file }) => read(file) === ""));
  await disk.go();
  for (const { file } of ports) {
    await until("the file says what is missing", () => DROPPED.test(read(file)));
    const { before, dropped, reasons } = accounted(read(file));
    t.ok(SENT.startsWith(before));
    t.same(reasons, ["written too slowly"]);
    t.equal(before.length + dropped, SENT.length);
  }
});

t.test("a restart in the middle of a line gives the line one time, and loses no byte of it", async t => {
  const port = await (await portNumbers(t))();
  const file = join(temporaryFolder(t), "log");
  const device = PtyDevice.open(t);
  const manager = await ServiceManager.start(t, {
    config: [
      `TRACEFILE:log:${file}`,
      `127.0.0.1,${port}:raw:0:${device.path}:115200 tr=log line-timestamp always-open`,
    ],
  });
  device.send("whole\nhalf");
  await until("half a line is in the file", () => read(file).endsWith("half"));
  for (const part of [" and", " more"]) {
    t.match(await manager.restart(), /took over .*1 device/);
    device.send(part);
    await until("the line goes on", () => read(file).endsWith(part));
  }
  device.send("\n");
  await until("the line is whole", () => read(file).endsWith("more\n"));
  await manager.restart();
  device.send("new\n");
  await until("the next one is there", () => read(file).endsWith("new\n"));
  const TIME = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z ";
  t.match(read(file), new RegExp(`^${TIME}whole\n${TIME}half and more\n${TIME}new\n$`));
});
