/** Servers of ssh with users of this test alone: their files are seen by the servers only, in a mount namespace. Needs root. */
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Teardown } from "./client.js";
import { BUNDLE, type Running, runProgram } from "./daemon.js";
import { needs } from "./tools.js";

/** The groups of the local socket that every Debian has, in place of ser2net and ser2net-admin. */
export const [READERS, WRITERS] = ["daemon", "dialout"];

const FIRST_ID = 61001;

interface SshUser {
  readonly user: string;
  readonly groups: readonly string[];
  /** Before the key in `authorized_keys`. */
  readonly keyWords?: string;
}

/** Options for a test that needs these servers. */
export function needsServers(...servers: string[]): { skip?: string } {
  return process.getuid?.() === 0 ? needs("ssh", "ssh-keygen", "unshare", ...servers) : { skip: "needs root" };
}

/** An indented block of docs/ssh.md that begins with this line; with the built client and this socket in place of `ser2net`. */
export function example(first: string, socket: string): string {
  const lines = readFileSync("docs/ssh.md", "utf8").split("\n");
  const at = lines.findIndex(line => line.startsWith(`    ${first}`));
  const end = lines.findIndex((line, index) => index > at && !line.startsWith("    "));
  const block = lines.slice(at, end).map(line => line.slice(4));
  const client = `${process.execPath} ${BUNDLE}`;
  return block.join("\n").replaceAll(/ser2net (attach|ports)/g, `${client} $1 --socket ${socket}`);
}

export class SshStage {
  readonly #t: Teardown;
  readonly #folder: string;

  /** @param folder of the test; users may enter it from now on */
  constructor(t: Teardown, folder: string, users: readonly SshUser[]) {
    this.#t = t;
    this.#folder = folder;
    chmodSync(folder, 0o755);
    for (const key of ["host", "user"]) {
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, key)]);
    }
    users.forEach((one, at) => {
      this.#addHome(one, FIRST_ID + at);
    });
    const ids = users.map(({ user }, at) => `${user}:x:${FIRST_ID + at}`);
    this.#write("passwd", [...stored("passwd"), ...ids.map((id, at) => `${id}:100::${this.#home(users[at])}:/bin/sh`)]);
    this.#write("shadow", [...stored("shadow"), ...users.map(({ user }) => `${user}:*:20000:0:99999:7:::`)]);
    const before = stored("group");
    const names = new Set(before.map(line => line.split(":")[0]));
    const added = [...new Set(users.flatMap(({ groups }) => groups))].filter(name => !names.has(name));
    const groups = [...before, ...added.map((name, at) => `${name}:x:${FIRST_ID + at}:`)];
    this.#write(
      "group",
      groups.map(line => withMembers(line, users)),
    );
  }

  /** Starts OpenSSH on 127.0.0.1, with these lines at the end of its configuration. */
  async openSsh(port: number, lines: string): Promise<void> {
    const sshd = execFileSync("sh", ["-c", "command -v sshd"], { encoding: "utf8" }).trim(); // it wants its whole path
    mkdirSync("/run/sshd", { recursive: true });
    const file = this.#write("sshd_config", [
      ...[`Port ${port}`, "ListenAddress 127.0.0.1", `HostKey ${join(this.#folder, "host")}`, "PidFile none"],
      ...["StrictModes no", "UsePAM no", "PasswordAuthentication no", lines],
    ]);
    await this.#serve(`${sshd} -D -e -f ${file}`).errors.expect("Server listening on");
  }

  /** Starts dropbear on 127.0.0.1. @param words of the shell */
  async dropbear(port: number, words = ""): Promise<void> {
    const key = join(this.#folder, "dropbear_key");
    execFileSync("rm", ["-f", key]);
    execFileSync("dropbearkey", ["-t", "ed25519", "-f", key], { stdio: "ignore" });
    const command = `dropbear -F -E -m -s -r ${key} -p 127.0.0.1:${port} -P ${join(this.#folder, "dropbear.pid")} ${words}`;
    await this.#serve(command).errors.expect("Not backgrounding");
  }

  /** The words of ssh. @param command the words after the host; null: none */
  login(port: number, user: string, command: string | null, ...options: string[]): string[] {
    return [
      ...["-F", "none", "-i", join(this.#folder, "user"), "-p", String(port), "-o", "StrictHostKeyChecking=no"],
      ...["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", ...options, "--", `${user}@127.0.0.1`],
      ...(command === null ? [] : [command]),
    ];
  }

  #serve(command: string): Running {
    const mounts = ["passwd", "group", "shadow"].map(file => `mount --bind ${join(this.#folder, file)} /etc/${file}`);
    return runProgram(this.#t, "unshare", ["-m", "sh", "-c", `${mounts.join(" && ")} && exec ${command}`]);
  }

  #home(user: SshUser | undefined): string {
    return join(this.#folder, `home-${user?.user}`);
  }

  #addHome(user: SshUser, id: number): void {
    const keys = join(this.#home(user), ".ssh");
    mkdirSync(keys, { recursive: true, mode: 0o755 });
    const file = join(keys, "authorized_keys");
    const key = readFileSync(join(this.#folder, "user.pub"), "utf8");
    writeFileSync(file, `${user.keyWords === undefined ? "" : `${user.keyWords} `}${key}`, { mode: 0o644 });
    for (const path of [this.#home(user), keys, file]) chownSync(path, id, 100);
  }

  #write(name: string, lines: readonly string[]): string {
    const file = join(this.#folder, name);
    writeFileSync(file, lines.map(line => `${line}\n`).join(""), { mode: 0o644 });
    return file;
  }
}

function stored(file: string): string[] {
  return readFileSync(`/etc/${file}`, "utf8").trimEnd().split("\n");
}

/** A line of /etc/group with those of the users who are in it. */
function withMembers(line: string, users: readonly SshUser[]): string {
  const [name = "", password, id, members = ""] = line.split(":");
  const added = users.filter(({ groups }) => groups.includes(name)).map(({ user }) => user);
  return [name, password, id, [members, ...added].filter(Boolean).join(",")].join(":");
}
