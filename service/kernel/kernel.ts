/** What the operating system offers and Node does not: system calls on descriptors, each one typed. */
import { constants } from "node:os";
import { getSystemErrorName } from "node:util";
import type { LineCounters } from "../line/modem.js";
import { addon, type Found } from "./addon.js";

export { MODEM, RS485, termiosBits } from "./termios.js";

/** A system call failed. */
export class KernelError extends Error {
  override readonly name = "KernelError";
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

// The data path: no allocation, no exception.

/** Bytes read, 0 at the end, or -errno. For non-blocking descriptors: on others it blocks the process. */
export const read: (fd: number, into: Uint8Array) => number = addon.read;

/** Bytes taken, or -errno (-EPIPE without a reader; no SIGPIPE, Node ignores it). */
export const write: (fd: number, bytes: Uint8Array) => number = addon.write;

export function setNonBlocking(fd: number): void {
  done("setNonBlocking", addon.setNonBlocking(fd));
}

export function setCloseOnExec(fd: number): void {
  done("setCloseOnExec", addon.setCloseOnExec(fd));
}

// Serial lines.

/** The speeds are numbers of their own, in bit/s: `cflag` holds no rate bits. */
export interface Termios {
  iflag: number;
  oflag: number;
  cflag: number;
  lflag: number;
  inputSpeed: number;
  outputSpeed: number;
  cc: Uint8Array;
}

const CC_LENGTH = 19; // NCCS
const CC_OFFSET = 6;

export function getTermios(fd: number): Termios {
  const words = new Uint32Array(CC_OFFSET + CC_LENGTH);
  done("getTermios", addon.getTermios(fd, words));
  const [iflag = 0, oflag = 0, cflag = 0, lflag = 0, inputSpeed = 0, outputSpeed = 0] = words;
  return { iflag, oflag, cflag, lflag, inputSpeed, outputSpeed, cc: Uint8Array.from(words.subarray(CC_OFFSET)) };
}

/** At once, losing no queued byte. A driver may keep other values than asked for, without an error: read them back. */
export function setTermios(fd: number, t: Termios): void {
  for (const speed of [t.inputSpeed, t.outputSpeed])
    if (!(Number.isInteger(speed) && speed >= 0 && speed <= 0xffffffff)) throw new RangeError(`bad speed ${speed}`);
  const words = new Uint32Array(CC_OFFSET + CC_LENGTH);
  // Flags that were put together with `|` may be negative; the array takes them modulo 2^32.
  words.set([t.iflag, t.oflag, t.cflag, t.lflag, t.inputSpeed, t.outputSpeed]);
  words.set(t.cc.subarray(0, CC_LENGTH), CC_OFFSET);
  done("setTermios", addon.setTermios(fd, words));
}

/** The lines that are on, as MODEM bits. */
export function getModem(fd: number): number {
  return done("getModem", addon.getModem(fd));
}

/** Turns MODEM bits on and off, all in one call to the driver. */
export function setModem(fd: number, set: number, clear: number): void {
  done("setModem", addon.setModem(fd, set, clear));
}

export function setBreak(fd: number, on: boolean): void {
  done("setBreak", addon.setBreak(fd, on));
}

/** Bytes the driver has received and sent are counted beside the events. */
export function getCounters(fd: number): LineCounters & { readonly received: number; readonly sent: number } {
  const words = new Uint32Array(11);
  done("getCounters", addon.getCounters(fd, words));
  const [cts = 0, dsr = 0, ri = 0, dcd = 0, received = 0, sent = 0, frame = 0, overrun = 0, parity = 0] = words;
  const [brk = 0, bufferOverrun = 0] = words.subarray(9);
  return { cts, dsr, ri, dcd, received, sent, frame, overrun, parity, break: brk, bufferOverrun };
}

/** Bytes in the kernel's queues. */
export function queued(fd: number): { input: number; output: number } {
  const words = new Uint32Array(2);
  done("queued", addon.queued(fd, words));
  const [input = 0, output = 0] = words;
  return { input, output };
}

export function flush(fd: number, which: "input" | "output" | "both"): void {
  done("flush", addon.flush(fd, { input: 0, output: 1, both: 2 }[which]));
}

/** While on, nobody but root opens the line (TIOCEXCL). */
export function setExclusive(fd: number, on: boolean): void {
  done("setExclusive", addon.setExclusive(fd, on));
}

export interface Rs485 {
  readonly flags: number; // RS485 bits
  readonly delayBeforeSendMs: number;
  readonly delayAfterSendMs: number;
}

export function getRs485(fd: number): Rs485 {
  return rs485("getRs485", fd, false, [0, 0, 0]);
}

/** What the driver kept of it. */
export function setRs485(fd: number, wanted: Rs485): Rs485 {
  return rs485("setRs485", fd, true, [wanted.flags, wanted.delayBeforeSendMs, wanted.delayAfterSendMs]);
}

function rs485(call: string, fd: number, setting: boolean, wanted: number[]): Rs485 {
  const words = Uint32Array.from(wanted);
  done(call, addon.rs485(fd, setting, words));
  const [flags = 0, delayBeforeSendMs = 0, delayAfterSendMs = 0] = words;
  return { flags, delayBeforeSendMs, delayAfterSendMs };
}

/** A raw pseudo-terminal, both ends open and non-blocking. */
export function openPty(): { master: number; slave: number; path: string } {
  const words = new Uint32Array(3);
  done("openPty", addon.openPty(words));
  const [master = 0, slave = 0, name = 0] = words;
  return { master, slave, path: `/dev/pts/${name}` };
}

// Sockets: all non-blocking and close-on-exec. Addresses are numeric (`fe80::1%eth0` too), names are never looked up:
// anything else is a TypeError.

export interface SocketAddress {
  readonly family: "ipv4" | "ipv6" | "unix" | "other";
  readonly address: string;
  readonly port: number;
}

/** `""` is every address: `::` for both families, or `0.0.0.0` on a machine without IPv6. */
export function listenTcp(address: string, port: number, options: { v6only: boolean; backlog: number }): number {
  const { v6only, backlog } = options;
  return bind("listenTcp", address, each => addon.listenTcp(each, port, v6only, backlog));
}

export function bindUdp(address: string, port: number, options: { v6only: boolean }): number {
  return bind("bindUdp", address, each => addon.bindUdp(each, port, options.v6only));
}

function bind(call: string, address: string, attempt: (address: string) => number): number {
  const { EAFNOSUPPORT, EADDRNOTAVAIL } = constants.errno;
  const result = attempt(address === "" ? "::" : address);
  const noIpv6 = result === -EAFNOSUPPORT || result === -EADDRNOTAVAIL;
  return done(call, noIpv6 && address === "" ? attempt("0.0.0.0") : result);
}

/** Errors of a connection that failed while it waited, accept(2): the next event is about another one. */
const { EPROTO, ENOPROTOOPT, EOPNOTSUPP } = constants.errno;
const NOBODY = [EAGAIN, ECONNABORTED, ENETDOWN, EPROTO, ENOPROTOOPT, EHOSTUNREACH, ENETUNREACH, EOPNOTSUPP, EINTR];

/** Null: nobody waits. Throws when the process or the machine has no descriptor left. */
export function accept(listener: number): { fd: number; address: string; port: number } | null {
  const result = addon.accept(listener);
  if (typeof result === "number" && NOBODY.includes(-result)) return null;
  const { value, address, port } = found("accept", result);
  return { fd: value, address, port };
}

export function localAddress(fd: number): SocketAddress {
  const { family, address, port } = found("localAddress", addon.localAddress(fd));
  return { family, address, port };
}

export function peerAddress(fd: number): SocketAddress {
  const { family, address, port } = found("peerAddress", addon.peerAddress(fd));
  return { family, address, port };
}

export interface SocketKind {
  readonly type: "stream" | "datagram" | "other";
  readonly listening: boolean;
  readonly family: SocketAddress["family"];
}

/** What an inherited descriptor is; null: no socket. */
export function socketKind(fd: number): SocketKind | null {
  const words = new Uint32Array(2);
  const result = addon.socketKind(fd, words);
  if (result === -constants.errno.ENOTSOCK) return null;
  done("socketKind", result);
  const [type = 0, listening = 0] = words;
  return {
    type: type === 1 ? "stream" : type === 2 ? "datagram" : "other", // SOCK_STREAM, SOCK_DGRAM
    listening: listening !== 0,
    family: localAddress(fd).family,
  };
}

/** Numbered by the table in socket.c. */
const OPTION = { keepalive: 0, keepIdle: 1, keepInterval: 2, keepCount: 3, userTimeout: 4, noDelay: 5, oobInline: 6 };

/** Keepalive on; what is not given keeps the system's timing. */
export function setKeepalive(
  fd: number,
  timing: { idleSeconds?: number; intervalSeconds?: number; count?: number } = {},
): void {
  done("setKeepalive", addon.setOption(fd, OPTION.keepalive, 1));
  const { idleSeconds, intervalSeconds, count } = timing;
  if (idleSeconds !== undefined) done("setKeepalive", addon.setOption(fd, OPTION.keepIdle, idleSeconds));
  if (intervalSeconds !== undefined) done("setKeepalive", addon.setOption(fd, OPTION.keepInterval, intervalSeconds));
  if (count !== undefined) done("setKeepalive", addon.setOption(fd, OPTION.keepCount, count));
}

/** How long sent bytes may stay unacknowledged before the connection fails with ETIMEDOUT; 0: the system's time. */
export function setUserTimeout(fd: number, milliseconds: number): void {
  done("setUserTimeout", addon.setOption(fd, OPTION.userTimeout, milliseconds));
}

export function setNoDelay(fd: number): void {
  done("setNoDelay", addon.setOption(fd, OPTION.noDelay, 1));
}

/** Urgent bytes stay in the stream; `atMark` tells where. */
export function setOobInline(fd: number): void {
  done("setOobInline", addon.setOption(fd, OPTION.oobInline, 1));
}

/** True when the next byte to read is the urgent one. */
export function atMark(fd: number): boolean {
  return done("atMark", addon.atMark(fd)) !== 0;
}

/** Ends our direction of a connection; the peer reads the end after all that was written. */
export function shutdownOutput(fd: number): void {
  done("shutdownOutput", addon.shutdownOutput(fd));
}

/** One datagram, cut to the size of `into`; null: none waits. Length 0 is a datagram like any other. */
export function receiveFrom(fd: number, into: Uint8Array): { length: number; address: string; port: number } | null {
  const result = addon.receiveFrom(fd, into);
  if (result === -EAGAIN) return null;
  const { value, address, port } = found("receiveFrom", result);
  return { length: value, address, port };
}

/** Bytes sent, or -errno. */
export function sendTo(fd: number, bytes: Uint8Array, address: string, port: number): number {
  return addon.sendTo(fd, bytes, address, port);
}

/** An unbound AF_UNIX datagram socket, for `sendUnix`. */
export function unixDatagram(): number {
  return done("unixDatagram", addon.unixDatagram());
}

/** One datagram to a path of at most 107 bytes (`@name`: abstract), with at most 253 descriptors. Bytes sent, or -errno. */
export function sendUnix(fd: number, path: string, bytes: Uint8Array, descriptors: readonly number[]): number {
  return addon.sendUnix(fd, path, bytes, descriptors);
}

function done(call: string, result: number): number {
  if (result < 0) throw new KernelError(call, -result);
  return result;
}

function found(call: string, result: number | Found): Found {
  if (typeof result === "number") throw new KernelError(call, -result);
  return result;
}
