/**
 * Resets of esptool that come over RFC 2217, played in the time that the two transistors of an ESP board need
 * (docs/extensions.md, "esp-auto-reset"). esptool changes one line after the other, with 50 ms or more between them on a
 * network. The chip would leave its reset in the middle of that, before the line that selects the boot mode has changed.
 */
import type { Cancel, Clock } from "../line/clock.js";
import type { ModemControl } from "../line/modem.js";

/** How long the chip is held in reset, and the boot mode is shown after it, at least: the times of esptool. */
const RESET_MS = 100;
const BOOT_MODE_MS = 50;
/** A request for DTR while the chip is in reset waits so long for the one for RTS that belongs to it. */
const PARTNER_MS = 1000;
/** Requests that may wait; more of them are not a reset, and act at once. */
const MOST_WAITING = 16;

type Change = Partial<ModemControl>;

export class EspAutoReset {
  readonly #drive: (lines: Change) => void;
  readonly #clock: Clock;
  /** As the hardware has them. */
  #lines: ModemControl;
  /** Requests that have not reached the hardware. */
  readonly #waiting: Change[] = [];
  #cancel: Cancel | null = null;
  #isForPartner = false;

  /** @param drive lines in one call */
  constructor(now: ModemControl, drive: (lines: Change) => void, clock: Clock) {
    this.#lines = now;
    this.#drive = drive;
    this.#clock = clock;
  }

  /** The lines as they were asked for last, whether they have them yet or not. */
  get asked(): ModemControl {
    return Object.assign({}, this.#lines, ...this.#waiting);
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0 && this.#cancel === null;
  }

  /** A request of a client; what it asks for is driven now, or with the request that it belongs to. */
  request(change: Change): void {
    this.#waiting.push(change);
    if (this.#waiting.length > MOST_WAITING) this.end(true);
    // In reset the time for the partner ends with its arrival, the time of a step does not.
    else if (this.#cancel === null || this.#isForPartner) this.#advance();
  }

  /** Waits no more. @param drives whether the lines get what was asked for */
  end(drives: boolean): void {
    this.#stopWaiting();
    const rest: Change = Object.assign({}, ...this.#waiting.splice(0));
    if (!drives) return;
    if (rest.dtr !== undefined || rest.rts !== undefined) this.#act(rest);
  }

  #advance(): void {
    this.#stopWaiting();
    while (this.#waiting.length > 0) {
      const [first = {}, ...rest] = this.#waiting;
      const then = { ...this.#lines, ...first };
      const isInReset = !this.#lines.dtr && this.#lines.rts;
      if (!isInReset || !then.dtr || !then.rts) {
        this.#waiting.shift();
        if (this.#step(first)) return;
        continue;
      }
      // DTR rises in reset: with the fall of RTS it selects the boot mode, and both must change together.
      const partner = rest.findIndex(one => one.rts === false);
      if (partner < 0) {
        this.#wait(PARTNER_MS, () => this.end(true), true);
        return;
      }
      const together = Object.assign({}, ...this.#waiting.splice(0, partner + 2));
      if (this.#step(together)) return;
    }
  }

  /** True: what follows has to wait. */
  #step(change: Change): boolean {
    const before = this.#lines;
    this.#act(change);
    const { dtr, rts } = this.#lines;
    const wasInReset = !before.dtr && before.rts;
    if (dtr === before.dtr && rts === before.rts) return false;
    if (!dtr && rts) this.#wait(RESET_MS, () => this.#advance(), false);
    else if (wasInReset && dtr && !rts) this.#wait(BOOT_MODE_MS, () => this.#advance(), false);
    return this.#cancel !== null;
  }

  #act(change: Change): void {
    this.#lines = { ...this.#lines, ...change };
    this.#drive(change);
  }

  #wait(ms: number, then: () => void, isForPartner: boolean): void {
    this.#isForPartner = isForPartner;
    this.#cancel = this.#clock.after(ms, () => {
      this.#cancel = null;
      then();
    });
  }

  #stopWaiting(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}
