/** The words of a SOL device, with quotes and backslashes as in a shell; and texts with `***` in place of secrets. */

export interface SolWord {
  /** Without its quotes. */
  readonly text: string;
  /** Where it begins and ends in the text of the device, quotes included. */
  readonly offset: number;
  readonly end: number;
}

/** What stands in place of a secret. */
export const HIDDEN = "***";

const BLANK = /[ \f\n\r\t\v]/;
/** `-P` and `-Rk`, also with their value glued to them; not `-Pf` and `-Pc`, whose values are no secrets. */
const SECRET_OPTION = /(?<=^|[ \f\n\r\t\v'"])-(?:P(?![fc](?:[ \f\n\r\t\v]|$))|Rk)/;

/** A backslash takes the next character as it is, but not between single quotes. Null where a quote is not closed. */
export function splitSolWords(text: string, from: number): SolWord[] | null {
  const words: SolWord[] = [];
  let offset = from;
  for (;;) {
    while (offset < text.length && BLANK.test(text.charAt(offset))) offset++;
    if (offset === text.length) return words;
    const word = readWord(text, offset);
    if (word === null) return null;
    words.push(word);
    offset = word.end;
  }
}

function readWord(text: string, offset: number): SolWord | null {
  const parts: string[] = [];
  let quote = "";
  let end = offset;
  for (; end < text.length; end++) {
    const character = text.charAt(end);
    if (quote === "" && BLANK.test(character)) break;
    if (character === "\\" && quote !== "'" && end + 1 < text.length) parts.push(text.charAt(++end));
    else if (character === quote) quote = "";
    else if (quote === "" && (character === "'" || character === '"')) quote = character;
    else parts.push(character);
  }
  return quote === "" ? { text: parts.join(""), offset, end } : null;
}

/** Whether a text, well-formed or not, has a password or a key in it. */
export function holdsSecret(text: string): boolean {
  return SECRET_OPTION.test(text);
}

/** Any text that may be a SOL device, for messages: nothing behind the first `-P` or `-Rk` is shown. */
export function hideSecrets(text: string): string {
  const found = SECRET_OPTION.exec(text);
  return found === null ? text : `${text.slice(0, found.index)}${found[0]} ${HIDDEN}`;
}

/** A well-formed device. @param secrets the words with a secret, in the order of the text */
export function publicForm(text: string, secrets: readonly SolWord[]): string {
  const parts: string[] = [];
  let from = 0;
  for (const { offset, end } of secrets) {
    parts.push(text.slice(from, offset), HIDDEN);
    from = end;
  }
  parts.push(text.slice(from));
  return parts.join("");
}
