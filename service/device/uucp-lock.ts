/** UUCP lock files: one program at a time, with minicom, cu and getty (docs/reference.md, "UUCP locks"). */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  linkSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { toBytes, toText } from "../line/bytes.js";
import { type Clock, systemClock } from "../line/clock.js";
import { reasonOf } from "../native/errors.js";
import { DeviceError } from "./device.js";

export interface Lock {
  /** Removes the lock file if it is still ours. Idempotent; never throws. */
  release(): void;
}

/** The state of a lock file. */
type Finding =
  | { readonly state: "free" }
  /** `remark`: a text for the log; null in the usual case, when its process has ended. */
  | { readonly state: "stale"; readonly remark: string | null }
  | { readonly state: "held"; readonly by: string };

/** A program that makes its lock in two steps is done with the second by then. */
const EMPTY_IS_STALE_SECONDS = 60;

/**
 * Throws DeviceError: "locked" when another program holds the device, "lock-failed" when the file cannot be made or
 * looked at; nothing is left behind then. `warn` gets what is odd and does not keep the lock from being taken.
 */
export function acquireLock(
  devicePath: string,
  directory = "/var/lock",
  warn: (text: string) => void = () => {},
  clock: Clock = systemClock,
): Lock {
  const file = `${directory}/LCK..${devicePath.replace(/^\/dev\//, "").replaceAll("/", "_")}`;
  try {
    return takeLock(devicePath, file, `${directory}/LTMP.${process.pid}`, warn, clock);
  } catch (error) {
    if (error instanceof DeviceError) throw error;
    throw new DeviceError("lock-failed", devicePath, reasonOf(error), { cause: error });
  }
}

/** Attempts while other programs take and release a stale lock; in practice one or two suffice. */
const TRIES = 5;

/**
 * The lock is written under another name and then linked to its own: link(2) fails if the name is taken, and a lock
 * never appears without its process id, which other programs would take for stale (with O_EXCL there is a moment).
 */
function takeLock(devicePath: string, file: string, draft: string, warn: (text: string) => void, clock: Clock): Lock {
  const aside = `${draft}.stale`;
  for (const left of [draft, aside]) removeIfThere(left); // from a past life with our process id, or a failing disk
  const fd = writeDraft(draft);
  try {
    let holder = "other programs take it in turns";
    for (let tries = 0; tries < TRIES; tries++) {
      if (tryLink(draft, file)) return new HeldLock(fd, file, warn);
      const found = look(file, clock);
      if (found.state === "held") {
        holder = found.by;
        break;
      }
      if (found.state === "stale" && removeStale(file, aside, clock) && found.remark !== null) {
        warn(`Removed the lock file ${file}: ${found.remark}`);
      }
    }
    throw new DeviceError("locked", devicePath, `locked by ${file} (${holder})`);
  } catch (error) {
    closeSync(fd);
    throw error;
  } finally {
    removeQuietly(draft);
  }
}

/** The descriptor stays open while the lock is held: it distinguishes our lock from a stale one with the same process id. */
function writeDraft(draft: string): number {
  const fd = openSync(toBytes(draft), "wx+", 0o644);
  try {
    fchmodSync(fd, 0o644); // other users have to read it, whatever the umask
    writeFileSync(fd, `${String(process.pid).padStart(10)}\n`);
    return fd;
  } catch (error) {
    closeSync(fd);
    removeQuietly(draft);
    throw error;
  }
}

function tryLink(draft: string, file: string): boolean {
  try {
    linkSync(toBytes(draft), toBytes(file));
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
}

/**
 * False when it was not there any more, or not stale any more. The file is moved aside before it is removed: two
 * programs that find the same stale lock must not remove the fresh one of the other.
 */
function removeStale(file: string, aside: string, clock: Clock): boolean {
  try {
    renameSync(toBytes(file), toBytes(aside));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
  let isStale = false;
  try {
    isStale = look(aside, clock).state === "stale";
  } finally {
    if (!isStale) putBack(aside, file);
  }
  removeQuietly(aside);
  return isStale;
}

/** The lock of another program. A newer one that has taken its name stays. */
function putBack(aside: string, file: string): void {
  try {
    tryLink(aside, file);
  } catch {
    renameSync(toBytes(aside), toBytes(file)); // rather than no lock at all
  }
}

/** Throws the system's error when the file cannot be looked at for a reason that is not the file's. */
function look(file: string, clock: Clock): Finding {
  let fd: number;
  try {
    fd = openSync(toBytes(file), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return { state: "free" };
    if (hasCode(error, "EACCES") || hasCode(error, "ELOOP")) return { state: "held", by: reasonOf(error) };
    throw error;
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return { state: "held", by: "not a regular file" };
    const bytes = new Uint8Array(63);
    const length = readSync(fd, bytes);
    if (length === 0) return examineEmpty(stat, clock);
    return examine(parsePid(bytes.subarray(0, length)), () => isOpenElsewhere(stat, fd));
  } finally {
    closeSync(fd);
  }
}

function examineEmpty({ mtimeMs }: Stats, clock: Clock): Finding {
  const seconds = Math.floor((clock.date().getTime() - mtimeMs) / 1000);
  if (seconds <= EMPTY_IS_STALE_SECONDS) return { state: "held", by: "empty" };
  return { state: "stale", remark: `empty for ${seconds} s` };
}

function examine(pid: number, isHeldHere: () => boolean): Finding {
  if (pid <= 0) return { state: "held", by: "names no process" };
  const isHeld = pid === process.pid ? isHeldHere() : isAlive(pid);
  return isHeld ? { state: "held", by: `process ${pid}` } : { state: "stale", remark: null };
}

/** 0 when no process id can be read from it. */
function parsePid(bytes: Uint8Array): number {
  if (bytes.length === 4) return new Int32Array(bytes.slice().buffer)[0] ?? 0; // old UUCP: a binary number
  const digits = /^[ \t-\r]*([+-]?\d{1,10})/.exec(toText(bytes));
  return Number(digits?.[1] ?? 0) | 0;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !hasCode(error, "ESRCH"); // EPERM: alive, and another user's
  }
}

/** By another descriptor of this process than `fd`. */
function isOpenElsewhere({ dev, ino }: Stats, fd: number): boolean {
  return readdirSync("/proc/self/fd").some(name => {
    if (Number(name) === fd) return false;
    try {
      const open = fstatSync(Number(name));
      return open.dev === dev && open.ino === ino;
    } catch {
      return false; // the descriptor of this very listing
    }
  });
}

class HeldLock implements Lock {
  readonly #file: string;
  readonly #warn: (text: string) => void;
  #fd: number | null;

  constructor(fd: number, file: string, warn: (text: string) => void) {
    this.#fd = fd;
    this.#file = file;
    this.#warn = warn;
  }

  /** One that cannot be removed is removed by the next call for the same device: its process id is ours. */
  release(): void {
    if (this.#fd === null) return;
    try {
      const [ours, there] = [fstatSync(this.#fd), statSync(toBytes(this.#file))];
      if (ours.ino === there.ino && ours.dev === there.dev) unlinkSync(toBytes(this.#file));
    } catch (error) {
      if (!hasCode(error, "ENOENT")) this.#warn(`Unable to remove the lock file ${this.#file}: ${reasonOf(error)}`);
    }
    closeSync(this.#fd);
    this.#fd = null;
  }
}

function removeIfThere(file: string): void {
  try {
    unlinkSync(toBytes(file));
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

/** Removes a file, ignoring errors: the next lock removes it too. */
function removeQuietly(file: string): void {
  try {
    unlinkSync(toBytes(file));
  } catch {
    // It takes part in nothing.
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
