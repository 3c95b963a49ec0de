/** Errors of system calls: the class that is thrown, the system's words, and the numbers that callers compare. */

import { constants } from "node:os";
import { getSystemErrorName } from "node:util";
import { type AddressResult, addon } from "./addon.js";
import { reasonOf } from "./reason.js";

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
export const { EAGAIN, EINTR, EBADF, EIO, ENXIO, ENODEV, EPIPE, ENOBUFS, EMSGSIZE } = constants.errno;
export const { ECONNRESET, ECONNREFUSED, ECONNABORTED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, ENETDOWN } =
  constants.errno;

/** The system's words: `Input/output error`. */
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

/** Why something failed, in the system's words; also for an error of Node's file system, which has only their number. */
export function systemReason(error: unknown): string {
  const errno = error instanceof Error && "errno" in error ? Number(error.errno) : 0;
  return errno === 0 ? reasonOf(error) : errorReason(Math.abs(errno));
}
