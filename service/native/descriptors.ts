/** Reading and writing descriptors: the data path, without allocation and without exceptions. */
import { addon } from "./addon.js";
import { done } from "./errors.js";

/** Bytes read, 0 at the end, or -errno. For non-blocking descriptors: on others it blocks the process. */
export const read: (fd: number, into: Uint8Array) => number = addon.read;

/** Bytes taken, or -errno (-EPIPE without a reader; no SIGPIPE, Node ignores it). */
export const write: (fd: number, bytes: Uint8Array) => number = addon.write;

export function setNonBlocking(fd: number): void {
  done("setNonBlocking", addon.setNonBlocking(fd));
}

/** Keeps a descriptor that was handed over from child processes. False: there is no such descriptor. */
export function setCloseOnExec(fd: number): boolean {
  return addon.setCloseOnExec(fd) >= 0;
}

/** Locks a file for this process, flock(2), without waiting. False: another process has it locked. */
export function tryLock(fd: number): boolean {
  return addon.lockFile(fd) === 0;
}

/**
 * Room for so many descriptors, or as many as RLIMIT_NOFILE allows, in the table of the kernel, which holds up the thread 10 to 40 ms
 * each time it grows.
 */
export function reserveDescriptors(count: number): void {
  addon.reserveDescriptors(count); // where it fails, opening does so too, and tells
}
