/** The open files of this process. */
import { readdirSync, readlinkSync } from "node:fs";

/** The descriptors that lead to `path`. */
export function opened(path: string): number[] {
  return readdirSync("/proc/self/fd")
    .map(Number)
    .filter(fd => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === path;
      } catch {
        return false; // the descriptor of this very listing
      }
    });
}
