import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import t, { type Test } from "tap";
import { temporaryFolder } from "../support/daemon.js";
import { needs } from "../support/tools.js";

const UNITS = resolve("units");
const SYSTEM = "usr/lib/systemd/system";
const PROFILES = readdirSync("board-profiles").filter(name => name.endsWith(".json") && name !== "schema.json");
const BOARDS = PROFILES.map(name => name.slice(0, -".json".length));
const version = Number(/^systemd (\d+)/.exec(spawnSync("systemctl", ["--version"], { encoding: "utf8" }).stdout)?.[1]);

/** A root directory with our files where packages put them, and systemd's own units beside them. */
function installed(t: Test): string {
  const root = temporaryFolder(t);
  const put = (from: string, to: string) => {
    mkdirSync(join(root, to, ".."), { recursive: true });
    cpSync(join(UNITS, from), join(root, to), { recursive: true });
  };
  const others = (name: string) => !basename(name).startsWith("ser2net"); // this machine may have a ser2net of its own
  const copying = { recursive: true, verbatimSymlinks: true, filter: others };
  if (existsSync(`/${SYSTEM}`)) cpSync(`/${SYSTEM}`, join(root, SYSTEM), copying);
  for (const unit of readdirSync(UNITS).filter(name => /\.(service|socket)$/.test(name))) put(unit, join(SYSTEM, unit));
  for (const helper of ["ser2net-leds", "ser2net-health", "ser2net-rollback"]) put(helper, `usr/lib/ser2net/${helper}`);
  put("sysusers.d", "usr/lib/sysusers.d");
  put("tmpfiles.d", "usr/lib/tmpfiles.d");
  put("presets", "usr/lib/systemd/system-preset");
  for (const program of ["usr/bin/ser2net", "bin/kill"]) {
    mkdirSync(join(root, program, ".."), { recursive: true });
    writeFileSync(join(root, program), "#!/bin/sh\n");
    chmodSync(join(root, program), 0o755);
  }
  return root;
}

function generate(profile: string, into: string): void {
  const { status, stderr } = spawnSync(process.execPath, ["dist/board-units.mjs", profile, into], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
}

/** The output of the command, and its exit status unless that is 0. */
function say(program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", env: { ...process.env, LANG: "C" } });
  return `${stdout}${stderr}${status === 0 ? "" : `exit ${status}\n`}`;
}

function withBoards(t: Test): string {
  const root = installed(t);
  for (const profile of PROFILES) generate(join("board-profiles", profile), join(root, SYSTEM));
  return root;
}

t.test("systemd has nothing to say about the units of any board", needs("systemd-analyze"), async t => {
  const root = withBoards(t);
  const sockets = BOARDS.filter(board => existsSync(join(root, SYSTEM, `ser2net@${board}.socket.d`)));
  const units = ["ser2net.service", "ser2net-rollback.service"];
  const names = [...BOARDS, "without-drop-in"];
  for (const name of names) units.push(`ser2net@${name}.service`, `ser2net-health@${name}.service`);
  units.push(...sockets.map(name => `ser2net@${name}.socket`));
  t.equal(say("systemd-analyze", `--root=${root}`, "verify", ...units), "");
});

t.test("the exposure is at most 1.6, with and without a drop-in", needs("systemd-analyze"), async t => {
  const root = withBoards(t);
  for (const name of [
    ...BOARDS.map(board => `ser2net@${board}`),
    "ser2net",
    "ser2net@without-drop-in",
    "ser2net-health@board-a",
    "ser2net-rollback",
  ]) {
    const security = ["security", "--offline=yes", "--threshold=16", "--no-pager", `${name}.service`];
    const report = say("systemd-analyze", `--root=${root}`, ...security);
    t.match(report, /Overall exposure level .*: [01]\.\d/, name);
    t.notMatch(report, /^exit/m, name);
  }
});

t.test("the plain unit differs from the template only in its start", async t => {
  const [plain, template] = ["ser2net.service", "ser2net@.service"].map(name =>
    readFileSync(join(UNITS, name), "utf8")
      .split("\n")
      .filter(line => !line.startsWith("#")),
  );
  t.same(
    plain?.filter(line => !template?.includes(line)),
    [
      "Description=Serial ports on the network, /etc/ser2net.conf",
      "ExecStart=/usr/bin/ser2net -n --dbus system --control-socket /run/ser2net/ser2net/control",
      "RuntimeDirectory=ser2net/ser2net",
    ],
  );
  t.equal(plain?.length, template?.length);
});

const NOTIFY_RELOAD = version >= 253 ? {} : { skip: `systemd ${version} has no notify-reload` };
t.test("the drop-in for notify-reload is understood", NOTIFY_RELOAD, async t => {
  const root = installed(t);
  mkdirSync(join(root, SYSTEM, "ser2net@.service.d"));
  cpSync(join(UNITS, "drop-ins/notify-reload.conf"), join(root, SYSTEM, "ser2net@.service.d/notify-reload.conf"));
  t.equal(say("systemd-analyze", `--root=${root}`, "verify", "ser2net@board-a.service"), "");
});

t.test(
  "the user of the daemon is in dialout, and there is a group of administrators",
  needs("systemd-sysusers"),
  async t => {
    const root = temporaryFolder(t);
    mkdirSync(join(root, "etc"));
    t.notMatch(say("systemd-sysusers", `--root=${root}`, join(UNITS, "sysusers.d/ser2net.conf")), /^exit/m);
    const [passwd, group] = ["passwd", "group"].map(name => readFileSync(join(root, "etc", name), "utf8"));
    t.match(passwd, /^ser2net:x:\d+:\d+:[^:]*:[^:]*:.*nologin$/m);
    t.match(group, /^dialout:x:\d+:(\w+,)*ser2net$/m);
    t.match(group, /^ser2net-admin:x:\d+:$/m);
  },
);

const AS_ROOT = process.getuid?.() === 0 ? needs("systemd-tmpfiles") : { skip: "only root gives files away" };
t.test("the directories are made, and no other user reads the configuration", AS_ROOT, async t => {
  const root = installed(t);
  mkdirSync(join(root, "etc"), { recursive: true });
  mkdirSync(join(root, "run/lock"), { recursive: true });
  say("systemd-sysusers", `--root=${root}`);
  // An access list is made for a user of the machine it is made on.
  const conf = join(root, "usr/lib/tmpfiles.d/ser2net.conf");
  writeFileSync(conf, readFileSync(conf, "utf8").replace("user:ser2net:", "user:root:"));
  t.notMatch(say("systemd-tmpfiles", `--root=${root}`, "--create", "ser2net.conf"), /^exit/m);
  t.equal(statSync(join(root, "etc/ser2net")).mode & 0o777, 0o750);
  t.equal(statSync(join(root, "run/ser2net")).mode & 0o777, 0o755);
});

t.test("no instance is enabled but the one that the image names", needs("systemctl"), async t => {
  const root = installed(t);
  const enabled = () => {
    say("systemctl", `--root=${root}`, "preset-all");
    const all = readdirSync(join(root, "etc/systemd/system"), { recursive: true }).map(String);
    return all.filter(name => /ser2net.*(service|socket)$/.test(name));
  };
  t.same(enabled(), []);
  const names = ["ser2net@.service", "ser2net@.socket", "ser2net-health@.service"];
  const lines = names.map(name => `enable ${name} board-a\n`).join("");
  writeFileSync(join(root, "usr/lib/systemd/system-preset/70-board.preset"), lines);
  t.same(enabled().sort(), [
    "boot-complete.target.requires/ser2net-health@board-a.service",
    "multi-user.target.wants/ser2net@board-a.service",
    "sockets.target.wants/ser2net@board-a.socket",
  ]);
});

const UDEVADM = version >= 254 ? needs("udevadm") : { skip: `systemd ${version} has no udevadm verify` };
t.test("udev has nothing to say about its rules", UDEVADM, async t => {
  t.equal(say("udevadm", "verify", "--no-summary", "--no-style", join(UNITS, "udev/60-ser2net.rules")), "");
});

t.test("the health check ends when the daemon has been up long enough without a restart", async t => {
  const health = (...states: string[]) => {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, "states"), states.map(state => `${state}\n`).join(""));
    const tools = {
      systemctl: `case $* in *StatusText*) cat status; exit;; esac
echo "$@" >>asked; set -- $(sed -n "$(wc -l <asked)p" states); printf "ActiveState=%s\\nInvocationID=%s\\n" "$1" "$2"
case $# in 3) echo "2 ports: 2 idle; required device missing: $3" >status;; *) echo "2 ports: 2 idle" >status;; esac`,
      sleep: `echo "$1" >>slept`,
    };
    for (const [name, script] of Object.entries(tools)) {
      writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
    const { status, stderr } = spawnSync(join(UNITS, "ser2net-health"), ["board-a"], {
      cwd: folder,
      env,
      timeout: 20_000,
      encoding: "utf8",
    });
    const [asked = [], slept = []] = ["asked", "slept"].map(name =>
      readFileSync(join(folder, name), "utf8").trim().split("\n"),
    );
    return { status, stderr, asked: asked.length, unit: asked[0]?.split(" ").at(-1), seconds: slept.map(Number) };
  };
  const up = (times: number, invocation = "a") => Array.from({ length: times }, () => `active ${invocation}`);
  const sum = (seconds: readonly number[]) => seconds.reduce((all, one) => all + one, 0);

  const calm = health(...up(6));
  t.match(calm, { status: 0, asked: 6, unit: "ser2net@board-a.service" });
  const watchdog = /^WatchdogSec=(\d+)s$/m.exec(readFileSync(join(UNITS, "ser2net@.service"), "utf8"))?.[1];
  t.ok(sum(calm.seconds) > Number(watchdog), "longer than a daemon lives that is not healthy");
  t.match(health("activating a", "failed a", ...up(6)), { status: 0, asked: 8 }, "a slow start is waited for");
  t.match(health(...up(5), ...up(6, "b")), { status: 0, asked: 11 }, "after a restart it counts anew");
  t.match(health(...up(5), "failed a", ...up(6)), { status: 0, asked: 12 });
  const [late, text] = [health(...up(3), "active a 7", ...up(6)), "2 ports: 2 idle; required device missing: 7\n"];
  t.match(late, { status: 0, asked: 10, stderr: text }, "a required device is waited for");
});
