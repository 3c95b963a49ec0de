/** The commands of the built program, and Debian's ser2net 4 beside it with the same file. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { Client } from "../support/client.js";
import { BUNDLE, Daemon, temporaryFolder } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";

function say(...words: string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BUNDLE, ...words], { encoding: "latin1" });
  return { status, stdout, stderr };
}

t.test("import and export by the program: files, status, and the way from a wrong start", async t => {
  const folder = temporaryFolder(t);
  const [yaml, conf] = [join(folder, "a.yaml"), join(folder, "a.conf")];
  writeFileSync(yaml, "connection: &a\n  accepter: tcp,4001\n  connector: serialdev,/dev/ttyS0,9600n81,local\n");
  const wrong = say("--check", "-c", yaml);
  t.match(wrong, { status: 1, stdout: "ser2net import makes them of it" });
  t.same(say("import", yaml, "-o", conf), { status: 0, stdout: "", stderr: "" });
  t.match(say("--check", "-c", conf), { status: 0, stdout: /^(?:warning: every address .*\n)?$/ });
  t.match(say("import", yaml, "-o", conf), { status: 2, stderr: /^Unable to write .*File exists/ });
  const exported = say("export", "--yaml", conf);
  t.match(exported, { status: 0, stderr: "" });
  writeFileSync(yaml, exported.stdout);
  t.equal(say("import", yaml).stdout.split("\n")[2], readFileSync(conf, "latin1").split("\n")[2]);
  writeFileSync(yaml, "connection: &a\n  accepter: sctp,4001\n  connector: serialdev,/dev/ttyS0\n");
  t.match(say("import", yaml), { status: 1, stderr: `${yaml}:1:1: connection a is not carried over` });
  t.match(say("import", join(folder, "none")), { status: 2, stdout: "", stderr: /^Unable to open/ });
  t.match(say("import", "/dev/zero"), { status: 2, stdout: "", stderr: /not a regular file/ });
  t.match(say("import"), { status: 2, stderr: /see ser2net import --help/ });
  t.match(say("export", conf), { status: 2, stderr: /--yaml/ });
  t.match(say("export", "--help"), { status: 0, stdout: /^Usage: ser2net export --yaml/ });
});

interface Seen {
  readonly opening: string;
  readonly settings: string;
  readonly second: string;
}

/** What a caller of the port sees, and how the device is set meanwhile. */
async function look(t: Test, port: number, device: PtyDevice, wanted: string): Promise<Seen> {
  const client = await Client.connect(t, port);
  const opening = await client.expect(wanted);
  const settings = () => spawnSync("stty", ["-a", "-F", device.path], { encoding: "utf8" }).stdout;
  const of = (text: string) =>
    (text.match(/speed \d+|-?(?:parenb|parodd|cs\d|cstopb|clocal|crtscts|hupcl|ixon|ixoff|cmspar)\b/g) ?? []).join(" ");
  const second = await Client.connect(t, port);
  const refusal = await second.untilEnd();
  const seen = { opening, settings: of(settings()), second: refusal.replace(/[^ -~]/g, "") };
  await client.close();
  return seen;
}

t.test("Debian's ser2net 4 and this program serve the same file alike", needs("ser2net", "stty"), async t => {
  const connectors = [
    "9600n81,local",
    "115200e71,local,hangup-when-done",
    "19200o82,local,rtscts",
    "2400s81,local,xonxoff",
    "4800m72,local",
  ];
  const devices = connectors.map(() => PtyDevice.open(t));
  const nextPort = await portNumbers(t);
  const control = await nextPort();
  const ports: number[] = [];
  for (const _ of connectors) ports.push(await nextPort());
  const folder = temporaryFolder(t);
  const file = join(folder, "ser2net.yaml");
  const connections = connectors.map(
    (words, index) =>
      `connection: &con${index}\n  accepter: ${["tcp", "telnet(rfc2217),tcp", "telnet,tcp"][index % 3]},127.0.0.1,${ports[index]}\n  connector: serialdev,${devices[index]?.path},${words}\n  options:\n    banner: 'this is \\N\\x21\\r\\n'\n`,
  );
  writeFileSync(file, `%YAML 1.1\n---\n${connections.join("")}`);
  const other = spawn("ser2net", ["-n", "-u", "-c", file], { stdio: "ignore" });
  t.teardown(() => other.kill("SIGKILL"));
  const all = async () => {
    const seen: Seen[] = [];
    for (const [index, device] of devices.entries())
      seen.push(await look(t, ports[index] ?? 0, device, `con${index}!\r\n`));
    return seen;
  };
  await until("ser2net 4 listens", () => ports.every(port => listens(port)));
  const theirs = await all();
  const ended = once(other, "exit");
  other.kill("SIGKILL");
  await ended;
  const { status, stdout, stderr } = say("import", file);
  t.same({ status, stderr }, { status: 0, stderr: "" });
  await Daemon.start(t, { controlPort: control, config: stdout.trimEnd().split("\n") });
  const ours = await all();
  for (const [index, one] of ours.entries()) {
    const there = theirs[index];
    t.equal(one.settings, there?.settings, `line settings of ${connectors[index]}`);
    t.match(one.settings, /speed \d/);
    t.equal(one.opening.includes("\xff"), there?.opening.includes("\xff"), "telnet or raw");
    t.equal(
      one.opening.slice(one.opening.indexOf("this")),
      there?.opening.slice(there.opening.indexOf("this")),
      "the banner",
    );
    t.match(one.second, /Port already in use$/, "a second connection is refused");
    t.match(there?.second, /Port already in use$/, "as there");
  }
});

function listens(port: number): boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return (
    existsSync("/proc/net/tcp") && new RegExp(`:${hex} 0{8}:0000 0A`).test(readFileSync("/proc/net/tcp", "latin1"))
  );
}
