/** Consoles over ssh: a real sshd with the file of docs/ssh.md, and users with keys who have a console in place of a shell. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { consoleStage } from "../support/console-stage.js";
import { BUNDLE, runProgram } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { Terminal } from "../support/terminal.js";
import { needs } from "../support/tools.js";

/** The groups of the local socket that every Debian has, in place of ser2net and ser2net-admin. */
const [READERS, WRITERS] = ["daemon", "dialout"];
const isRoot = process.getuid?.() === 0;

/** The indented block of a page that begins with that line. */
function example(page: string, first: string): string {
  const lines = readFileSync(page, "utf8").split("\n");
  const at = lines.indexOf(`    ${first}`);
  const end = lines.findIndex((line, index) => index > at && !line.startsWith("    "));
  return lines
    .slice(at, end)
    .map(line => line.slice(4))
    .join("\n");
}

t.test(
  "a key leads to the console: one user writes, the other one watches",
  isRoot ? needs("ssh", "sshd", "unshare") : { skip: "needs root" },
  async t => {
    const sshd = execFileSync("sh", ["-c", "command -v sshd"], { encoding: "utf8" }).trim(); // it wants its whole path
    const stage = await consoleStage(t, ["raw:0:DEVICE:9600 NONE max-connections=4"], {
      socketWords: `group=${READERS} admin=${WRITERS}`,
    });
    const [name = ""] = stage.names;
    const [device] = stage.devices;
    const { folder, socket } = stage;
    chmodSync(folder, 0o755);
    mkdirSync("/run/sshd", { recursive: true });
    const port = await (await portNumbers(t))();
    for (const key of ["host", "user"]) {
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, key)]);
    }
    const users = [
      { user: "ann", id: 61001, groups: ["consoles", WRITERS] },
      { user: "bob", id: 61002, groups: ["console-watchers", READERS] },
    ];
    // Users of this test alone: their files are seen by its sshd only, in a mount namespace.
    const groups = readFileSync("/etc/group", "utf8")
      .trimEnd()
      .split("\n")
      .concat("consoles:x:61001:", "console-watchers:x:61002:");
    const member = (line: string) =>
      users.reduce(
        (all, one) =>
          one.groups.includes(line.split(":")[0] ?? "") ? `${all}${all.endsWith(":") ? "" : ","}${one.user}` : all,
        line,
      );
    const files = {
      passwd:
        readFileSync("/etc/passwd", "utf8") + users.map(({ user, id }) => `${user}:x:${id}:100::/:/bin/sh\n`).join(""),
      group: groups.map(line => `${member(line)}\n`).join(""),
      shadow: readFileSync("/etc/shadow", "utf8") + users.map(({ user }) => `${user}:*:20000:0:99999:7:::\n`).join(""),
    };
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text, { mode: 0o644 });
    const client = `${process.execPath} ${BUNDLE}`;
    const consoles = example("docs/ssh.md", "# OpenSSH: consoles only").replaceAll(
      /ser2net (attach|ports)/g,
      `${client} $1 --socket ${socket}`,
    );
    writeFileSync(
      join(folder, "sshd_config"),
      `Port ${port}
ListenAddress 127.0.0.1
HostKey ${folder}/host
AuthorizedKeysFile ${folder}/user.pub
StrictModes no
UsePAM no
PasswordAuthentication no
PidFile none
${consoles}
`,
    );
    const mounts = Object.keys(files)
      .map(file => `mount --bind ${folder}/${file} /etc/${file}`)
      .join(" && ");
    const server = runProgram(t, "unshare", [
      "-m",
      "sh",
      "-c",
      `${mounts} && exec ${sshd} -D -e -f ${folder}/sshd_config`,
    ]);
    await server.errors.expect("Server listening on");
    const login = (user: string, ...words: string[]) => [
      ...["-F", "none", "-i", join(folder, "user"), "-p", String(port), "-o", "StrictHostKeyChecking=no"],
      ...[
        "-o",
        "UserKnownHostsFile=/dev/null",
        "-o",
        "LogLevel=ERROR",
        ...words.slice(1),
        "--",
        `${user}@127.0.0.1`,
        ...words.slice(0, 1),
      ],
    ];
    const listed = runProgram(t, "ssh", login("bob"));
    listed.process.stdin?.end();
    t.match(await listed.output.untilEnd(), name);

    const ann = new Terminal(t, "ssh", login("ann", name, "-tt"));
    await ann.see(`[attached to ${name}, help: Ctrl-] ?]`);
    const bob = new Terminal(t, "ssh", login("bob", name, "-tt"));
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
    const injected = runProgram(t, "ssh", login("bob", "-f; id"));
    injected.process.stdin?.end();
    t.equal(await injected.output.untilEnd(), "");
    t.match(await injected.errors.untilEnd(), "ser2net: no port is called -f; id");
  },
);
