/** System calls of a program that fail when a test says so (faults.c, preloaded into the real program). */
import { execFileSync } from "node:child_process";
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Teardown } from "./client.js";
import { temporaryFolder } from "./daemon.js";

/** In the order of faults.c. */
const CALLS = [
  "none",
  ...["open", "read", "write", "send", "rename", "link", "unlink", "fchmod", "ftruncate"],
  ...["socket", "connect", "bind", "listen", "accept", "epoll", "inotify", "ioctl", "execve"],
] as const;
/** `write`: to files and serial lines; `send`: to sockets; `epoll`: adding a descriptor. */
export type FaultyCall =
  | ("open" | "read" | "write" | "send" | "rename" | "link" | "unlink" | "fchmod" | "ftruncate")
  | ("socket" | "connect" | "bind" | "listen" | "accept" | "epoll" | "inotify" | "ioctl" | "execve");

export type Errno = "ENOSPC" | "EMFILE" | "EIO" | "EACCES" | "EINTR" | "ENOMEM";

export interface Fault {
  readonly call: FaultyCall;
  /** Counted from 1. */
  readonly at: number;
  readonly error: Errno;
  /** Number of calls in a row; 1 by default. */
  readonly times?: number;
  /** Only calls on paths that contain this text. */
  readonly under?: string;
}

const NUMBERS = 6;
const UNDER_BYTES = 232;

export class Faults {
  /** For the program. */
  readonly env: NodeJS.ProcessEnv;
  /** How many calls have failed, of all that were armed. */
  failures = 0;
  readonly #fd: number;

  constructor(t: Teardown) {
    const folder = temporaryFolder(t);
    const [library, file] = [join(folder, "faults.so"), join(folder, "plan")];
    const source = fileURLToPath(new URL("faults.c", import.meta.url));
    execFileSync(process.env.CC ?? "cc", [
      "-shared",
      "-fPIC",
      "-O1",
      "-Wall",
      "-Wextra",
      "-Werror",
      "-o",
      library,
      source,
    ]);
    this.#fd = openSync(file, "w+");
    t.teardown(() => closeSync(this.#fd));
    writeSync(this.#fd, Buffer.alloc(NUMBERS * 4 + UNDER_BYTES));
    this.env = { LD_PRELOAD: library, FAULTS: file };
  }

  arm({ call, at, error, times = 1, under = "" }: Fault): void {
    this.disarm();
    const path = Buffer.alloc(UNDER_BYTES);
    path.write(under);
    writeSync(this.#fd, path, 0, UNDER_BYTES, NUMBERS * 4);
    writeSync(this.#fd, Int32Array.of(at, constants.errno[error], at + times - 1, 0, 0), 0, 20, 4);
    writeSync(this.#fd, Int32Array.of(CALLS.indexOf(call)), 0, 4, 0);
  }

  disarm(): void {
    writeSync(this.#fd, Int32Array.of(0), 0, 4, 0);
    this.failures += this.#read(5);
    writeSync(this.#fd, Int32Array.of(0), 0, 4, 4 * 5);
  }

  #read(index: number): number {
    const value = new Int32Array(1);
    readSync(this.#fd, value, 0, 4, 4 * index);
    return value[0] ?? 0;
  }
}
