/** The messages of one connection on their way to the broker: no more are under way than it takes, the others wait. */
import type { Cancel, Clock } from "../line/clock.js";

/** A broker confirms in the order in which messages come (MQTT 5, 4.6): each waits at most so long as the first one. */
export const SILENT_SECONDS = 60;

/** Sends a message. @param confirmed is called when the broker has it, or has refused it */
type Send = (confirmed: () => void) => void;

export class Outbox {
  /** How many messages may be under way: a broker may end the connection of who sends more. */
  readonly window: number;
  readonly #clock: Clock;
  readonly #silent: () => void;
  /** In the order in which they were sent. */
  readonly #underWay = new Set<Send>();
  #waiting: { readonly retained: string | null; readonly send: Send }[] = [];
  /** Since when the first one under way is the first. */
  #firstSinceMs = 0;
  #cancelWatch: Cancel | null = null;
  #progressed: () => void = () => {};

  /** @param silent is called once: the broker does not confirm the first message */
  constructor(window: number, clock: Clock, silent: () => void) {
    this.window = window;
    this.#clock = clock;
    this.#silent = silent;
  }

  /**
   * Sends the message in its turn.
   * @param retained its topic, where the broker keeps the message: one of the same topic that still waits is not sent any more, so
   *   that the statuses of a board have a bound
   */
  add(retained: string | null, send: Send): void {
    const at = retained === null ? -1 : this.#waiting.findIndex(one => one.retained === retained);
    if (this.#underWay.size < this.window) this.#send(send);
    else if (at < 0) this.#waiting.push({ retained, send });
    else this.#waiting[at] = { retained, send };
  }

  /** Resolves to whether all is confirmed, when it is, when nothing is confirmed for so long, or at `close`. */
  async finish(patienceMs: number): Promise<boolean> {
    while (this.#underWay.size > 0) if (!(await this.#hasProgress(patienceMs))) return false;
    return true;
  }

  /** The connection is lost, and with it what was not confirmed. */
  close(): void {
    this.#cancelWatch?.();
    this.#waiting = [];
    this.#underWay.clear();
    this.#progressed();
  }

  #send(send: Send): void {
    if (this.#underWay.size === 0) this.#firstSinceMs = this.#clock.nowMs();
    this.#underWay.add(send);
    this.#cancelWatch ??= this.#clock.after(SILENT_SECONDS * 1000, () => this.#watch());
    send(() => this.#confirmed(send));
  }

  #confirmed(send: Send): void {
    const [first] = this.#underWay;
    if (!this.#underWay.delete(send)) return;
    if (send === first) this.#firstSinceMs = this.#clock.nowMs();
    const next = this.#waiting.shift();
    if (next !== undefined) this.#send(next.send);
    this.#progressed();
  }

  #watch(): void {
    const restMs = this.#firstSinceMs + SILENT_SECONDS * 1000 - this.#clock.nowMs();
    if (this.#underWay.size === 0) this.#cancelWatch = null;
    else if (restMs <= 0) this.#silent();
    else this.#cancelWatch = this.#clock.after(restMs, () => this.#watch());
  }

  #hasProgress(patienceMs: number): Promise<boolean> {
    return new Promise(resolve => {
      const cancel = this.#clock.after(patienceMs, () => resolve(false));
      this.#progressed = () => {
        cancel();
        resolve(true);
      };
    });
  }
}
