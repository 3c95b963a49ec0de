/** The known word somebody probably meant. */

/** Longer words are never taken for a misspelling; it also bounds the work per word. */
const LONGEST = 40;

/**
 * The candidate that differs in case only, else the nearest within two edits (one for words of up to four
 * characters); null when the word resembles none. A single character, or a remark (`#...`), resembles nothing.
 */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  if (word.length < 2 || word.length > LONGEST || word.startsWith("#")) return null;
  const lower = word.toLowerCase();
  let best: string | null = null;
  let within = word.length <= 4 ? 1 : 2;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) > 2) continue;
    if (candidate.toLowerCase() === lower) return candidate;
    const distance = editDistance(word, candidate);
    if (distance > within) continue;
    best = candidate;
    within = distance - 1; // from here on only a nearer one counts
  }
  return best;
}

/** Insertions, deletions and replacements that turn one word into the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replace = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replace, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
