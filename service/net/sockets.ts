/** The sockets of one network port: opened and closed together. */
import { Watch } from "../native/poll.js";
import { localAddress } from "../native/sockets.js";
import { claimFirst, endDescriptor, storeDescriptor } from "../native/stored-descriptors.js";
import type { ListenAddress } from "./addresses.js";

/** Opens the addresses, skipping those that fail. Throws the first failure when none could be opened. */
export function openEach(
  addresses: readonly ListenAddress[],
  open: (address: ListenAddress) => number,
): readonly number[] {
  const sockets: number[] = [];
  let problem: unknown = null;
  for (const address of addresses) {
    try {
      sockets.push(open(address));
    } catch (error) {
      problem ??= error;
    }
  }
  if (sockets.length === 0) throw problem;
  return sockets;
}

/**
 * The socket of that address which the process before this one had (`l`: TCP, `u`: UDP), or a new one; it outlives this
 * process too.
 */
export function openStored(kind: "l" | "u", address: string, port: number, open: () => number): number {
  const fd = claimFirst(kind, one => hasAddress(one, address, port)) ?? open();
  storeDescriptor(fd, kind);
  return fd;
}

function hasAddress(fd: number, address: string, port: number): boolean {
  try {
    const local = localAddress(fd);
    return local.port === port && (local.address === address || (address === "" && local.address === "::"));
  } catch {
    return false; // not a socket
  }
}

export function closeAll(sockets: readonly number[]): void {
  for (const fd of sockets) endDescriptor(fd);
}

/** Makes the listener of the sockets. If that throws, disposes of them, since the listener is never closed. */
export function serve<Served>(
  sockets: readonly number[],
  dispose: (sockets: readonly number[]) => void,
  make: () => Served,
): Served {
  try {
    return make();
  } catch (error) {
    dispose(sockets);
    throw error;
  }
}

/**
 * Watches each socket, or none: when one cannot be watched, its SystemError is thrown on.
 * @param readyOf what is called with its events
 */
export function watchEach(
  sockets: readonly number[],
  readyOf: (fd: number) => (events: number) => void,
): readonly { readonly fd: number; readonly watch: Watch }[] {
  const watched: { readonly fd: number; readonly watch: Watch }[] = [];
  try {
    for (const fd of sockets) watched.push({ fd, watch: new Watch(fd, readyOf(fd)) });
  } catch (error) {
    for (const { watch } of watched) watch.close();
    throw error;
  }
  return [...watched]; // without room for more
}
