/** `ser2net doctor` with real daemons, devices and other programs in the way. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { basename, join } from "node:path";
import t from "tap";
import { consoleStage } from "../support/console-stage.js";
import { runProgram, temporaryFolder } from "../support/daemon.js";

interface Finding {
  readonly check: string;
  readonly level: string;
  readonly text: string;
  readonly cure: string | null;
}
type Section = { readonly subject: string; readonly findings: readonly Finding[] };

const LINE = "raw:0:DEVICE:9600 NONE";

function find(output: string, subject: string, check: string): readonly Finding[] {
  const sections = JSON.parse(output) as readonly Section[];
  return sections
    .filter(one => one.subject === subject)
    .flatMap(one => one.findings.filter(each => each.check === check));
}

t.test("a port that works has no fault; one whose device is gone, locked or shared has, with its cure", async t => {
  const stage = await consoleStage(t, [LINE, LINE, LINE.replace("DEVICE", "/dev/ttyNONE7")]);
  const [one = "", two = "", gone = ""] = stage.names;
  const [device, other] = stage.devices;
  if (device === undefined || other === undefined) return t.fail();
  const whole = await stage.ask("doctor", "--json", one);
  t.match(find(whole.output, `port ${one}`, "node"), [{ level: "ok", text: device.path, cure: null }]);
  t.match(find(whole.output, `port ${one}`, "network"), [{ level: "ok", text: /^the daemon listens on tcp port/ }]);

  const lock = `/var/lock/LCK..${other.path.slice("/dev/".length).replaceAll("/", "_")}`;
  writeFileSync(lock, `${String(process.pid).padStart(10)}\n`);
  t.teardown(() => execFileSync("rm", ["-f", lock]));
  const { code, output, errors } = await stage.ask("doctor", "--json");
  t.equal(code, 1, errors);
  t.match(find(output, `port ${two}`, "lock"), [
    { level: "fault", text: `${lock}: held by ${process.pid}`, cure: `kill ${process.pid}` },
  ]);
  t.match(find(output, `port ${two}`, "users"), [
    { level: "fault", text: `is open in ${process.pid}`, cure: `kill ${process.pid}` },
  ]);
  t.match(find(output, `port ${gone}`, "node"), [
    { level: "fault", text: /^\/dev\/ttyNONE7: No such file/, cure: /dmesg/ },
  ]);
  t.match(find(output, `port ${gone}`, "state"), [{ level: "fault", text: "waiting for its device" }]);
  t.match(find(output, `daemon ${stage.daemon.pid}`, "configuration"), [{ level: "ok", text: "without errors" }]);
  t.match(find(output, "this machine", "clock"), [{ text: /^20\d\d-/ }]);
  t.match(await stage.ask("doctor", "nothing"), { code: 1, errors: "ser2net: no port is called nothing\n" });
  const text = (await stage.ask("doctor", gone)).output;
  t.match(text, new RegExp(`^port ${gone}\n {2}FAULT state: waiting for its device\n {8}cure: see node below\n`, "m"));
});

t.test("a process that only has the name of the program is not run", async t => {
  const stage = await consoleStage(t, [LINE]);
  const folder = temporaryFolder(t);
  const [program, ran] = [join(folder, "ser2net"), join(folder, "ran")];
  writeFileSync(program, `#!/bin/sh\n[ $# -eq 0 ] || echo "$@" >>${ran}\nread -r _\n`, { mode: 0o755 });
  const { process: other } = runProgram(t, program, []);
  const { output } = await stage.ask("doctor", "--json");
  t.not(find(output, `daemon ${other.pid}`, "configuration").length, 0, "it is taken for a daemon");
  t.notOk(existsSync(ran));
});

t.test("a configuration with a mistake, with a cure that works without systemd too", async t => {
  const stage = await consoleStage(t, [`${LINE} NOSUCH`]);
  const { output } = await stage.ask("doctor", "--json");
  t.match(find(output, `daemon ${stage.daemon.pid}`, "configuration"), [
    { level: "fault", text: /^1 message\n.*NOSUCH/, cure: `kill -HUP ${stage.daemon.pid}` },
  ]);
});

t.test("a network port that another program has, and no daemon at all", async t => {
  const stage = await consoleStage(t, [LINE]);
  const [name = ""] = stage.names;
  await stage.daemon.ask(`setportenable ${name} off`);
  const server = createServer();
  await new Promise<void>(resolve => server.listen({ port: stage.ports[0], host: "127.0.0.1" }, resolve));
  t.teardown(() => server.close());
  const { output } = await stage.ask("doctor", "--json", name);
  t.match(find(output, `port ${name}`, "network"), [
    { level: "fault", text: `belongs to ${process.pid}`, cure: "another number" },
  ]);
  await stage.daemon.stop();
  const none = await stage.ask("doctor");
  t.match(none, { code: 1, output: /^this machine\n {2}FAULT daemon: .*no daemon runs there\n {8}cure: / });
});

t.test("the archive is for the user alone, and has no passwords", async t => {
  const stage = await consoleStage(t, [LINE, LINE.replace("DEVICE", "sol.lan -U admin -P secret127 192.0.2.1")]);
  const file = join(stage.folder, "support.tar");
  const { errors } = await stage.ask("doctor", "--archive", file);
  t.equal(errors, `ser2net: wrote ${file}\n`);
  t.equal(statSync(file).mode & 0o777, 0o600);
  const bytes = readFileSync(file, "latin1");
  t.match(bytes, "sol.lan -U admin -P ***");
  t.notMatch(bytes, "secret127");
  const names = execFileSync("tar", ["-tf", file], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map(one => basename(one));
  for (const name of ["doctor.txt", "doctor.json", "ports.json", "showport.txt", "journal.txt", "machine.txt"]) {
    t.ok(names.includes(name), name);
  }
  t.match(await stage.ask("doctor", "--archive", file), { code: 1, errors: `ser2net: ${file}: File exists\n` });
});
