/** What a SOL session is made with. */
import type { Proposal } from "./suites.js";

/** Numbered as in Set Session Privilege Level. */
export const PRIVILEGES = { callback: 1, user: 2, operator: 3, admin: 4, oem: 5 } as const;
export type Privilege = keyof typeof PRIVILEGES;

/** The wire codes of SOL bit rates (IPMI 2.0, table 26-5). */
export const BIT_RATES: ReadonlyMap<number, number> = new Map([
  [9600, 0x06],
  [19200, 0x07],
  [38400, 0x08],
  [57600, 0x09],
  [115200, 0x0a],
]);

/** Passwords and BMC keys are padded with zeros to this, and cut behind it. */
export const SECRET_BYTES = 20;
/** User names are cut behind it. */
export const USER_NAME_BYTES = 16;

/** What happens where the payload is active elsewhere; also the serial alert behaviour of Activate Payload. */
type SharedSerialAlert = "fail" | "deferred" | "succeed";

export interface LoginSettings {
  /** At most 16 bytes. */
  readonly userName: Uint8Array;
  readonly privilege: Privilege;
  /** Look the user up by name and privilege, not by name alone. */
  readonly lookupByPrivilege: boolean;
  /** Tried in this order, where the BMC refuses the algorithms of one. */
  readonly proposals: readonly Proposal[];
  /** For BMCs that expect only the privilege nibble as the role in RAKP 3. */
  readonly rakp3PrivilegeOnly: boolean;
  /** For BMCs that use SIK in place of K1. */
  readonly integrityBySik: boolean;
}

/** Read at each login, overwritten after it. */
export interface LoginSecrets {
  /** Padded to 20 bytes. */
  readonly password: Uint8Array;
  /** Kg, padded to 20 bytes; null: the BMC has none. */
  readonly bmcKey: Uint8Array | null;
}

export interface SolSettings {
  /** Bits per second; one of BIT_RATES. */
  readonly speed: number;
  readonly authenticated: boolean;
  readonly encrypted: boolean;
  readonly sharedSerialAlert: SharedSerialAlert;
  readonly deassertOnConnect: boolean;
  /** How long a packet waits for its acknowledgement until it is sent again. */
  readonly ackTimeoutUs: number;
  /** How often a packet is sent before the BMC counts as lost. */
  readonly ackRetries: number;
}

/** A copy of the secret, padded with zeros to SECRET_BYTES, or cut. */
export function padSecret(secret: Uint8Array): Uint8Array {
  const padded = new Uint8Array(SECRET_BYTES);
  padded.set(secret.subarray(0, SECRET_BYTES));
  return padded;
}
