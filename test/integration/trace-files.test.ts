/** Trace files of the running daemon: logrotate, a full disk, a disk that hangs, a restart in the middle of a line. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Client } from "../support/client.js";
import { Daemon, temporaryFolder } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
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
