/** The processes of the machine, by /proc: who has a file open, and which are daemons of ser2net. */
import { readdirSync, readlinkSync, statSync } from "node:fs";
import { basename } from "node:path";
import { toText } from "../line/bytes.js";
import { isPseudoTerminal } from "../native/device-number.js";
import { readRegularFile } from "../native/read-file.js";

export interface Process {
  readonly pid: number;
  readonly argv: readonly string[];
}

/** Descriptors of all processes that may be looked at. */
export class OpenFiles {
  readonly #holders = new Map<string, number[]>();
  /** Processes of other users: only root sees what they have open. */
  readonly hidden: number;

  private constructor(holders: Map<string, number[]>, hidden: number) {
    this.#holders = holders;
    this.hidden = hidden;
  }

  static read(proc = "/proc"): OpenFiles {
    const holders = new Map<string, number[]>();
    let hidden = 0;
    for (const pid of processIds(proc)) {
      const targets = descriptorsOf(`${proc}/${pid}/fd`);
      if (targets === null) hidden++;
      for (const target of new Set(targets ?? [])) {
        const pids = holders.get(target);
        if (pids === undefined) holders.set(target, [pid]);
        else pids.push(pid);
      }
    }
    return new OpenFiles(holders, hidden);
  }

  /** Of a device by any of its paths, of another path, or of `socket:[1234]`. */
  holders(target: string): readonly number[] {
    return this.#holders.get(keyOf(target, target)) ?? [];
  }
}

/** The running daemons, each once: also where they run by another name of the program. */
export function daemons(proc = "/proc"): readonly Process[] {
  return processIds(proc).flatMap(pid => {
    const argv = argumentsOf(pid, proc);
    return argv.slice(0, 2).some(isProgram) && isServing(argv) ? [{ pid, argv }] : [];
  });
}

/** The words behind the program. */
export function optionsOf(argv: readonly string[]): readonly string[] {
  return argv.slice(argv.findIndex(isProgram) + 1);
}

function isProgram(word: string): boolean {
  return /^ser2net(?:\.c?js)?$/.test(basename(word));
}

/** A command of the program is not a daemon. */
function isServing(argv: readonly string[]): boolean {
  const [first = ""] = optionsOf(argv);
  return first === "" || (first.startsWith("-") && !argv.includes("--check") && !argv.includes("--print-config"));
}

/** `1234 (minicom)`, or `1234, which has ended`. */
export function describeProcess(pid: number, proc = "/proc"): string {
  const name = readText(`${proc}/${pid}/comm`)?.trim();
  const [first = "", script = ""] = argumentsOf(pid, proc);
  const shown = basename(first) === "node" && script !== "" ? basename(script) : name;
  return shown === undefined ? `${pid}, which has ended` : `${pid} (${shown})`;
}

export function isRunning(pid: number, proc = "/proc"): boolean {
  return readText(`${proc}/${pid}/stat`) !== null;
}

export interface Identity {
  readonly uid: number;
  /** The effective group and the supplementary ones. */
  readonly groups: readonly number[];
}

/** Null: the process has ended. */
export function identityOf(pid: number, proc = "/proc"): Identity | null {
  const status = readText(`${proc}/${pid}/status`);
  const numbers = (key: string) =>
    (new RegExp(`^${key}:\\s*(.*)$`, "m").exec(status ?? "")?.[1] ?? "").split(/\s+/).filter(Boolean).map(Number);
  const [, uid] = numbers("Uid"); // the second one is the effective one
  const [, gid] = numbers("Gid");
  return uid === undefined || gid === undefined ? null : { uid, groups: [gid, ...numbers("Groups")] };
}

/** Null: there is no such file, or it may not be read. */
export function readText(path: string): string | null {
  try {
    return toText(readRegularFile(path));
  } catch {
    return null;
  }
}

/** The name of a user or a group by /etc/passwd or /etc/group, else the number. */
export function nameOf(id: number, file: "/etc/passwd" | "/etc/group"): string {
  const line = (readText(file) ?? "").split("\n").find(one => one.split(":")[2] === String(id));
  return line?.split(":")[0] ?? String(id);
}

function processIds(proc: string): readonly number[] {
  return readdirSync(proc)
    .filter(name => /^\d+$/.test(name))
    .map(Number);
}

function argumentsOf(pid: number, proc: string): readonly string[] {
  const text = readText(`${proc}/${pid}/cmdline`) ?? "";
  return text.split("\0").slice(0, -1);
}

/**
 * The same for all names of a device, also in the /dev of a container, whose pseudo-terminals are others with the same numbers.
 * @param path of what `target` names
 */
function keyOf(path: string, target: string): string {
  if (!target.startsWith("/dev/")) return target;
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats?.isCharacterDevice()) return target;
  const { dev, rdev } = stats;
  return `device ${isPseudoTerminal(rdev) ? `${dev} ` : ""}${rdev}`;
}

/** Null: they may not be looked at. */
function descriptorsOf(folder: string): readonly string[] | null {
  try {
    return readdirSync(folder).flatMap(fd => {
      try {
        return [keyOf(`${folder}/${fd}`, readlinkSync(`${folder}/${fd}`))];
      } catch {
        return []; // closed meanwhile
      }
    });
  } catch (error) {
    const isGone = error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH");
    return isGone ? [] : null;
  }
}
