/**
 * When to read a source again. A wake-up costs the same for one byte or a thousand, so a source that keeps delivering is
 * read at ticks; one that was quiet is answered at once; one that is ahead of its own line speed is never waited for.
 */

/** A source that was silent this long is quiet: a person typing, a new message. */
const QUIET_MS = 4;
/** A read that brings more than the line could have sent since the last one, and this much, comes from a full buffer. */
const AHEAD_SLACK_MS = 16;
/** How much of a line's time may be used before an alternating dialogue counts as two streams. */
const DIALOGUE_MS = 16;
/** A source that has used less of its line's time than this sends a short frame: its last byte is wanted as soon as its first. */
const FRAME_MS = 1;
/** So many wake-ups a short frame or a dialogue may cost at once, and so many more in each millisecond. */
const FREE_WAKEUPS = 16;
const WAKEUPS_PER_MS = 2;
/** Ticks, in milliseconds, a stream is moved along; below the manual page's chardelay-max of 20 ms. */
export const TICKS_MS = [2, 4, 8, 16] as const;
/** A stream has earned a longer tick when it has lasted this many of the present ones: the last byte of a frame must not wait. */
const TICKS_TO_GROW = 16;

/** What is remembered of one source between two reads. */
export interface ReadPacing {
  lastReadMs: number;
  /** Line time of what came lately; leaks away at half the speed of the line. */
  burstMs: number;
  /** Wake-ups that came lately; leak away at WAKES_PER_MS. */
  wakeups: number;
  /** Index into TICKS_MS, or -1 while the source is waited for. */
  tick: number;
  /** When the source was quiet last. */
  busySinceMs: number;
}

export function newReadPacing(): ReadPacing {
  return { lastReadMs: Number.NEGATIVE_INFINITY, burstMs: 0, wakeups: 0, tick: -1, busySinceMs: 0 };
}

/** What to do after a read of `bytes` bytes (> 0). */
export type NextRead = "again" | "wait" | "tick";

/**
 * @param full the read got all it had room for: there is more
 * @param byteMs how long the line takes for one byte, in milliseconds
 * @param otherSideMoved the other direction moved since this source was last read: the peer may wait for an answer
 * @param lastTick highest index into TICKS_MS allowed; -1 forbids waiting (-chardelay)
 */
export function nextRead(
  pacing: ReadPacing,
  bytes: number,
  full: boolean,
  nowMs: number,
  byteMs: number,
  otherSideMoved: boolean,
  lastTick: number,
): NextRead {
  const gap = nowMs - pacing.lastReadMs;
  const lineMs = bytes * byteMs;
  pacing.lastReadMs = nowMs;
  pacing.burstMs = Math.max(0, pacing.burstMs - gap / 2) + lineMs;
  pacing.wakeups = Math.max(0, pacing.wakeups - gap * WAKEUPS_PER_MS) + 1;
  const ticking = pacing.tick >= 0;
  if (gap > QUIET_MS && !ticking) pacing.busySinceMs = nowMs;
  if (full || lineMs > 2 * gap + AHEAD_SLACK_MS) {
    pacing.tick = -1;
    return "again";
  }
  const sparse = pacing.wakeups <= FREE_WAKEUPS && pacing.burstMs < (otherSideMoved ? DIALOGUE_MS : FRAME_MS);
  const quiet = !ticking && (gap > QUIET_MS || sparse);
  if (quiet || lastTick < 0) {
    pacing.tick = -1;
    return "wait";
  }
  pacing.tick = Math.min(longestTick(nowMs - pacing.busySinceMs), pacing.tick + 1, lastTick);
  return "tick";
}

/** Index of the longest tick for a stream that has lasted so long. */
function longestTick(busyMs: number): number {
  let longest = 0;
  while (longest < TICKS_MS.length - 1 && busyMs >= (TICKS_MS[longest] ?? 0) * TICKS_TO_GROW) longest++;
  return longest;
}

/** The highest tick at which at most `bytes` bytes gather: what does not fit a kernel buffer must not wait. */
export function highestTick(bytes: number, byteMs: number): number {
  let highest = -1;
  for (const [index, tick] of TICKS_MS.entries()) if (tick <= bytes * byteMs) highest = index;
  return highest;
}
