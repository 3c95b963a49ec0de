/** The one peer of inetd mode: descriptor 0, both ways (docs/reference.md, "Standard input"). */
import { setNonBlocking } from "../native/descriptors.js";
import { peerAddress, socketKind } from "../native/sockets.js";
import type { Link, PeerAddress } from "./link.js";
import { TcpLink } from "./tcp-link.js";

const STANDARD_INPUT = 0;

export function standardInput(): Link {
  setNonBlocking(STANDARD_INPUT);
  return new TcpLink(STANDARD_INPUT, peer(), "stdio");
}

function peer(): PeerAddress {
  if (socketKind(STANDARD_INPUT) !== null) {
    try {
      const { family, address, port } = peerAddress(STANDARD_INPUT);
      if (family !== "unix") return { address, port };
    } catch {
      // A socket pair, say.
    }
  }
  return { address: "unknown", port: 0 };
}
