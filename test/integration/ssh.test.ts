/** Consoles over ssh: real servers with the lines of docs/ssh.md, and users with keys who have a console in place of a shell. */
import t, { type Test } from "tap";
import { type ConsoleStage, consoleStage } from "../support/console-stage.js";
import { runProgram } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { example, needsServers, READERS, SshStage, WRITERS } from "../support/ssh-stage.js";
import { Terminal } from "../support/terminal.js";

const PORT = "raw:0:DEVICE:9600 NONE max-connections=4";

function serve(t: Test): Promise<ConsoleStage> {
  return consoleStage(t, [PORT], { socketWords: `group=${READERS} admin=${WRITERS}` });
}

/** What a command of ssh says, to its end. */
async function answer(t: Test, words: readonly string[]): Promise<{ output: string; errors: string }> {
  const running = runProgram(t, "ssh", words);
  running.process.stdin?.end();
  const [output, errors] = await Promise.all([running.output.untilEnd(), running.errors.untilEnd()]);
  return { output, errors };
}

t.test("a key leads to the console: one user writes, the other one watches", needsServers("sshd"), async t => {
  const stage = await serve(t);
  const [name = ""] = stage.names;
  const [device] = stage.devices;
  const ssh = new SshStage(t, stage.folder, [
    { user: "ann", groups: ["consoles", WRITERS ?? ""] },
    { user: "bob", groups: ["console-watchers", READERS ?? ""] },
  ]);
  const port = await (await portNumbers(t))();
  await ssh.openSsh(port, example("# OpenSSH: consoles only", stage.socket));
  t.match((await answer(t, ssh.login(port, "bob", null))).output, name);

  const ann = new Terminal(t, "ssh", ssh.login(port, "ann", name, "-tt"));
  await ann.see(`[attached to ${name}, help: Ctrl-] ?]`);
  const bob = new Terminal(t, "ssh", ssh.login(port, "bob", name, "-tt"));
  await bob.see(`[attached to ${name}, watching, help: Ctrl-] ?]`);
  bob.type("rm -rf /\r");
  device?.send("login: ");
  for (const person of [ann, bob]) await person.see("login: ");
  ann.type("root\r");
  t.equal(await device?.expect("root\r"), "root\r", "what a watcher types is dropped");
  bob.type("\x1dt");
  await bob.see("Permission denied: take needs the group");
  for (const person of [ann, bob]) {
    person.type("\x1dq");
    t.same(await person.ended, [0, null]);
  }
  const injected = await answer(t, ssh.login(port, "bob", "-f; id"));
  t.equal(injected.output, "");
  t.match(injected.errors, "ser2net: no port is called -f; id");
});

/** A user whose key has the line of docs/ssh.md, for the console of this stage. */
function withCommandLine(t: Test, stage: ConsoleStage, first: string): SshStage {
  const [name = ""] = stage.names;
  const line = example(first, stage.socket).replace(/ console" .*/, ` ${name}"`);
  return new SshStage(t, stage.folder, [{ user: "cat", groups: [WRITERS ?? ""], keyWords: line }]);
}

/** The key leads to the console whatever its user asks for, and nowhere else. */
async function checkCommandLine(t: Test, stage: ConsoleStage, ssh: SshStage, port: number): Promise<void> {
  const [name = ""] = stage.names;
  const [device] = stage.devices;
  const cat = new Terminal(t, "ssh", ssh.login(port, "cat", "id", "-tt"));
  t.notMatch(await cat.see(`[attached to ${name}, help: Ctrl-] ?]`), "uid=");
  cat.type("root\r");
  await device?.expect("root\r");
  device?.send("Password: ");
  await cat.see("Password: ");
  cat.type("\x1dq");
  t.same(await cat.ended, [0, null]);
  const forwarded = await answer(t, ssh.login(port, "cat", null, "-W", `127.0.0.1:${stage.daemon.controlPort}`));
  t.equal(forwarded.output, "", "no forwarding");
  t.match(forwarded.errors, "stdio forwarding failed");
}

t.test("a line of authorized_keys leads to one console: OpenSSH", needsServers("sshd"), async t => {
  const stage = await serve(t);
  const ssh = withCommandLine(t, stage, "restrict,pty,command=");
  const port = await (await portNumbers(t))();
  await ssh.openSsh(port, "");
  await checkCommandLine(t, stage, ssh, port);
});

t.test("a line of authorized_keys leads to one console: dropbear", needsServers("dropbear", "dropbearkey"), async t => {
  const stage = await serve(t);
  const ssh = withCommandLine(t, stage, "no-port-forwarding,");
  const port = await (await portNumbers(t))();
  await ssh.dropbear(port);
  await checkCommandLine(t, stage, ssh, port);
});

t.test("one command for all users of dropbear", needsServers("dropbear", "dropbearkey"), async t => {
  const stage = await serve(t);
  const [name = ""] = stage.names;
  const ssh = new SshStage(t, stage.folder, [{ user: "dan", groups: [WRITERS ?? ""] }]);
  const port = await (await portNumbers(t))();
  await ssh.dropbear(port, example("dropbear ", stage.socket).replace(/^dropbear /, ""));
  const dan = new Terminal(t, "ssh", ssh.login(port, "dan", name, "-tt"));
  await dan.see(`[attached to ${name}, help: Ctrl-] ?]`);
  dan.type("\x1dq");
  t.same(await dan.ended, [0, null]);
  const injected = await answer(t, ssh.login(port, "dan", "-f; id"));
  t.equal(injected.output, "");
  t.match(injected.errors, "ser2net: no port is called -f; id");
});
