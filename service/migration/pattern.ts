/** Whether a file name fits a pattern with `*` and `?`. Names that begin with a dot need one in the pattern. */
export function matchesPattern(pattern: string, name: string): boolean {
  if (name.startsWith(".") && !pattern.startsWith(".")) return false;
  let [at, position, star, behind] = [0, 0, -1, 0];
  while (position < name.length) {
    const one = pattern[at];
    if (one === "*") {
      star = at++;
      behind = position;
    } else if (one === "?" || one === name[position]) {
      at++;
      position++;
    } else if (star >= 0) {
      at = star + 1;
      position = ++behind;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(at));
}
