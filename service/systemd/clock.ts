/** Time as this room uses it. */
export interface Clock {
  /** Never set back, and not a time of day. */
  nowMs(): number;
  /** Calls back once, later; the function it gives takes that back. */
  after(delayMs: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs).unref(); // telling the manager is no reason to stay alive
    return () => clearTimeout(timer);
  },
};
