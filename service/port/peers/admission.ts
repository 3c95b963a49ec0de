/** The checks of an accepted connection, in order (docs/reference.md, "Accepting a connection"). */
import { toBytes } from "../../line/bytes.js";
import { type Link, LinkError } from "../../net/link.js";

export const REFUSAL = {
  denied: "Access denied\r\n",
  portInUse: "Port already in use\r\n",
  deviceInUse: "Port's device already in use\r\n",
  locked: "Port already in use by another process\r\n",
  lockFailed: "Error creating port lock file\r\n",
  kicked: "kicked off, new user is coming\r\n",
  noFreePort: "No free port found\r\n",
  draining: "Port is draining: no new connections for now, try again later\r\n",
} as const;

export interface AdmissionRequest {
  readonly admittedByAddress: boolean;
  /** No new connections before an update. */
  readonly draining: boolean;
  /** Which slots are in use. */
  readonly slots: readonly boolean[];
  /** Slots of fixed UDP peers, which a new connection cannot kick. */
  readonly fixed: readonly boolean[];
  readonly kickolduser: boolean;
  /** Another port has the device open. */
  readonly deviceBusy: boolean;
}

type Admission =
  | { readonly verdict: "refuse"; readonly text: string }
  | { readonly verdict: "attach"; readonly slot: number }
  /** The peer in `slot` has to go first. */
  | { readonly verdict: "kick"; readonly slot: number };

export function decideAdmission(request: AdmissionRequest): Admission {
  if (!request.admittedByAddress) return { verdict: "refuse", text: REFUSAL.denied };
  if (request.draining) return { verdict: "refuse", text: REFUSAL.draining };
  const free = request.slots.indexOf(false);
  if (free >= 0) {
    if (request.deviceBusy) return { verdict: "refuse", text: REFUSAL.deviceInUse };
    return { verdict: "attach", slot: free };
  }
  const victim = request.kickolduser ? request.fixed.indexOf(false) : -1;
  if (victim < 0) return { verdict: "refuse", text: REFUSAL.portInUse };
  return { verdict: "kick", slot: victim };
}

/** Tells the peer why it is refused, and closes the link. */
export function refuse(link: Link, text: string): void {
  writeIfOpen(link, toBytes(text));
  link.close();
}

/** Writes what the link takes at once; its owner handles a link that has failed. */
export function writeIfOpen(link: Link, bytes: Uint8Array): void {
  try {
    link.write(bytes);
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
  }
}

/** Takes a link that the TCP wrappers permit: at once, or after their look-ups. */
export function acceptPermitted(
  link: Link,
  permitted: boolean | Promise<boolean>,
  take: (link: Link) => void,
  deny: (link: Link, text: string) => void = refuse,
): void {
  const decide = (ok: boolean): void => (ok ? take(link) : deny(link, REFUSAL.denied));
  if (typeof permitted === "boolean") decide(permitted);
  else void permitted.then(decide);
}
