/** What the program file gives to the daemon and to the bundles that the daemon loads (launch.ts). The sources, which tests run, have none. */
import type { Addon } from "./addon-functions.js";

export interface Launched {
  /** Null: the bundle opens one itself. */
  readonly addon: Addon | null;
  /** As `require` of a bundle beside the program, `./sol.cjs`, with kept code. */
  load(name: string): unknown;
  /** Of all that was compiled without kept code since the last call. Rejects with the system's error. */
  keepCode(): Promise<void>;
}

declare const launched: Launched | undefined;

export const launcher: Launched | null = typeof launched === "object" ? launched : null;
