/** The configuration file that this process serves, locked as long as it runs: two daemons that read one file clash. */
import { closeSync, constants, fstatSync, openSync } from "node:fs";
import type { Diagnostic } from "../config/diagnostic.js";
import { toBytes } from "../line/bytes.js";
import { tryLock } from "../native/descriptors.js";

// One for the process, as the lock is the process's.
let held: { readonly fd: number; readonly identity: string } | null = null;

/**
 * Locks a regular file (flock(2), which does not hinder readers) and lets go of the one before it; null: of that alone. A
 * path is latin1. Returns a warning where another process serves the same file.
 */
export function lockServedFile(path: string | null): Diagnostic[] {
  if (path === null) {
    release();
    return [];
  }
  let fd: number;
  try {
    fd = openSync(toBytes(path), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return []; // gone since it was read: without it there is nothing to warn of
  }
  const stat = fstatSync(fd);
  const identity = `${stat.dev}:${stat.ino}`;
  if (held?.identity === identity || !stat.isFile()) {
    closeSync(fd);
    return [];
  }
  release();
  if (tryLock(fd)) {
    held = { fd, identity };
    return [];
  }
  closeSync(fd);
  const message = "Another ser2net serves this file too";
  return [
    { file: path, line: 1, column: 1, message, expected: "each needs network ports of its own", isWarning: true },
  ];
}

function release(): void {
  if (held !== null) closeSync(held.fd);
  held = null;
}
