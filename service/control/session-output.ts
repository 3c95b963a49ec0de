/** The output of a session, as text that is made while it is sent. Pure. */

/** Output that is handed over; what is more than that is lost. */
export const HANDED_OVER_BYTES = 4 * 1024 * 1024;

/** Text to send, one character a byte; null: send the text so far before the generator goes on. */
export type Output = string | null;

/** What is left to send, made at once. @param isExiting asked when it is made: the echo of `exit`, which is its end, is not sent */
export function remainingOutput(notice: string, output: Iterator<Output>, isExiting: () => boolean): string {
  let text = notice;
  let beforeCommand = text;
  for (let next = output.next(); !next.done && text.length < HANDED_OVER_BYTES; next = output.next()) {
    if (next.value === null) beforeCommand = text;
    else text += next.value;
  }
  return isExiting() ? beforeCommand : text;
}
