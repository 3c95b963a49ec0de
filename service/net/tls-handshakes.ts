/** Handshakes of TLS: how many at a time, how long, and how much of the time of the process. */
import type { Cancel, Clock } from "../line/clock.js";
import type { Link } from "./link.js";

/** From the connection to the first bytes, and from the begin of the handshake to its end. */
const LIMIT_MS = 10_000;
/** Between these two: that others came before it is not its fault. */
const QUEUE_MS = 30_000;
/** Under way: each costs about 60 KB. */
const MOST_RUNNING = 32;
/** The pause after a step, against the step; a slow processor need not wait for more than LONGEST_PAUSE_MS. */
const PAUSE_SHARE = 8;
const LONGEST_PAUSE_MS = 8;
/** Connected, of these some under way: each costs a descriptor. More are closed at once. */
const MOST_PENDING = 512;

/** One that has not come to its end. */
export interface Pending {
  readonly link: Link;
  /** The peer has sent something, and there is room. */
  run(): void;
  /** The time is over: closes the link. */
  expired(): void;
}

/**
 * Peers wait, unread, until they have sent something and fewer than MOST_RUNNING are under way. A step takes processor time that
 * data ports need: after each step the event loop gets several times as long.
 */
export class Handshakes {
  readonly #clock: Clock;
  readonly #pending = new Map<Pending, Cancel>();
  readonly #running = new Set<Pending>();
  readonly #ready: Pending[] = [];
  readonly #steps: (() => void)[] = [];
  #isWaiting = false;
  /** When the next step may run. */
  #nextMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** False: there are too many, and the link is the caller's. */
  add(one: Pending): boolean {
    if (this.#pending.size >= MOST_PENDING) return false;
    this.#limit(one, LIMIT_MS);
    one.link.whenReadable(() => {
      this.#limit(one, QUEUE_MS);
      this.#ready.push(one);
      this.#fill();
    });
    return true;
  }

  /** It has come to its end, whatever that is. False: it had before. */
  end(one: Pending): boolean {
    const cancel = this.#pending.get(one);
    if (cancel === undefined) return false;
    cancel();
    this.#pending.delete(one);
    this.#running.delete(one);
    this.#fill();
    return true;
  }

  readonly schedule = (step: () => void): void => {
    this.#steps.push(step);
    if (!this.#isWaiting) this.#waitForStep();
  };

  #limit(one: Pending, ms: number): void {
    this.#pending.get(one)?.();
    const expire = (): void => {
      if (this.end(one)) one.expired();
    };
    this.#pending.set(one, this.#clock.after(ms, expire));
  }

  #fill(): void {
    while (this.#running.size < MOST_RUNNING) {
      const one = this.#ready.shift();
      if (one === undefined) return;
      if (!this.#pending.has(one)) continue;
      this.#running.add(one);
      this.#limit(one, LIMIT_MS);
      this.schedule(() => {
        if (this.#running.has(one)) one.run();
      });
    }
  }

  #waitForStep(): void {
    this.#isWaiting = true;
    this.#clock.after(Math.max(0, Math.ceil(this.#nextMs - this.#clock.nowMs())), () => {
      const startMs = this.#clock.nowMs();
      this.#steps.shift()?.();
      const endMs = this.#clock.nowMs();
      const stepMs = endMs - startMs;
      this.#nextMs = endMs + Math.max(stepMs, Math.min(PAUSE_SHARE * stepMs, LONGEST_PAUSE_MS));
      this.#isWaiting = this.#steps.length > 0;
      if (this.#isWaiting) this.#waitForStep();
    });
  }
}
