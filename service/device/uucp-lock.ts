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
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { errorReason } from "../kernel/kernel.js";
import { DeviceError } from "./device.js";

export interface Lock {
  /** Removes the lock file if it is still ours. Idempotent; never throws. */
  release(): void;
}

/** Throws DeviceError: "locked" when somebody holds the device, "lock-failed" when the file cannot be made. */
export function acquireLock(devicePath: string, directory = "/var/lock"): Lock {
  const file = `${directory}/LCK..${devicePath.replace(/^\/dev\//, "").replaceAll("/", "_")}`;
  try {
    return takeLock(devicePath, file, `${directory}/LTMP.${process.pid}`);
  } catch (error) {
    if (error instanceof DeviceError) throw error;
    throw new DeviceError("lock-failed", devicePath, reasonOf(error), { cause: error });
  }
}

/** Rivals that take and leave a stale lock between our looks; nobody meets so many. */
const TRIES = 5;

/**
 * The lock is written under another name and then linked to its own: link(2) fails if the name is taken, and nobody
 * ever sees a lock without its process id, which other programs would take for stale (with O_EXCL there is a moment).
 */
function takeLock(devicePath: string, file: string, draft: string): Lock {
  const fd = writeDraft(draft);
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      if (tryLink(draft, file)) return new HeldLock(fd, file);
      if (!removeStale(file, draft)) break;
    }
    throw new DeviceError("locked", devicePath, "Device is locked");
  } catch (error) {
    closeSync(fd);
    throw error;
  } finally {
    unlinkSync(draft);
  }
}

/** The descriptor stays open as long as the lock is held: by it we know a lock of ours from one of a past life. */
function writeDraft(draft: string): number {
  removeIfThere(draft); // from a past life with our process id
  const fd = openSync(latin1(draft), "wx+", 0o644);
  fchmodSync(fd, 0o644); // other users have to read it, whatever the umask
  writeSync(fd, `${String(process.pid).padStart(10)}\n`);
  return fd;
}

function tryLink(draft: string, file: string): boolean {
  try {
    linkSync(latin1(draft), latin1(file));
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
}

/**
 * True when the name may be free now. The file is moved aside before it is removed: two programs that find the same
 * stale lock must not remove the fresh one of the other.
 */
function removeStale(file: string, draft: string): boolean {
  if (!isStale(file)) return false;
  const aside = `${draft}.stale`;
  try {
    renameSync(latin1(file), latin1(aside));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return true;
    throw error;
  }
  const wasStale = isStale(aside);
  if (!wasStale) tryLink(aside, file);
  unlinkSync(latin1(aside));
  return wasStale;
}

function isStale(file: string): boolean {
  const pid = readPid(file);
  if (pid === null) return true;
  if (pid <= 0) return false;
  return pid === process.pid ? !isOpenHere(file) : !isAlive(pid);
}

/** Null when the file is gone; 0 when no process id can be read from it, which counts as locked. */
function readPid(file: string): number | null {
  const bytes = new Uint8Array(63);
  let length = 0;
  try {
    const fd = openSync(latin1(file), constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      length = readSync(fd, bytes);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    return hasCode(error, "ENOENT") ? null : 0;
  }
  if (length === 4) return new Int32Array(bytes.buffer, 0, 1)[0] ?? 0; // old UUCP: a binary number
  const digits = /^[ \t-\r]*([+-]?\d{1,10})/.exec(Buffer.from(bytes.subarray(0, length)).toString("latin1"));
  return Number(digits?.[1] ?? 0) | 0;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !hasCode(error, "ESRCH"); // EPERM: alive, and somebody else's
  }
}

function isOpenHere(file: string): boolean {
  const { dev, ino } = statSync(latin1(file));
  return readdirSync("/proc/self/fd").some(name => {
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
  #fd: number | null;

  constructor(fd: number, file: string) {
    this.#fd = fd;
    this.#file = file;
  }

  release(): void {
    if (this.#fd === null) return;
    try {
      const [ours, there] = [fstatSync(this.#fd), statSync(latin1(this.#file))];
      if (ours.ino === there.ino && ours.dev === there.dev) unlinkSync(latin1(this.#file));
    } catch {
      // Somebody has removed it already.
    }
    closeSync(this.#fd);
    this.#fd = null;
  }
}

function removeIfThere(file: string): void {
  try {
    unlinkSync(latin1(file));
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function reasonOf(error: unknown): string {
  const errno = error instanceof Error && "errno" in error ? Number(error.errno) : 0;
  return errno === 0 ? String(error) : errorReason(Math.abs(errno));
}

function latin1(path: string): Buffer {
  return Buffer.from(path, "latin1");
}
