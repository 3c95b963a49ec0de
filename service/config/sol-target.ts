/** The arguments of a SOL device: the BMC, and how a port logs in to it. */
import type { LoginSettings, SolSettings } from "../ipmi/settings.js";

export const SOL_PREFIX = "sol.";

/** Whether a device, after DEVICE substitution, is a SOL device. */
export function isSolDevice(path: string): boolean {
  return path.startsWith(SOL_PREFIX);
}

export interface SolTarget {
  /** In the order in which they are tried: one, or with `-s` two of the same BMC. */
  readonly addresses: readonly [SolAddress, ...SolAddress[]];
  /** 0: any. */
  readonly family: 0 | 4 | 6;
  /** `-U -L -Rl -Ra -Ri -Rc -H` */
  readonly login: LoginSettings;
  /** `-P`, `-Pf` or `-Pc` */
  readonly password: SolSecret;
  /** `-Rk`: Kg, the key of the BMC. */
  readonly bmcKey: SolSecret;
}

interface SolAddress {
  /** A name or a numeric address. */
  readonly host: string;
  /** UDP. */
  readonly port: number;
}

/** Where a secret comes from. It is read at each login. */
export type SolSecret =
  /** At most 20 bytes. */
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "file"; readonly path: string }
  /** A credential of systemd: a file of $CREDENTIALS_DIRECTORY. */
  | { readonly kind: "credential"; readonly name: string }
  | { readonly kind: "none" };

/** The SOL words of a port line. The bit rate is that of the line settings. */
export type SolOptions = Omit<SolSettings, "speed">;
