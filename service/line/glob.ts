/** Patterns with `*` (any characters) and `?` (one character), as in the TCP wrappers and in file names. Pure. */

/** Goes back to the last star only: linear in the product of the lengths. */
export function matchesGlob(pattern: string, text: string): boolean {
  let [at, star, resume] = [0, -1, 0];
  for (let i = 0; i < text.length; ) {
    const wanted = pattern.charAt(at);
    if (wanted === "*") {
      star = at++;
      resume = i;
    } else if (wanted === "?" || wanted === text.charAt(i)) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++resume;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(at));
}
