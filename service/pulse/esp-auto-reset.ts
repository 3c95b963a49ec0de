/**
 * Recognises resets of esptool that come over RFC 2217, and drives them with the timing that the two transistors of an ESP board
 * need (docs/extensions.md, "esp-auto-reset"). esptool changes one line after the other; on a network 50 ms or more are between
 * them. Without this, the chip would leave reset before the line that selects the boot mode has changed.
 */
import type { Cancel, Clock } from "../line/clock.js";
import type { ModemControl } from "../line/modem.js";

/** The shortest times for which the chip is held in reset, and the boot mode line after that: those of esptool. */
const RESET_MS = 100;
const BOOT_MODE_MS = 50;
/** How long a request for DTR during reset waits for the request for RTS that belongs to it. */
const PARTNER_MS = 1000;
/** Most requests that wait. More than that are not a reset, and all are carried out at once. */
const MOST_WAITING = 16;

type Change = Partial<ModemControl>;

export class EspAutoReset {
  readonly #drive: (lines: Change) => void;
  readonly #clock: Clock;
  /** The lines as they were driven last. */
  #lines: ModemControl;
  /** Requests that have not reached the hardware. */
  readonly #waiting: Change[] = [];
  #cancel: Cancel | null = null;
  #isForPartner = false;

  /** @param now the lines at the start @param drive sets lines in one call */
  constructor(now: ModemControl, drive: (lines: Change) => void, clock: Clock) {
    this.#lines = now;
    this.#drive = drive;
    this.#clock = clock;
  }

  /** The lines as they were requested last, driven already or not. */
  get asked(): ModemControl {
    return Object.assign({}, this.#lines, ...this.#waiting);
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0 && this.#cancel === null;
  }

  /** Takes a request of a client. It is driven now, or together with the request that it belongs to. */
  request(change: Change): void {
    this.#waiting.push(change);
    if (this.#waiting.length > MOST_WAITING) this.end(true);
    // A new request ends the wait for a partner; it does not shorten the time of a step.
    else if (this.#cancel === null || this.#isForPartner) this.#advance();
  }

  /** Ends all waiting. @param drives true: the lines get the requested states */
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

  /** Drives one change. True: the next change has to wait. */
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
