/** Errors of system calls: the class that is thrown, the texts of the system, and the numbers that are compared. */

import { constants } from "node:os";
import { getSystemErrorName } from "node:util";
import { addon } from "./addon.js";
import type { AddressResult } from "./addon-functions.js";

/** A system call failed. */
export class SystemError extends Error {
  override readonly name = "SystemError";
  readonly code: string; // "EIO"
  readonly errno: number; // 5
  readonly call: string; // "getTermios"
  readonly reason: string; // "Input/output error"

  constructor(call: string, errno: number) {
    const reason = errorReason(errno);
    super(`${call}: ${reason}`);
    this.code = errorCode(errno);
    this.errno = errno;
    this.call = call;
    this.reason = reason;
  }
}

/** Positive, as errno counts; the data functions return them negated. */
export const { errno } = constants;
export const { EAGAIN, EINTR, ENODEV, EPIPE, ENOBUFS } = errno;
export const { ECONNRESET, ECONNABORTED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, ENETDOWN } = errno;

/** The text of the system: `Input/output error`. */
export function errorReason(errno: number): string {
  return addon.errorReason(errno);
}

/** `EIO`. */
export function errorCode(errno: number): string {
  return getSystemErrorName(-errno);
}

/** The result, where it is not -errno. Throws SystemError. */
export function done(call: string, result: number): number {
  if (result < 0) throw new SystemError(call, -result);
  return result;
}

/** As `done`, for calls that give an address. */
export function addressResult(call: string, result: number | AddressResult): AddressResult {
  if (typeof result === "number") throw new SystemError(call, -result);
  return result;
}

/** Numbers from here on are those of libuv and getaddrinfo(3), not of the system. */
const FIRST_FOREIGN_NUMBER = 3000;

/**
 * The reason of a failure: that of the error, such as `Input/output error`; the text of the system for the number of an
 * error of Node; or the message.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ("reason" in error && typeof error.reason === "string") return error.reason;
  const errno = "errno" in error && typeof error.errno === "number" ? Math.abs(error.errno) : 0;
  return errno > 0 && errno < FIRST_FOREIGN_NUMBER ? errorReason(errno) : error.message;
}

/** The code of an error of Node or the system, such as `ENOENT`; null: it has none. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : null;
}
