/** The one peer of inetd mode: descriptor 0, both ways (docs/reference.md, "Standard input"). */
import { setNonBlocking } from "../native/descriptors.js";
import { peerAddress, socketKind } from "../native/sockets.js";
import type { Link, PeerAddress } from "./link.js";
import { TcpLink } from "./tcp-link.js";

const STANDARD_INPUT = 0;

export function standardInput(): Link {
  setNonBlocking(STANDARD_INPUT);
  const peer = tcpPeer();
  return new TcpLink(STANDARD_INPUT, peer ?? { address: "unknown", port: 0 }, "stdio", peer !== null);
}

/** Null where descriptor 0 is something else. */
function tcpPeer(): PeerAddress | null {
  if (socketKind(STANDARD_INPUT) !== null) {
    try {
      const { family, address, port } = peerAddress(STANDARD_INPUT);
      if (family !== "unix") return { address, port };
    } catch {
      // A socket pair, say.
    }
  }
  return null;
}
