/** The shape of what the compiled addon exports. */

/** The result of a call (a descriptor, a length), and the address that it concerns. */
export interface AddressResult {
  readonly value: number;
  readonly family: "ipv4" | "ipv6" | "unix" | "other";
  readonly address: string;
  readonly port: number;
}

/** Every number is -errno when negative. A wrong argument throws a TypeError. */
export interface Addon {
  read(fd: number, into: Uint8Array): number;
  write(fd: number, bytes: Uint8Array): number;
  setNonBlocking(fd: number): number;
  setCloseOnExec(fd: number): number;
  lockFile(fd: number): number;
  reserveDescriptors(count: number): number;
  errorReason(errno: number): string;
  releaseMemory(): number;
  setV8Flags(flags: string): number;
  checksum(bytes: Uint8Array): number;

  getTermios(fd: number, into: Uint32Array): number;
  setTermios(fd: number, from: Uint32Array): number;
  getModem(fd: number): number;
  setModem(fd: number, set: number, clear: number): number;
  openDevice(path: Uint8Array, writeOnly: boolean, set: number, clear: number): number;
  setBreak(fd: number, on: boolean): number;
  playLines(fd: number, count: number, steps: Uint32Array): number;
  endLines(id: number, now: boolean): number;
  getCounters(fd: number, into: Uint32Array): number;
  queued(fd: number, into: Uint32Array): number;
  flush(fd: number, which: number): number;
  setRs485(fd: number, words: Uint32Array): number;

  listenTcp(address: string, port: number, v6only: boolean, backlog: number): number;
  bindUdp(address: string, port: number, v6only: boolean): number;
  accept(listener: number): number | AddressResult;
  localAddress(fd: number): number | AddressResult;
  peerAddress(fd: number): number | AddressResult;
  socketKind(fd: number, into: Uint32Array): number;
  setOption(fd: number, option: number, value: number): number;
  tcpInfo(fd: number, into: Uint32Array): number;
  receiveFrom(fd: number, into: Uint8Array): number | AddressResult;
  sendTo(fd: number, bytes: Uint8Array, address: string, port: number): number;
  unixDatagram(): number;
  bindUnix(fd: number, path: string): number;
  sendUnix(fd: number, path: string, bytes: Uint8Array): number;
  listenUnix(path: Uint8Array, backlog: number): number;
  tryUnix(path: Uint8Array): number;
  peerCredentials(fd: number, into: Uint32Array): number;

  sendDescriptor(fd: number, path: string, text: Uint8Array, passed: number): number;
  sendBarrier(fd: number, path: string, limitMs: number): number;
  memoryFile(): number;
  seal(fd: number): number;
  isSealed(fd: number): number;
  shutdownSocket(fd: number): number;
  setInheritable(fd: number, on: boolean): number;
  becomeProgram(path: Uint8Array, args: Uint8Array, environment: Uint8Array): number;

  inotifyOpen(): number;
  inotifyAdd(fd: number, path: Uint8Array, mask: number): number;
  inotifyRemove(fd: number, watch: number): number;

  pollStart(batch: Float64Array, dispatch: (count: number) => void): number;
  pollControl(operation: number, fd: number, id: number, events: number, atTicks: boolean): number;
  pollTick(ms: number): number;
  pollHold(on: boolean): number;
}
