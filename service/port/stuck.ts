/** Whether a port that is closing hangs in the kernel. */
import { bitsPerCharacter, type LineSettings } from "../line/settings.js";

/** Closing has a limit of its own. A close that takes longer than this, plus the time of a full output queue, is stuck. */
const STUCK_SECONDS = 30;
const KERNEL_QUEUE_BYTES = 4096;

/** @param closingSeconds for how long the port has been closing; 0: it is not */
export function isStuck(closingSeconds: number, line: LineSettings): boolean {
  const queueSeconds = (KERNEL_QUEUE_BYTES * bitsPerCharacter(line)) / line.speed;
  return closingSeconds > STUCK_SECONDS + queueSeconds;
}
