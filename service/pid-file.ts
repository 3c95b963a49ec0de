/** The file that holds the process id (-P). The path is latin1, one character a byte. */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  type Stats,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { toBytes, toText } from "./line/bytes.js";
import type { Log } from "./log/log.js";
import { reasonOf } from "./native/errors.js";

export interface PidFile {
  /** Removes the file while it is the one that was written, with the text that was written. Throws the system's error. */
  remove(): void;
}

/** A FIFO is not waited for, and the last name of the path is not followed where it is a symbolic link. */
const FLAGS = constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
const MODE = 0o666; // less the umask

/** Null when it cannot be written, which is logged: the daemon serves all the same. */
export function createPidFile(file: string, log: Log): PidFile | null {
  const warn = (what: string, error: unknown, outcome: string): void => {
    log.warning(`Error ${what} pidfile '${file}': ${reasonOf(error)}, pidfile not ${outcome}`);
  };
  try {
    const written = writePidFile(file);
    return {
      remove() {
        try {
          written.remove();
        } catch (error) {
          warn("removing", error, "removed");
        }
      },
    };
  } catch (error) {
    warn("opening", error, "created");
    return null;
  }
}

/**
 * Replaces what the file holds by the process id. Throws the system's error, or an Error that says what the file is;
 * a file that was emptied in vain is removed.
 */
export function writePidFile(path: string): PidFile {
  const name = toBytes(path);
  const text = `${process.pid}\n`;
  const fd = openSync(name, constants.O_WRONLY | constants.O_CREAT | FLAGS, MODE);
  let written: Stats;
  try {
    written = fstatSync(fd);
    if (!written.isFile()) throw new Error("not a regular file");
    try {
      ftruncateSync(fd);
      writeFileSync(fd, text);
    } catch (error) {
      unlinkSync(name);
      throw error;
    }
  } finally {
    closeSync(fd);
  }
  return { remove: () => removeIfSame(name, written, text) };
}

function removeIfSame(name: Buffer, written: Stats, text: string): void {
  let fd: number;
  try {
    fd = openSync(name, constants.O_RDONLY | FLAGS);
  } catch (error) {
    if (isMissingOrLink(error)) return;
    throw error;
  }
  try {
    const { dev, ino } = fstatSync(fd);
    const found = Buffer.alloc(text.length + 1);
    const isOurs = dev === written.dev && ino === written.ino;
    if (isOurs && toText(found.subarray(0, readSync(fd, found))) === text) unlinkSync(name);
  } finally {
    closeSync(fd);
  }
}

function isMissingOrLink(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ELOOP");
}
