/** remaddr: which peers a port admits. */
import { parseAddress, samePrefix, unmapped } from "./address.js";

/** A remaddr entry whose host has been looked up. */
interface RemoteEntry {
  /** Numeric. Null without a host (`remaddr=0`): the wildcard address, which no peer has. */
  readonly address: string | null;
  /** 0: any port. */
  readonly port: number;
}

/** Null admits every peer, an empty list none. IPv4 peers of a dual-stack socket are compared as IPv4. */
export function isAdmitted(entries: readonly RemoteEntry[] | null, peer: { address: string; port: number }): boolean {
  return entries === null || entries.some(entry => matchesEntry(entry, peer));
}

/** An entry without a scope matches its link-local address on every link. */
function matchesEntry(entry: RemoteEntry, peer: { address: string; port: number }): boolean {
  if (entry.address === null || (entry.port !== 0 && entry.port !== peer.port)) return false;
  const [wanted, actual] = [entry.address, peer.address].map(parseAddress);
  if (!wanted || !actual) return false;
  const [one, other] = [unmapped(wanted), unmapped(actual)];
  return (
    one.family === other.family &&
    samePrefix(one.bytes, other.bytes, 128) &&
    (one.scope === "" || one.scope === other.scope)
  );
}
