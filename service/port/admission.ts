/** The checks of an accepted connection, in order (docs/reference.md, "Accepting a connection"). */

export const REFUSAL = {
  denied: "Access denied\r\n",
  portInUse: "Port already in use\r\n",
  deviceInUse: "Port's device already in use\r\n",
  locked: "Port already in use by another process\r\n",
  lockFailed: "Error creating port lock file\r\n",
  kicked: "kicked off, new user is coming\r\n",
  noFreePort: "No free port found\r\n",
} as const;

export interface Arrival {
  readonly admittedByAddress: boolean;
  /** Which places are taken. */
  readonly slots: readonly boolean[];
  /** Places of fixed UDP peers, which nobody can kick off. */
  readonly fixed: readonly boolean[];
  readonly kickolduser: boolean;
  /** Another port has the device open. */
  readonly deviceBusy: boolean;
}

export type Admission =
  | { readonly verdict: "refuse"; readonly text: string }
  | { readonly verdict: "seat"; readonly slot: number }
  /** The peer in `slot` has to go first. */
  | { readonly verdict: "kick"; readonly slot: number };

export function admit(arrival: Arrival): Admission {
  if (!arrival.admittedByAddress) return { verdict: "refuse", text: REFUSAL.denied };
  const free = arrival.slots.indexOf(false);
  if (free >= 0) {
    if (arrival.deviceBusy) return { verdict: "refuse", text: REFUSAL.deviceInUse };
    return { verdict: "seat", slot: free };
  }
  const victim = arrival.kickolduser ? arrival.fixed.indexOf(false) : -1;
  if (victim < 0) return { verdict: "refuse", text: REFUSAL.portInUse };
  return { verdict: "kick", slot: victim };
}
