/** The sockets of one network port: opened and closed together. */
import { closeSync } from "node:fs";
import type { ListenAddress } from "./addresses.js";

/** What could be opened; addresses that fail are skipped. Throws the first failure when not one could be. */
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

export function closeAll(sockets: readonly number[]): void {
  for (const fd of sockets) closeSync(fd);
}
