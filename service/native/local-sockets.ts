/** Stream sockets of the machine itself, and who is at their other end. */
import { addon } from "./addon.js";
import { done, errno } from "./errors.js";

const MOST_GROUPS = 1024;

/** Who connected, as it was then: numbers of user and groups. */
export interface Credentials {
  readonly user: number;
  readonly groups: ReadonlySet<number>;
}

/** A listening socket; only its owner may connect as yet. Throws SystemError, with EADDRINUSE where there is anything. */
export function listenUnix(path: Uint8Array, backlog: number): number {
  return done("listenUnix", addon.listenUnix(path, backlog));
}

/** False: the file is what a program has left that listens no more. Throws SystemError where that cannot be told. */
export function isServed(path: Uint8Array): boolean {
  const result = addon.tryUnix(path);
  if (result === -errno.ECONNREFUSED) return false;
  return result === -errno.EAGAIN || done("tryUnix", result) === 0;
}

/** Null: it is not a socket of that kind. */
export function peerCredentials(fd: number): Credentials | null {
  const words = new Uint32Array(3 + MOST_GROUPS);
  const count = addon.peerCredentials(fd, words);
  if (count < 0) return null;
  const [user = 0, group = 0] = words;
  return { user, groups: new Set([group, ...words.subarray(3, 3 + count)]) };
}
