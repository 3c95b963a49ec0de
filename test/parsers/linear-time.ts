/** Whether work takes time in proportion to its input, or more. */
import { createContext, Script } from "node:vm";

export interface Growth {
  /** The larger of two inputs, in characters; the smaller one is a quarter of it. */
  readonly length: number;
  /** Null: it had not ended after DEADLINE_MS. */
  readonly ms: number | null;
  readonly quarterMs: number;
}

/** 4 is linear, 16 is quadratic. Between them lies what memory and its collection add. */
export const MAX_GROWTH = 10;

/** One run of each is enough where the growth is that of linear work: 16 may not look like it. */
const PLAINLY_LINEAR = 6;

const FIRST_LENGTH = 32;
/** The product reads no larger text. */
const LONGEST = 1 << 20;
/** From here on the clock and the compiler do not matter. */
const ENOUGH_MS = 40;
const TRIES = 3;
/** Work that is exponential does not end. */
const DEADLINE_MS = 20_000;

/**
 * Gives longer and longer inputs, until one takes long enough to compare it with a quarter of it.
 * Where that one seems to take too long, it is compared with one four times as long: a larger heap and its collection
 * cost more once, work that is more than linear does so at each length.
 */
export function growthOf(work: (input: string) => void, make: (length: number) => string): Growth {
  let quarter = make(FIRST_LENGTH);
  let isSecond = false;
  let quarterMs = 0;
  for (let length = FIRST_LENGTH * 4; ; length *= 4) {
    const input = make(length);
    const first = timed(work, input, 1);
    if (first === null) return { length, ms: null, quarterMs: timed(work, quarter, 1) ?? DEADLINE_MS };
    const isPlain = first <= PLAINLY_LINEAR * quarterMs;
    if (first >= ENOUGH_MS ? isPlain : length >= LONGEST) return { length, ms: first, quarterMs };
    if (first >= ENOUGH_MS || length >= LONGEST) {
      const ms = timed(work, input, TRIES) ?? DEADLINE_MS;
      const growth = { length, ms, quarterMs: timed(work, quarter, TRIES) ?? DEADLINE_MS };
      if (length >= LONGEST) return growth;
      const isEnough = ms >= ENOUGH_MS; // the first run may have been slower than it is
      if (isEnough && (isLinear(growth) || isSecond)) return growth;
      isSecond ||= isEnough;
    }
    quarter = input;
    quarterMs = first;
  }
}

export function isLinear({ ms, quarterMs }: Growth): boolean {
  return ms !== null && (ms < ENOUGH_MS || ms <= MAX_GROWTH * quarterMs);
}

/** It may be an Error of the other context, which is no instance of this one's. */
function isTimeout(error: unknown): boolean {
  return (
    typeof error === "object" && error !== null && "code" in error && error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT"
  );
}

/** Processor time of the shortest of some tries, in milliseconds; null when one does not end. Other programs do not count. */
function timed(work: (input: string) => void, input: string, tries: number): number | null {
  const script = new Script("work()");
  const context = createContext({ work: () => work(input) });
  let best = Number.POSITIVE_INFINITY;
  for (let left = tries; left > 0; left--) {
    const start = process.cpuUsage();
    try {
      script.runInContext(context, { timeout: DEADLINE_MS });
    } catch (error) {
      if (isTimeout(error)) return null;
      throw error;
    }
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}
