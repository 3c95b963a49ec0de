/** The daemon as a process: its command line, its exit status, the background. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { Client, isRefused } from "../support/client.js";
import { BUNDLE, Daemon, run, runProgram, runToEnd, temporaryFolder } from "../support/daemon.js";
import { listen } from "../support/ports.js";
import { prepare } from "../support/prepared.js";
import { until } from "../support/wait.js";

const WRONG: [string[], RegExp][] = [
  [["-x"], /^Invalid option: '-x'\nsee ser2net --help\n$/],
  [["--upgrad"], /^Invalid argument: '--upgrad'\nsee ser2net --help \(did you mean --upgrade\?\)\n$/],
  [["prots"], /^Invalid argument: 'prots'\nsee ser2net --help \(did you mean ports\?\)\n$/],
  [["-p2000"], /^Invalid argument: '-p2000'\nsee ser2net --help \(did you mean -p\?\)\n$/],
  [["-n", "-c"], /^No config file specified with -c\nsee ser2net --help\n$/],
  [["-C"], /^No config line specified with -C\nsee ser2net --help\n$/],
  [["-p"], /^No control port specified with -p\nsee ser2net --help\n$/],
  [["-P"], /^No pid file specified with -P\nsee ser2net --help\n$/],
  [["-t"], /^No thread count specified\n$/],
  [["-t", "5x"], /^Invalid thread count specified: 5x\n$/],
  [["-s"], /^No signature specified\n$/],
  [["-n", "-c", "/dev/null", "-p", "0"], /^Invalid control port specified: 0\nsee ser2net --help\n$/],
  [["-n", "-c", "/dev/null", "-p", "udp,2000"], /^Invalid control port specified: udp,2000\n/],
];

t.test("a wrong command line is explained on standard error, exit status 1", async t => {
  for (const [args, text] of WRONG) {
    const { code, output, errors } = await runToEnd(t, args);
    t.match(errors, text, args.join(" "));
    t.same({ code, output }, { code: 1, output: "" }, args.join(" "));
  }
});

t.test("-v prints the version", async t => {
  const { code, output, errors } = await runToEnd(t, ["-v", "-x"]);
  t.match(output, /^\S+ version \S+\n$/);
  t.same({ code, errors }, { code: 0, errors: "" });
});

t.test("a configuration file that cannot be opened ends the start", async t => {
  const missing = join(temporaryFolder(t), "none.conf");
  const { code, errors } = await runToEnd(t, ["-d", "-c", missing, "-u"]);
  t.equal(code, 1);
  t.match(
    errors,
    new RegExp(`^ser2net\\[\\d+\\]: Unable to open config file '${missing}': No such file or directory$`, "m"),
  );
});

t.test("a control port that is taken ends the start, in the foreground and in the background", async t => {
  const { controlPort, file } = await prepare(t);
  const other = await listen(controlPort);
  t.teardown(() => other?.close());
  const control = `127.0.0.1,${controlPort}`;
  for (const how of [["-n"], []]) {
    const { code, errors } = await runToEnd(t, [...how, "-c", file, "-u", "-p", control]);
    t.equal(code, 1);
    t.match(errors, `Unable to open control port, see syslog: ${control}\n`);
  }
});

t.test("started by inetd: the session is standard input, and the end of it the end of the daemon", async t => {
  const { device } = await prepare(t);
  // Gives the program a socket as standard input, as inetd does.
  const inetd = `import os, socket, subprocess, sys, threading
ours, theirs = socket.socketpair()
program = subprocess.Popen(sys.argv[1:], stdin=theirs)
theirs.close()
def relay():
    while data := ours.recv(4096): os.write(1, data)
threading.Thread(target=relay).start()
while data := os.read(0, 4096): ours.sendall(data)
if program.poll() is None: ours.shutdown(socket.SHUT_WR)
sys.exit(program.wait())`;
  const start = (path: string) =>
    runProgram(t, "python3", ["-c", inetd, process.execPath, BUNDLE, "-n", "-u", "-C", `0:raw:0:${path}:9600`]);
  const session = start(device.path);
  session.process.stdin?.write("question");
  await device.expect("question");
  device.send("answer");
  await session.output.expect("answer");
  session.process.stdin?.end();
  t.same(await session.exit(), { code: 0, signal: null });

  const vain = start("/dev/no-such-tty");
  t.equal(await vain.output.expect("\r\n"), "Device open failure: No such file or directory\r\n");
  vain.process.stdin?.end();
  t.same(await vain.exit(), { code: 1, signal: null });
});

t.test("SIGTERM, SIGINT and SIGQUIT end it in order: closestr sent, pid file gone, exit status 0", async t => {
  const { controlPort, port, device, pidFile } = await prepare(t);
  const config = ["CLOSESTR:bye:<bye>", `127.0.0.1,${port}:raw:0:${device.path}:9600 bye`];
  for (const signal of ["SIGTERM", "SIGINT", "SIGQUIT"] as const) {
    const daemon = await Daemon.start(t, { controlPort, config, args: ["-P", pidFile] });
    t.equal(readFileSync(pidFile, "utf8"), `${daemon.pid}\n`);
    const client = await Client.connect(t, port);
    client.send("x");
    await device.expect("x");
    t.same(await daemon.stop(signal), { code: 0, signal: null }, signal);
    t.equal(await client.untilEnd(), "");
    t.equal(await device.expect("<bye>"), "<bye>");
    t.notOk(existsSync(pidFile));
  }
});

t.test("without a port to serve it stays, for a reload that brings one", async t => {
  const { port, device, folder } = await prepare(t);
  const file = join(folder, "empty.conf");
  const pidFile = join(folder, "pid");
  writeFileSync(file, "this is no port\n");
  const daemon = run(t, ["-d", "-u", "-c", file, "-P", pidFile]);
  await until("it has started", () => existsSync(pidFile) && readFileSync(pidFile, "utf8") !== "");
  writeFileSync(file, `127.0.0.1,${port}:raw:0:${device.path}:9600\n`);
  daemon.process.kill("SIGHUP");
  const client = await until("its port listens", () => Client.connect(t, port).catch(() => null));
  client.send("served");
  t.equal(await device.expect("served"), "served");
});

t.test("a signal that comes during the start counts after it", async t => {
  const { port, device, folder } = await prepare(t);
  const file = join(folder, "slow.conf");
  const gate = join(folder, "gate");
  const slow = join(folder, "slow.cjs");
  execFileSync("mkfifo", [gate]);
  writeFileSync(file, "# what a reload finds is another file\n");
  // Where it opens its configuration, it waits until the gate is opened.
  writeFileSync(
    slow,
    `const fs = require("node:fs"), { openSync } = fs;
fs.openSync = (path, ...rest) => {
  if (String(path) === ${JSON.stringify(file)}) fs.openSync = openSync, fs.readFileSync(${JSON.stringify(gate)});
  return openSync(path, ...rest);
};`,
  );
  const daemon = run(t, ["-d", "-u", "-c", file], { env: { NODE_OPTIONS: `--require=${slow}` } });
  const start = await open(gate, "w"); // once the daemon opens its file
  daemon.process.kill("SIGUSR1");
  daemon.process.kill("SIGHUP");
  rmSync(file);
  writeFileSync(file, `127.0.0.1,${port}:raw:0:${device.path}:9600\n`);
  await start.close();
  await daemon.errors.expect("Got SIGHUP, re-reading configuration\n");
  const client = await until("the port of the other file listens", () => Client.connect(t, port).catch(() => null));
  client.send("served");
  t.equal(await device.expect("served"), "served");
  t.equal(daemon.process.kill("SIGTERM") && (await daemon.exit()).code, 0);
  t.notMatch(daemon.errors.text, "Debugger");
});

t.test("a variable that only the daemon sets is told and ignored when it comes from elsewhere", async t => {
  const { port, file } = await prepare(t);
  for (const value of ["abc", "3", ""]) {
    const daemon = run(t, ["-n", "-u", "-c", file], { env: { SER2NET_READY_FD: value } });
    await daemon.errors.expect(`SER2NET_READY_FD=${value} is ignored: the daemon sets it`);
    await until("its port listens", () => Client.connect(t, port).catch(() => null));
    t.equal(daemon.process.kill("SIGTERM") && (await daemon.exit()).code, 0, value);
  }
});

t.test("in the background: it returns when the ports are open, and lets go of the terminal", async t => {
  const { controlPort, port, device, file, pidFile } = await prepare(t);
  t.teardown(() => {
    const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, "utf8")) : 0;
    if (pid > 0 && isAlive(pid)) process.kill(pid, "SIGKILL");
  });
  // It resolves only when no process holds our pipes any more.
  const { code, output, errors } = await runToEnd(t, [
    ...["-c", file, "-P", pidFile, "-u"],
    ...["-p", `127.0.0.1,${controlPort}`],
  ]);
  t.same({ code, output, errors }, { code: 0, output: "", errors: "" });
  const client = await Client.connect(t, port);
  await until("the pid file is written", () => existsSync(pidFile) && readFileSync(pidFile, "utf8").endsWith("\n"));
  const pid = Number(readFileSync(pidFile, "utf8"));
  t.equal(readlinkSync(`/proc/${pid}/cwd`), "/");
  const [, , session, terminal] = stat(pid);
  t.same({ session, terminal }, { session: `${pid}`, terminal: "0" }, "a session of its own, without a terminal");

  client.send("hello");
  t.equal(await device.expect("hello"), "hello");
  process.kill(pid, "SIGTERM");
  t.equal(await client.untilEnd(), "");
  await until("it has ended", () => !isAlive(pid));
  t.notOk(existsSync(pidFile));
});

t.test("a socket that cannot be opened is told with the reason", async t => {
  const { controlPort, port, device } = await prepare(t);
  const other = await listen(port);
  t.teardown(() => other?.close());
  const config = [`127.0.0.1,${port}:raw:0:${device.path}`, `ROTATOR:127.0.0.1,${port}:x`, "192.0.2.1,1:raw:0:/dev/x"];
  const { running } = await Daemon.start(t, { controlPort, config, foreground: "-d" });
  const said = await until("all of it is said", () => {
    const lines = running.errors.text.split("\n").slice(0, -1);
    return lines.length === 4 && lines.map(line => line.replace(/^ser2net\[\d+\]: /, ""));
  });
  const [clash, ...unable] = said;
  t.match(clash, `:2:1: Network port 127.0.0.1,${port} on line 2 needs the socket of 127.0.0.1,${port} on line 1 (`);
  t.same(unable, [
    `Unable to create network socket for port 127.0.0.1,${port}: Address already in use`,
    "Unable to create network socket for port 192.0.2.1,1: Cannot assign requested address",
    `Unable to create TCP socket for rotator 127.0.0.1,${port}: Address already in use`,
  ]);
});

t.test("in the background: a reload finds a file that was named from another folder", async t => {
  const { controlPort, port, folder, file, pidFile } = await prepare(t);
  const control = `127.0.0.1,${controlPort}`;
  const args = ["-c", "ser2net.conf", "-P", pidFile, "-u", "-p", control];
  t.equal((await runToEnd(t, args, { under: ["env", "-C", folder] })).code, 0);
  const pid = await until(
    "the pid file is written",
    () => existsSync(pidFile) && Number(readFileSync(pidFile, "utf8")),
  );
  t.teardown(() => process.kill(pid, "SIGKILL"));
  writeFileSync(file, "# the port is gone\n");
  process.kill(pid, "SIGHUP");
  t.ok(await until("its port refuses", () => isRefused(port)));
});

t.test("a pid file that cannot be written does not keep the daemon from serving", async t => {
  const { controlPort, port, device, folder } = await prepare(t);
  const config = [`127.0.0.1,${port}:raw:0:${device.path}:9600`];
  const pidFile = join(folder, "missing", "pid");
  const daemon = await Daemon.start(t, { controlPort, config, args: ["-P", pidFile], foreground: "-d" });
  await daemon.running.errors.expect(
    `Error opening pidfile '${pidFile}': No such file or directory, pidfile not created\n`,
  );
  const client = await Client.connect(t, port);
  client.send("served");
  t.equal(await device.expect("served"), "served");
});

/** Parent, process group, session and terminal from /proc/PID/stat. */
function stat(pid: number): string[] {
  return readFileSync(`/proc/${pid}/stat`, "latin1")
    .replace(/^.*\) . /s, "")
    .split(" ");
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !readFileSync(`/proc/${pid}/stat`, "latin1").includes(") Z ");
}
