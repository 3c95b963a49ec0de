/** The numbers of a stream as they arrive: which message is a repeat, and where some are missing (docs/fleet.md, "Topics"). */

/** A board repeats what its broker has not confirmed: at most as many messages as its spool holds. */
const REPEATED = 1_000_000;
/** A repeat goes back at most the window of a board, where each message may be of another start. */
const MOST_EPOCHS = 64;

type Taken =
  | { readonly kind: "repeat" }
  /** @param missing messages between this one and the one before */
  | { readonly kind: "new"; readonly missing: number }
  /** The numbers do not tell whether messages are missing before this one. */
  | { readonly kind: "anew" };

export class StreamNumbers {
  /** The last number of each epoch, the oldest epoch first. */
  readonly #lasts = new Map<string, number>();
  #before: { readonly epoch: string; readonly seq: number } | null = null;

  /** @param epoch an empty one stands for that of a board which does not tell it */
  take(epoch: string, seq: number): Taken {
    const last = this.#lasts.get(epoch);
    if (last !== undefined && seq <= last && seq > last - REPEATED) return { kind: "repeat" };
    this.#lasts.set(epoch, seq);
    const [oldest] = this.#lasts.keys();
    if (this.#lasts.size > MOST_EPOCHS && oldest !== undefined) this.#lasts.delete(oldest);
    const before = this.#before;
    this.#before = { epoch, seq };
    if (before === null || seq === before.seq + 1) return { kind: "new", missing: 0 };
    if (epoch !== before.epoch || seq <= before.seq) return { kind: "anew" };
    return { kind: "new", missing: seq - before.seq - 1 };
  }
}
