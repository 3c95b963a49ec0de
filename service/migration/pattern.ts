import { matchesGlob } from "../line/glob.js";

/** Whether a file name fits a pattern with `*` and `?`. Names that begin with a dot need one in the pattern. */
export function matchesPattern(pattern: string, name: string): boolean {
  return (pattern.startsWith(".") || !name.startsWith(".")) && matchesGlob(pattern, name);
}
