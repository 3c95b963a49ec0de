/**
 * Gives back what a start, a reload and many new connections leave: half of V8's young generation, objects that are not used
 * any more, and pages that are almost empty. V8 itself would keep them, as it collects only when more is needed.
 */
import { backgroundClock, type Clock, processorMs } from "../line/clock.js";
import type { Log } from "../log/log.js";
import { releaseMemory } from "../native/memory.js";
import { keepCode } from "./keep-code.js";

/** So many leave about a megabyte behind. */
const MANY_CONNECTIONS = 64;
const LOOK_MS = 500;
/** Processor time within LOOK_MS of a daemon that may stop for a moment. */
const IDLE_MS = 25;

export interface SpareMemory {
  /** A connection has come. */
  connected(): void;
  /** After the first half second in which the daemon does little. */
  releaseWhenIdle(): void;
}

export function createSpareMemory(
  log: Log,
  clock: Clock = backgroundClock,
  cpuMs = processorMs,
  release = releaseMemory,
): SpareMemory {
  let connections = 0;
  let isDue = false;
  const look = (): void => {
    const before = cpuMs();
    isDue = true;
    clock.after(LOOK_MS, () => {
      isDue = cpuMs() - before > IDLE_MS;
      if (isDue) return look();
      keepCode(log); // before what was compiled is collected
      release();
    });
  };
  const releaseWhenIdle = (): void => {
    connections = 0;
    if (!isDue) look();
  };
  const connected = (): void => {
    if (++connections >= MANY_CONNECTIONS) releaseWhenIdle();
  };
  return { connected, releaseWhenIdle };
}
