/** Which session sequence numbers of the BMC are new: each packet counts once, in any order (IPMI 2.0, section 6.12.13). */

import type { SequenceWindowState } from "../handover/sol-state.js";

/** Numbers this far below the highest one are accepted, once each; without an AuthCode, also numbers this far above it. */
const WINDOW = 16;

/** So many numbers without an AuthCode in a row, too far ahead but near each other, are true: an outage has lost those between. */
const TRUE_IN_A_ROW = 3;

export class SequenceWindow {
  readonly #isAuthenticated: boolean;
  #highest: number | null;
  /** Bit n: the number n below the highest was accepted. */
  #seen: number;
  /** The last number that was too far ahead, and how many in a row were near each other. */
  #far = { sequence: 0, count: 0 };

  /**
   * An authenticated number may be any distance ahead: it is genuine, and those between were lost. A damaged number
   * without an AuthCode must not move the window away from the true ones; several damaged ones do not follow each other.
   */
  constructor({ isAuthenticated }: { isAuthenticated: boolean }, before: SequenceWindowState | null = null) {
    this.#isAuthenticated = isAuthenticated;
    this.#highest = before?.highest ?? null;
    this.#seen = before?.seen ?? 0;
  }

  /** For the process after this one. */
  state(): SequenceWindowState {
    return { highest: this.#highest, seen: this.#seen };
  }

  /** True once for each number; 0 is never used. */
  accept(sequence: number): boolean {
    if (sequence === 0) return false;
    const ahead = this.#highest === null ? 0 : (sequence - this.#highest) | 0; // modulo 2^32
    if (this.#highest === null || ahead > 0) {
      if (this.#highest !== null && ahead > WINDOW && !this.#isAuthenticated && !this.#isTrue(sequence)) return false;
      this.#seen = ahead > WINDOW ? 1 : (this.#seen << ahead) | 1;
      this.#highest = sequence;
      this.#far.count = 0;
      return true;
    }
    if (-ahead > WINDOW || (this.#seen & (1 << -ahead)) !== 0) return false;
    this.#seen |= 1 << -ahead;
    this.#far.count = 0;
    return true;
  }

  /** @param sequence too far ahead */
  #isTrue(sequence: number): boolean {
    const { sequence: before, count } = this.#far;
    const step = (sequence - before) | 0; // modulo 2^32
    if (count > 0 && step === 0) return false; // the network has doubled it
    this.#far = { sequence, count: count > 0 && step > 0 && step <= WINDOW ? count + 1 : 1 };
    return this.#far.count >= TRUE_IN_A_ROW;
  }
}
