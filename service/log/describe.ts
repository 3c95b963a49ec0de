/** Errors and texts, each as one line. */

/**
 * Replaces control characters (C0, DEL and C1): they would end the line or steer the terminal that shows it. A C1
 * character is a byte of 0x80 to 0x9f on an 8-bit terminal, and C2 80 to C2 9F on one that reads UTF-8; the bytes of
 * other UTF-8 characters stay.
 */
export function oneLine(text: string): string {
  return text.replace(CONTROLS, found => (/^[\xc3-\xf4]/.test(found) ? found : " ")).trimEnd();
}

/** A whole UTF-8 character of two to four bytes, or a run of control characters. Texts are one character a byte. */
const CONTROLS =
  /[\xc3-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|(?:[\x00-\x1f\x7f-\x9f]|\xc2[\x80-\x9f])+/g;

/**
 * The `%m` of a message: `No such file or directory`. `strerror` gives the words for a number; errors that carry
 * their own reason keep it.
 */
export function describeReason(error: unknown, strerror: (errno: number) => string): string {
  if (!(error instanceof Error)) return oneLine(String(error));
  if ("reason" in error && typeof error.reason === "string") return oneLine(error.reason);
  if ("errno" in error && typeof error.errno === "number") return strerror(Math.abs(error.errno));
  return oneLine(error.message);
}

/** A message with what caused it, where that says more: `cannot open profile: not JSON`. */
export function describeError(error: unknown): string {
  const texts: string[] = [];
  let current = error;
  for (let depth = 0; current !== undefined && current !== null && depth < CAUSES_LIMIT; depth++) {
    const text = current instanceof Error ? current.message || current.name : String(current);
    if (!texts.some(known => known.includes(text))) texts.push(text);
    current = current instanceof Error ? current.cause : undefined;
  }
  return oneLine(texts.join(": "));
}

/** Causes may go in a circle. */
const CAUSES_LIMIT = 8;
