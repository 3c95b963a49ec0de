/** The commands of the built program, and Debian's ser2net 4 beside it with the same file. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { Authority, openssl, type Pair } from "../support/certificates.js";
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

/** What a peer of openssl(1) reads, as far as the mark; null: the handshake fails, or the connection is closed. */
function secretly(port: number, ca: string, pair: Pair | null): Promise<string | null> {
  const own = pair === null ? [] : ["-cert", pair.cert, "-key", pair.key];
  const words = ["-quiet", "-verify_return_error", "-CAfile", ca, "-connect", `127.0.0.1:${port}`, ...own];
  const peer = spawn("openssl", ["s_client", ...words], { stdio: ["pipe", "pipe", "ignore"] });
  return new Promise(resolve => {
    let text = "";
    peer.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      if (text.includes("!\r\n")) peer.kill();
    });
    peer.on("exit", () => resolve(text.includes("!\r\n") ? text.slice(text.indexOf("this")) : null));
  });
}

t.test("they serve the same file alike by TLS, way out and back", needs("ser2net", "openssl"), async t => {
  const authority = new Authority(t);
  const [server, alice] = [authority.issue("localhost"), authority.issue("alice")];
  const stranger = authority.issue("stranger", { own: true });
  // ser2net 4 takes the authority of a user from there.
  const users = join(authority.folder, "auth/alice/allowed_certs");
  mkdirSync(users, { recursive: true });
  copyFileSync(authority.ca, join(users, "ca.crt"));
  openssl("rehash", users);
  const pair = `key=${server.key},cert=${server.cert}`;
  const layers = [
    `ssl(${pair})`,
    `telnet(rfc2217),ssl(${pair})`,
    `telnet,ssl(${pair},CA=${authority.ca},clientauth=true)`,
    `ssl(${pair},CA=${authority.ca})`,
  ];
  const next = await portNumbers(t);
  const control = await next();
  const ports: number[] = [];
  for (const _ of layers) ports.push(await next());
  const file = join(authority.folder, "ser2net.yaml");
  const connections = layers.map(
    (layer, index) =>
      `connection: &con${index}\n  accepter: ${layer},tcp,127.0.0.1,${ports[index]}\n  connector: serialdev,${PtyDevice.open(t).path},9600n81,local\n  options:\n    banner: 'this is \\N\\x21\\r\\n'\n    authdir: ${authority.folder}/auth\n    allowed-users: alice\n`,
  );
  writeFileSync(file, `%YAML 1.1\n---\n${connections.join("")}`);
  const all = async () => {
    const seen: (string | null)[] = [];
    for (const port of ports)
      for (const peer of [null, alice, stranger]) seen.push(await secretly(port, authority.ca, peer));
    return seen;
  };
  const theirs = async () => {
    const other = spawn("ser2net", ["-n", "-u", "-c", file], { stdio: "ignore" });
    const ended = once(other, "exit");
    t.teardown(() => other.kill("SIGKILL"));
    await until("ser2net 4 listens", () => ports.every(port => listens(port)));
    const seen = await all();
    other.kill("SIGKILL");
    await ended;
    return seen;
  };
  const there = await theirs();
  const banner = (index: number) => `this is con${index}!\r\n`;
  const wanted = [0, 1, 2, 3].flatMap(index => [index === 2 ? null : banner(index), banner(index)]);
  t.same(
    there.filter((_, index) => index % 3 !== 2),
    wanted,
    "ser2net 4 admits peers with a certificate of the authority",
  );
  const { status, stdout, stderr } = say("import", file);
  t.match({ status, stderr }, { status: 0, stderr: /^[^\n]*warning: allowed-users become allow=[^\n]*\n$/ });
  const daemon = await Daemon.start(t, { controlPort: control, config: stdout.trimEnd().split("\n") });
  t.same(await all(), there, "so does this program");
  await daemon.stop();
  const conf = join(authority.folder, "ser2net.conf");
  writeFileSync(conf, stdout);
  const exported = say("export", "--yaml", conf);
  t.match(exported, { status: 0, stderr: "" });
  // The folder of users is the only thing that an export does not know.
  const authdir = `default:\n  name: authdir\n  value: ${authority.folder}/auth\n  class: ser2net\n`;
  writeFileSync(file, exported.stdout.replace("---\n", `---\n${authdir}`));
  const back = await theirs();
  t.same(
    back.map(one => one?.replace(/^this is .*!/, "")),
    there.map(one => one?.replace(/^this is .*!/, "")),
    "and ser2net 4 with the exported file",
  );
});

t.test("an export with a board has the ports of its profile, and they come back", async t => {
  const folder = temporaryFolder(t);
  const [conf, yaml] = [join(folder, "a.conf"), join(folder, "a.yaml")];
  writeFileSync(conf, "7001:raw:30:/dev/ttyS9:19200 LOCAL\n");
  /** Devices and RS-485 by what their names stand for. */
  const printed = (...words: string[]) => {
    const { stdout } = say("--print-config", ...words);
    const named = (directive: string) =>
      new Map([...stdout.matchAll(new RegExp(`^${directive}:([^:]+):(.*)$`, "gm"))].map(([, name, is]) => [name, is]));
    const [devices, buses] = [named("DEVICE"), named("RS485CONF")];
    return (stdout.match(/^[^#\s:]+:(?:raw|rawlp|telnet|off):.*$/gm) ?? []).map(line =>
      line
        .replace(/^(\S+?:\w+:\d+:)([^:]+)/, (_, before: string, name: string) => before + (devices.get(name) ?? name))
        .replace(/(?<=rs485=)\S+/, name => buses.get(name) ?? name),
    );
  };
  const exported = say("export", "--yaml", "--board", "board-b", conf, "-o", yaml);
  t.equal(exported.status === 0 || exported.status === 1, true, exported.stderr);
  t.notMatch(exported.stderr, /Port \d+ is not carried over/);
  const profile = JSON.parse(say("board", "show", "board-b", "--json").stdout) as { ports: readonly unknown[] };
  const text = readFileSync(yaml, "latin1");
  t.equal(text.match(/^connection:/gm)?.length, profile.ports.length + 1, "those of the profile, and that of the file");
  const imported = join(folder, "b.conf");
  t.match(say("import", yaml, "-o", imported), { status: 0 });
  t.same(printed("-c", imported), printed("--board", "board-b", "-c", conf));
  t.match(say("export", "--yaml", "--board", "nosuch"), { status: 2, stdout: "", stderr: /nosuch/ });
});

function listens(port: number): boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return (
    existsSync("/proc/net/tcp") && new RegExp(`:${hex} 0{8}:0000 0A`).test(readFileSync("/proc/net/tcp", "latin1"))
  );
}
