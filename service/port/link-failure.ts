/** What the log and the trace are told of a peer's link that failed (docs/reference.md, "Order of output"). */
import { LinkError } from "../net/link.js";

export interface LinkFailure {
  readonly log: string | null;
  /** Why the connection ends, in the trace. */
  readonly reason: string;
}

/** Anything but a LinkError is a bug, and thrown on. */
export function describeLinkFailure(error: unknown, call: "read" | "write", port: string): LinkFailure {
  if (!(error instanceof LinkError)) throw error;
  if (call === "read") return { log: `read error for port ${port}: ${error.reason}`, reason: "network read error" };
  if (error.code === "pipe") return { log: null, reason: "EPIPE" };
  return { log: `The network write for port ${port} had error: ${error.reason}`, reason: "network write error" };
}
