/** Completion in a real bash and a real zsh, with the names of a running daemon. */
import { spawnSync } from "node:child_process";
import { cpSync, symlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import t, { type Test } from "tap";
import { COMMANDS, optionWord } from "../../service/help/commands.js";
import { DAEMON } from "../../service/help/daemon.js";
import { BUNDLE, Daemon, temporaryFolder } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { Tmux } from "../support/tmux.js";
import { needs } from "../support/tools.js";

const BASH = resolve("dist/completion/ser2net.bash");
const ANSWER = `source ${BASH}; COMP_LINE=$1 COMP_POINT=\${#1}; _ser2net; printf '%s\\n' "\${COMPREPLY[@]}"`;

/** A folder with the program `ser2net`, for PATH. */
function programFolder(t: Test): NodeJS.ProcessEnv {
  const folder = temporaryFolder(t);
  symlinkSync(BUNDLE, join(folder, "ser2net"));
  return { ...process.env, PATH: `${folder}:${process.env.PATH}` };
}

/** What bash offers for the last word of the line, sorted. */
function bash(env: NodeJS.ProcessEnv, line: string): string[] {
  const { stdout, stderr } = spawnSync("bash", ["--norc", "-c", ANSWER, "bash", line], { env, encoding: "utf8" });
  if (stderr !== "") throw new Error(stderr);
  return stdout.split("\n").filter(Boolean).sort();
}

/** A daemon with two ports: one with a DEVICE name, one on an address with colons. */
async function served(t: Test): Promise<{ socket: string; first: string; second: string }> {
  const next = await portNumbers(t);
  const [controlPort, first, second] = [await next(), `127.0.0.1,${await next()}`, `::1,${await next()}`];
  const socket = join(temporaryFolder(t), "control");
  const config = [
    `DEVICE:console:${PtyDevice.open(t).path}`,
    `${first}:telnet:0:console:9600`,
    `${second}:raw:0:${PtyDevice.open(t).path}:9600`,
  ];
  await Daemon.start(t, { controlPort, config, args: ["--control-socket", socket] });
  return { socket, first, second };
}

t.test("bash: commands, options, boards and the words of a port", async t => {
  const env = programFolder(t);
  const sorted = (words: readonly string[]) => [...words].sort();
  t.same(bash(env, "ser2net at"), ["attach"]);
  t.same(bash(env, "ser2net --up"), ["--upgrade"]);
  const programWords = [...COMMANDS.map(({ name }) => name), ...DAEMON.options.map(optionWord), "--help"];
  t.same(bash(env, "ser2net "), sorted(programWords));
  for (const { name, options } of COMMANDS) {
    const offered = bash(env, `ser2net ${name} -`);
    for (const option of options) t.ok(offered.includes(optionWord(option)), `${name} ${option.form}`);
  }
  t.same(bash(env, "ser2net board d"), ["detect"]);
  t.same(bash(env, "ser2net board show gen"), ["generic"]);
  t.same(bash(env, "ser2net --board gen"), ["generic"]);
  t.same(bash(env, "ser2net -n --dbus s"), ["session", "system"]);
  t.same(bash(env, "ser2net -n --dbus o"), ["off"]);
  t.same(bash(env, "ser2net busy --dbus o"), [], "a daemon is asked, and there is none off a bus");
  t.same(bash(env, "ser2net fleet c"), ["check", "console"]);
  t.same(bash(env, "ser2net set 2001 HANG"), ["HANGUP_WHEN_DONE"]);
  t.same(bash(env, "ser2net pulse 2001 esp-r"), ["esp-reset"]);
  t.same(bash(env, "ser2net -c /et"), [], "names of files are those of bash");
});

t.test("bash: the names of ports are those of the running daemon", async t => {
  const [env, { socket, first, second }] = [programFolder(t), await served(t)];
  t.same(bash(env, `ser2net attach --socket ${socket} `), [second, first, "console"].sort());
  t.same(bash(env, `ser2net attach --socket ${socket} co`), ["console"]);
  t.same(bash(env, `ser2net watch --socket ${socket} console 127`), [first]);
  // bash replaces what is behind the last colon only.
  t.same(bash(env, `ser2net who --socket ${socket} ::1`), [second.replace("::", "")]);
  t.same(bash(env, `ser2net attach --socket ${socket}-none c`), [], "no daemon, no names");
});

t.test("the Tab key completes the name of a port, in bash and in zsh", needs("tmux", "zsh"), async t => {
  const [env, { socket }] = [programFolder(t), await served(t)];
  const functions = temporaryFolder(t);
  cpSync("dist/completion/_ser2net", join(functions, "_ser2net"));
  const terminals = new Tmux(t, env);
  const shells = {
    bash: `exec bash --norc --noprofile\rPS1='ready> '; source ${BASH}\r`,
    zsh: `exec zsh -f\rPS1='ready> '; fpath=(${functions} $fpath); autoload -U compinit; compinit -u -D\r`,
  };
  for (const [shell, start] of Object.entries(shells)) {
    terminals.open(shell);
    terminals.type(shell, start);
    await terminals.see(shell, /^ready>$/m);
    terminals.type(shell, `cd ${dirname(socket)}; clear\rser2net attach --socket control cons\t`);
    await terminals.see(shell, /attach --socket control console$/m);
    terminals.type(shell, "\x15ser2net undr\t");
    await terminals.see(shell, /ser2net undrain$/m);
  }
});

t.test("shellcheck has nothing to say about it", needs("shellcheck"), async t => {
  const { status, stdout } = spawnSync("shellcheck", [BASH], { encoding: "utf8" });
  t.same({ status, stdout }, { status: 0, stdout: "" });
});
