/** Errors and texts, each as one line. */

/** Control characters would end a line, or steer the terminal it is read on. */
export function oneLine(text: string): string {
  return text.replace(/[\x00-\x1f\x7f]+/g, " ").trimEnd();
}

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
    if (!texts.some(said => said.includes(text))) texts.push(text);
    current = current instanceof Error ? current.cause : undefined;
  }
  return oneLine(texts.join(": "));
}

/** Causes may go in a circle. */
const CAUSES_LIMIT = 8;
