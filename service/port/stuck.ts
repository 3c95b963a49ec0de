/** Whether a port that is closing hangs in the kernel. */
import { bitsPerCharacter, type LineSettings } from "../line/settings.js";

/** Closing has a limit of its own. A close that takes longer than this, plus the time of a full output queue, is stuck. */
const STUCK_SECONDS = 30;
const KERNEL_QUEUE_BYTES = 4096;

/** In words; null: it does not. @param closingMs for how long the port has been closing; 0: it is not */
export function stuckText(name: string, closingMs: number, line: LineSettings): string | null {
  const seconds = Math.round(closingMs / 1000);
  const queueSeconds = (KERNEL_QUEUE_BYTES * bitsPerCharacter(line)) / line.speed;
  return seconds > STUCK_SECONDS + queueSeconds ? `port ${name} has been closing for ${seconds} s` : null;
}
