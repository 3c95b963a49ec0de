/** Finds the known word that was probably meant. */

/** Longer words are never taken for a misspelling; it also bounds the work per word. */
const LONGEST = 40;

/**
 * The candidate that differs in case only, else the nearest within two edits (one for words of up to four
 * characters); null when the word resembles none. A single character, or a remark (`#...`), resembles nothing.
 */
export function suggest(word: string, candidates: Iterable<string>): string | null {
  if (word.length < 2 || word.length > LONGEST || word.startsWith("#")) return null;
  const lower = word.toLowerCase();
  let best: string | null = null;
  let edits = word.length <= 4 ? 1 : 2;
  for (const candidate of candidates) {
    if (candidate.length === word.length && candidate.toLowerCase() === lower) return candidate;
    while (edits > 0 && isWithin(edits, word, 0, candidate, 0)) {
      best = candidate;
      edits--; // from here on only a nearer one counts
    }
  }
  return best;
}

/**
 * Whether at most `edits` insertions, deletions, replacements and swaps of neighbours turn the rest of one word into the
 * rest of the other.
 */
function isWithin(edits: number, one: string, i: number, other: string, j: number): boolean {
  if (Math.abs(one.length - i - (other.length - j)) > edits) return false;
  while (i < one.length && one[i] === other[j]) {
    i++;
    j++;
  }
  if (i === one.length && j === other.length) return true;
  if (edits === 0) return false;
  const left = edits - 1;
  const swapped = i + 1 < one.length && one[i] === other[j + 1] && one[i + 1] === other[j];
  return (
    (swapped && isWithin(left, one, i + 2, other, j + 2)) ||
    isWithin(left, one, i + 1, other, j + 1) ||
    isWithin(left, one, i + 1, other, j) ||
    isWithin(left, one, i, other, j + 1)
  );
}
