/**
 * System calls on sockets, all non-blocking and close-on-exec. Addresses are numeric (`fe80::1%eth0` too) and names are
 * never looked up: anything else is a TypeError.
 */
import { addon } from "./addon.js";
import {
  addressResult,
  done,
  EAGAIN,
  ECONNABORTED,
  EHOSTUNREACH,
  EINTR,
  ENETDOWN,
  ENETUNREACH,
  errno,
} from "./errors.js";

interface SocketAddress {
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
  const { EAFNOSUPPORT, EADDRNOTAVAIL } = errno;
  const result = attempt(address === "" ? "::" : address);
  const noIpv6 = result === -EAFNOSUPPORT || result === -EADDRNOTAVAIL;
  return done(call, noIpv6 && address === "" ? attempt("0.0.0.0") : result);
}

/** Errors of a connection that failed while it waited, accept(2): the next event is about another one. */
const { EPROTO, ENOPROTOOPT, EOPNOTSUPP } = errno;
const TRANSIENT_ACCEPT_ERRORS = [
  EAGAIN,
  ECONNABORTED,
  ENETDOWN,
  EPROTO,
  ENOPROTOOPT,
  EHOSTUNREACH,
  ENETUNREACH,
  EOPNOTSUPP,
  EINTR,
];

/** Null: no connection waits. Throws when the process or the machine has no descriptor left. */
export function accept(listener: number): { fd: number; address: string; port: number } | null {
  const result = addon.accept(listener);
  if (typeof result === "number" && TRANSIENT_ACCEPT_ERRORS.includes(-result)) return null;
  const { value, address, port } = addressResult("accept", result);
  return { fd: value, address, port };
}

export function localAddress(fd: number): SocketAddress {
  const { family, address, port } = addressResult("localAddress", addon.localAddress(fd));
  return { family, address, port };
}

export function peerAddress(fd: number): SocketAddress {
  const { family, address, port } = addressResult("peerAddress", addon.peerAddress(fd));
  return { family, address, port };
}

interface SocketKind {
  readonly type: "stream" | "datagram" | "other";
  readonly listening: boolean;
  readonly family: SocketAddress["family"];
}

/** The kind of an inherited descriptor; null: it is not a socket. */
export function socketKind(fd: number): SocketKind | null {
  const words = new Uint32Array(2);
  const result = addon.socketKind(fd, words);
  if (result === -errno.ENOTSOCK) return null;
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

/** Urgent bytes stay in the stream. */
export function setOobInline(fd: number): void {
  done("setOobInline", addon.setOption(fd, OPTION.oobInline, 1));
}

export interface TcpInfo {
  /** The peer has ended its direction (CLOSE_WAIT), or the connection is over. */
  readonly ended: boolean;
  /** Segments sent and not acknowledged. */
  readonly unacknowledged: number;
  /** Keepalive or zero-window probes without an answer. */
  readonly probes: number;
  readonly sinceLastAckMs: number;
}

const CLOSED_STATES = [7, 8]; // TCP_CLOSE, TCP_CLOSE_WAIT

/** The state of a connection in the kernel (tcp(7), TCP_INFO). Throws SystemError for another kind of socket. */
export function tcpInfo(fd: number): TcpInfo {
  const words = new Uint32Array(4);
  done("tcpInfo", addon.tcpInfo(fd, words));
  const [state = 0, unacknowledged = 0, probes = 0, sinceLastAckMs = 0] = words;
  return { ended: CLOSED_STATES.includes(state), unacknowledged, probes, sinceLastAckMs };
}

/** One datagram, cut to the size of `into`; null: none waits. Length 0 is a datagram like any other. */
export function receiveFrom(fd: number, into: Uint8Array): { length: number; address: string; port: number } | null {
  const result = addon.receiveFrom(fd, into);
  if (result === -EAGAIN) return null;
  const { value, address, port } = addressResult("receiveFrom", result);
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

/** What is sent to `@name` is read from the socket. Throws SystemError, EADDRINUSE where another one has the name. */
export function bindUnix(fd: number, name: string): void {
  done("bindUnix", addon.bindUnix(fd, name));
}

/** One datagram to a path of at most 107 bytes (`@name`: abstract). Bytes sent, or -errno. */
export function sendUnix(fd: number, path: string, bytes: Uint8Array): number {
  return addon.sendUnix(fd, path, bytes);
}
