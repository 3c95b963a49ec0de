/** The datagrams of the daemon to the system log, and its lines for the journal. */
import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { Client } from "../support/client.js";
import { Daemon, runToEnd, temporaryFolder } from "../support/daemon.js";
import { Manager } from "../support/manager.js";
import { NEEDS_NAMESPACE, withPrivateFiles } from "../support/namespace.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { until } from "../support/wait.js";

const PRIVATE = NEEDS_NAMESPACE;
/** facility daemon, and what is at fault */
const [ERROR, NOTICE, INFO] = ["<27>", "<29>", "<30>"];

/** A datagram socket in the place of the system log's; systemd's other one serves as well. */
async function logged(t: Test) {
  const receiver = await Manager.start(t);
  return { receiver, under: withPrivateFiles({ log: receiver.address }), next: await portNumbers(t) };
}

/** Takes one line apart, and fails on any other form (RFC 3164 §4). */
async function nextLine(receiver: Manager): Promise<string> {
  const datagram = await receiver.nextText();
  const form = /^(<\d+>)[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d ser2net\[(\d+)\]: ([^\n]*)$/.exec(datagram);
  if (form === null) throw new Error(`not a line of syslog: ${JSON.stringify(datagram)}`);
  const [, priority = "", , text = ""] = form;
  return `${priority} ${text}`;
}

/** The next line that is not about a port served or a connection. */
async function nextFault(receiver: Manager): Promise<string> {
  const line = await nextLine(receiver);
  return /^<(29|30)> Port /.test(line) ? nextFault(receiver) : line;
}

t.test("faults of the configuration and of devices, what is served, who connected, the reload", PRIVATE, async t => {
  const { receiver, under, next } = await logged(t);
  const [controlPort, bad, good] = [await next(), await next(), await next()];
  const device = PtyDevice.open(t);
  const config = [
    "nonsense",
    `127.0.0.1,${bad}:raw:0:/dev/no-such-tty:9600 EVENN`,
    `127.0.0.1,${good}:raw:0:${device.path}:9600`,
  ];
  const daemon = await Daemon.start(t, { controlPort, config, under });
  t.match(await nextLine(receiver), /^<27> .*: No state given on line 1/);
  t.match(await nextLine(receiver), /^<27> .*: Unknown config item: EVENN on line 2/);

  t.equal(await nextLine(receiver), `${INFO} Port 127.0.0.1,${bad} serves /dev/no-such-tty: raw, 9600 N81`);
  t.equal(await nextLine(receiver), `${INFO} Port 127.0.0.1,${good} serves ${device.path}: raw, 9600 N81`);

  const about = `${NOTICE} Port 127.0.0.1,${good}: 127.0.0.1,PEER`;
  const nextAbout = async () => (await nextLine(receiver)).replace(/(: 127\.0\.0\.1),\d+/, "$1,PEER");
  for (const text of ["one", "two"]) {
    const client = await Client.connect(t, good);
    client.send(text);
    await device.expect(text);
    t.equal(await (await Client.connect(t, good)).untilEnd(), "Port already in use\r\n");
    await client.close();
    t.equal(await nextAbout(), `${about} connected, device ${device.path}`);
    t.equal(await nextAbout(), `${about} refused: Port already in use`);
    const end = /^(.*), after \d+ s, 3 bytes in, 0 out$/.exec(await nextAbout());
    t.equal(end?.[1], `${about} disconnected: network read close`);
    await until("it is free", async () =>
      (await daemon.ask(`showport 127.0.0.1,${good}`)).includes("state: unconnected"),
    );
  }
  await (await Client.connect(t, bad)).untilEnd();
  t.equal(
    await nextLine(receiver),
    `${ERROR} Could not open device /dev/no-such-tty for port 127.0.0.1,${bad}: No such file or directory`,
  );
  t.match(await nextAbout(), /^<29> .*,PEER refused: Device open failure: No such file or directory$/);
  daemon.hup([config[2] ?? ""]);
  t.equal(await nextLine(receiver), `${INFO} Got SIGHUP, re-reading configuration`);
  t.same(await daemon.stop(), { code: 0, signal: null });
  t.equal(daemon.running.errors.text, "", "with -n nothing on standard error");
});

t.test("a fault that comes again and again is written a few times, then counted", PRIVATE, async t => {
  const { receiver, under, next } = await logged(t);
  const [controlPort, bad] = [await next(), await next()];
  const config = [`127.0.0.1,${bad}:raw:0:/dev/no-such-tty:9600`];
  const daemon = await Daemon.start(t, { controlPort, config, under });
  const text = `Could not open device /dev/no-such-tty for port 127.0.0.1,${bad}: No such file or directory`;
  for (let index = 0; index < 40; index++) {
    t.equal(await (await Client.connect(t, bad)).untilEnd(), "Device open failure: No such file or directory\r\n");
  }
  await daemon.stop();
  for (let line = 0; line < 10; line++) t.equal(await nextFault(receiver), `${ERROR} ${text}`);
  t.equal(await nextFault(receiver), `${ERROR} message repeated 30 times: [${text}]`);
});

t.test("in the background: the start is announced, and errors before it go to the same log", PRIVATE, async t => {
  const { receiver, under, next } = await logged(t);
  const [controlPort, port] = [await next(), await next()];
  const pidFile = join(temporaryFolder(t), "pid");
  const args = ["-u", "-P", pidFile, "-p", `127.0.0.1,${controlPort}`, "-C", "nonsense"];
  const ended = await runToEnd(t, [...args, "-C", `127.0.0.1,${port}:raw:0:/dev/null:9600`], { under });
  t.same(ended, { code: 0, signal: null, output: "", errors: "" });
  await until("the pid file is written", () => existsSync(pidFile) && readFileSync(pidFile, "utf8").endsWith("\n"));
  const pid = Number(readFileSync(pidFile, "utf8"));
  t.teardown(() => existsSync(`/proc/${pid}`) && process.kill(pid, "SIGKILL"));
  t.match(await receiver.nextText(), new RegExp(`^${ERROR}.* ser2net\\[${pid}\\]: .*No state given`));
  t.match(
    await receiver.nextText(),
    new RegExp(`^${INFO}.* ser2net\\[${pid}\\]: Port .* serves /dev/null: raw, 9600 N81$`),
  );
  t.match(await receiver.nextText(), new RegExp(`^${NOTICE}.* ser2net\\[${pid}\\]: ser2net startup$`));
  process.kill(pid, "SIGTERM");
  await until("it has ended", () => !existsSync(`/proc/${pid}`));
});

t.test("without a system log it serves; when that comes, what was lost is counted", PRIVATE, async t => {
  const log = join(temporaryFolder(t), "log");
  const next = await portNumbers(t);
  const [controlPort, bad] = [await next(), await next()];
  const config = ["nonsense", `127.0.0.1,${bad}:raw:0:/dev/no-such-tty:9600`];
  const daemon = await Daemon.start(t, { controlPort, config, under: withPrivateFiles({ log }) });
  const receiver = await Manager.start(t);
  symlinkSync(receiver.address, log);
  await (await Client.connect(t, bad)).untilEnd();
  t.equal(await nextLine(receiver), "<28> 2 log lines were lost: No such file or directory");
  t.match(await nextLine(receiver), `${ERROR} Could not open device`);
  await daemon.stop();
});

t.test("a configuration file that is not there is said to the log, and the daemon ends", PRIVATE, async t => {
  const { receiver, under } = await logged(t);
  const { code } = await runToEnd(t, ["-n", "-u", "-c", "/nowhere/ser2net.conf"], { under });
  t.equal(code, 1);
  t.equal(
    await nextLine(receiver),
    `${ERROR} Unable to open config file '/nowhere/ser2net.conf': No such file or directory`,
  );
});

t.test("where the journal reads standard error, lines go there, with their level", async t => {
  const next = await portNumbers(t);
  const [controlPort, bad] = [await next(), await next()];
  const journal = ["sh", "-c", 'JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec "$@"', "sh"];
  const config = ["nonsense", `127.0.0.1,${bad}:raw:0:/dev/no-such-tty:9600`];
  const daemon = await Daemon.start(t, { controlPort, config, under: journal });
  const { errors } = daemon.running;
  t.match(await errors.expect("\n"), /^<3>.*: No state given on line 1/);
  t.match(await errors.expect("\n"), /^<6>Port .* serves \/dev\/no-such-tty: raw, 9600 N81/);
  await (await Client.connect(t, bad)).untilEnd();
  t.match(await errors.expect("\n"), /^<3>Could not open device \/dev\/no-such-tty /);
  t.match(await errors.expect("\n"), /^<5>Port .* refused: Device open failure: No such file/);
  daemon.hup([]);
  t.equal(await errors.expect("\n"), "<6>Got SIGHUP, re-reading configuration\n");

  const other = await Daemon.start(t, { controlPort: await next(), config, env: { JOURNAL_STREAM: "1:1" } });
  t.equal(other.running.errors.text, "", "a variable about another stream counts for nothing");
  const debug = await Daemon.start(t, { controlPort: await next(), config: ["nonsense"], foreground: "-d" });
  t.match(
    await debug.running.errors.expect("\n"),
    new RegExp(`^ser2net\\[${debug.pid}\\]: .*: No state given on line 1`),
  );
});

t.test("an entry of the journal has the fields of its connection; with -q connects have none", PRIVATE, async t => {
  const receiver = await Manager.start(t);
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const device = PtyDevice.open(t);
  const config = [`127.0.0.1,${port}:raw:0:${device.path}:9600`];
  const under = withPrivateFiles({ journal: receiver.address });
  const env = { INVOCATION_ID: "0123456789abcdef0123456789abcdef" };
  const daemon = await Daemon.start(t, { controlPort, config, under, env });
  const nextEntry = async () =>
    Object.fromEntries((await receiver.nextText()).split("\n").map(line => line.split("=", 2)));
  const about = { SER2NET_PORT: `127.0.0.1,${port}`, SER2NET_DEVICE: device.path };
  t.match(await nextEntry(), { ...about, PRIORITY: "6", SYSLOG_IDENTIFIER: "ser2net" });
  const client = await Client.connect(t, port);
  client.send("hello");
  await device.expect("hello");
  await client.close();
  const connect = await nextEntry();
  t.match(connect, { ...about, PRIORITY: "5", SER2NET_PEER: /^127\.0\.0\.1,\d+$/, MESSAGE_ID: /^[0-9a-f]{32}$/ });
  const end = { SER2NET_REASON: "network read close", SER2NET_BYTES_IN: "5", SER2NET_BYTES_OUT: "0" };
  t.match(await nextEntry(), { ...about, ...end, SER2NET_PEER: connect.SER2NET_PEER, SER2NET_DURATION: /^\d+$/ });
  await daemon.stop();

  const quiet = await Daemon.start(t, { controlPort: await next(), config, under, env, args: ["-q"] });
  t.match(await nextEntry(), about, "what is served is told all the same");
  const first = await Client.connect(t, port);
  first.send("again");
  await device.expect("again");
  await (await Client.connect(t, port)).untilEnd();
  t.match(await nextEntry(), { ...about, SER2NET_REASON: "Port already in use" });
  await quiet.stop();
});

t.test(
  "out of descriptors: said a few times; connected peers are served, and new ones when some have left",
  async t => {
    const next = await portNumbers(t);
    const [controlPort, port] = [await next(), await next()];
    const device = PtyDevice.open(t);
    const config = [`127.0.0.1,${port}:raw:0:${device.path}:9600 max-connections=100`];
    const under = ["sh", "-c", 'ulimit -n 60; exec "$@"', "sh"];
    const daemon = await Daemon.start(t, { controlPort, config, under, foreground: "-d" });
    const session = await daemon.control();
    const clients: Client[] = [];
    const isFull = () => daemon.running.errors.text.includes("Too many open files");
    while (!isFull() || clients.length < 100) clients.push(await Client.connect(t, port));
    clients[0]?.send("from the first");
    await device.expect("from the first");
    device.send("to all of them");
    await clients[0]?.expect("to all of them");
    t.match(await session.ask("version"), /^ser2net version /);
    for (const client of clients) await client.close();
    const late = await until("a peer is served again", async () => {
      const client = await Client.connect(t, port);
      client.send("late");
      await until("an answer", () => client.ended || device.text.includes("late"));
      return client.ended ? null : client;
    });
    device.send("welcome");
    await late.expect("welcome");
    const lines = daemon.running.errors.text.match(/Too many open files/g)?.length ?? 0;
    t.ok(lines <= 40, `${lines} lines`); // four texts at most, each ten times
  },
);
