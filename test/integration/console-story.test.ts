/** Technicians at one console, each at a terminal of tmux: two by `ser2net attach`, one by stock telnet, one by ssh. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { type ConsoleStage, consoleStage } from "../support/console-stage.js";
import { BUNDLE } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { example, needsServers, READERS, SshStage, WRITERS } from "../support/ssh-stage.js";
import { Tmux } from "../support/tmux.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";

const ESCAPE = "\x1d";

const PROGRAMS = { ...needsServers("sshd"), ...needs("tmux", "telnet") };

/** What dan types to reach the console. */
async function byServer(t: Test, stage: ConsoleStage): Promise<string> {
  const ssh = new SshStage(t, stage.folder, [{ user: "dan", groups: ["consoles", WRITERS ?? ""] }]);
  const port = await (await portNumbers(t))();
  await ssh.openSsh(port, example("# OpenSSH: consoles only", stage.socket));
  return ["ssh", ...ssh.login(port, "dan", stage.names[0] ?? "", "-t")].join(" ");
}

t.test("they see, watch, take over, talk, send a break and leave", PROGRAMS, async t => {
  const stage = await consoleStage(
    t,
    ["telnet:0:DEVICE:9600 NONE max-connections=4 writer=first always-open replay=4096"],
    { socketWords: `group=${READERS} admin=${WRITERS}` },
  );
  const [device] = stage.devices;
  const [name = ""] = stage.names;
  if (device === undefined) return t.fail();
  const tmux = new Tmux(t);
  for (const who of ["ann", "bob", "cat", "dan"]) tmux.open(who);
  const command = `${process.execPath} ${BUNDLE}`;
  const attach = (...words: string[]) =>
    `${[command, "attach", "--socket", stage.socket, ...words, name].join(" ")}; echo left with $?\r`;

  device.send("Booting Linux\r\n");
  await until("it is read", async () => /read from device: 15/.test(await stage.daemon.ask(`showport ${name}`)));
  tmux.type("ann", attach());
  await tmux.see("ann", `[attached to ${name}, help: Ctrl-] ?]`);
  await tmux.see("ann", /--- replay of 15 bytes, .*\nBooting Linux/);
  device.send("login: ");
  await tmux.see("ann", "login:");
  tmux.type("ann", "root\r");
  await device.expect("root\r");

  tmux.type("bob", attach());
  await tmux.see("bob", `[attached to ${name}, watching, help: Ctrl-] ?]`);
  tmux.type("cat", `telnet 127.0.0.1 ${stage.ports[0]}\r`);
  await tmux.see("cat", "Escape character is");
  device.send("\r\nboard# ");
  for (const who of ["ann", "bob", "cat"]) await tmux.see(who, "board#");
  tmux.type("bob", "reboot\r");
  tmux.type("ann", "uptime\r");
  t.equal(await device.expect("uptime\r"), "uptime\r", "what a watcher types is dropped");

  tmux.type("bob", `${ESCAPE}t`);
  await tmux.see("bob", /\[.* writes on /);
  tmux.type("bob", "reboot\r");
  await device.expect(/reboot\r/);
  tmux.type("bob", `${ESCAPE}mI reboot it now\r`);
  for (const who of ["ann", "cat"]) await tmux.see(who, "I reboot it now");
  tmux.type("bob", `${ESCAPE}b`);
  await tmux.see("bob", "[break sent]");
  tmux.type("bob", `${ESCAPE}w`);
  await tmux.see("bob", /writer .*\n/);

  const log = join(stage.folder, "log");
  tmux.type("ann", `${ESCAPE}l${log}\r`);
  await tmux.see("ann", `[logging to ${log}]`);
  device.send("U-Boot 2026\r\n");
  await until("it is logged", () => existsSync(log) && readFileSync(log, "latin1").includes("U-Boot 2026\r\n"));
  const file = join(stage.folder, "firmware");
  const firmware = Buffer.from(Array.from({ length: 20_000 }, (_, at) => (at * 7) % 256)).toString("latin1");
  writeFileSync(file, firmware, "latin1");
  tmux.type("bob", `${ESCAPE}s${file}\r`);
  await device.expect(firmware);
  await tmux.see("bob", `[sent 20000 bytes of ${file}]`);

  tmux.type("dan", `clear; ${await byServer(t, stage)}; echo left with $?\r`);
  await tmux.see("dan", `[attached to ${name}, watching, help: Ctrl-] ?]`);
  await tmux.see("dan", /--- replay of [\s\S]*U-Boot 2026/);
  tmux.type("dan", "too early\r");
  tmux.type("dan", `${ESCAPE}t`);
  await tmux.see("dan", /\[.* writes on /);
  tmux.type("dan", "boot\r");
  t.equal(await device.expect("boot\r"), "boot\r");
  tmux.type("dan", `${ESCAPE}mit boots\r`);
  for (const who of ["ann", "bob", "cat"]) await tmux.see(who, "it boots");
  tmux.type("dan", `${ESCAPE}b`);
  await tmux.see("dan", "[break sent]");

  for (const who of ["ann", "bob", "dan"]) tmux.type(who, `${ESCAPE}q`);
  for (const who of ["ann", "bob", "dan"]) await tmux.see(who, "left with 0");
  tmux.type("ann", "stty -a\r");
  await tmux.see("ann", /\bicanon\b[\s\S]* echo\b/);
});
