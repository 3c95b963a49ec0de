/** Banners and other texts: their escapes in ser2net 4 and here (ser2net.yaml(5), "FILENAME, BANNER, AND STRING FORMATTING"). */
import type { Diagnostic } from "../config/diagnostic.js";

/** A text for BANNER, OPENSTR, CLOSESTR or TRACEFILE. `\N` and `\o` are the name of the connection. */
export function importTemplate(text: string, connection: string): string {
  const named = text.replace(/\\([\s\S])/g, (all, letter: string) =>
    letter === "N" || letter === "o" ? connection : all,
  );
  return oneLineText(named);
}

/** Control characters as escapes, and no backslash at the end: it would continue the line. */
function oneLineText(text: string): string {
  const whole = text.replace(/[\x00-\x1f\x7f]/g, escapeByte);
  const backslashes = /\\*$/.exec(whole)?.[0].length ?? 0;
  if (backslashes === 0) return whole;
  return whole.slice(0, whole.length - (backslashes % 2 === 0 ? 2 : 1)) + (backslashes % 2 === 0 ? "\\134" : "");
}

const LETTERS: Readonly<Record<string, string>> = { "\r": "\\r", "\n": "\\n", "\t": "\\t" };
const CODES: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 };
const FACTS = /[doNpBsYyMmADeUIHhiSqPT]/;

/** `\\n` for a line end, `\\033` for an escape. */
export function escapeByte(byte: string): string {
  return LETTERS[byte] ?? `\\${byte.charCodeAt(0).toString(8).padStart(3, "0")}`;
}

/** A text for CLOSEON, which has the bytes alone. */
export function importCloseon(text: string): { readonly text: string } | { readonly problem: string } {
  let problem: string | null = null;
  const bytes = text.replace(
    /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|([\s\S]))/g,
    (all, octal?: string, hex?: string, letter?: string) => {
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      if (letter !== undefined && FACTS.test(letter)) problem ??= `${all} in it has no counterpart`;
      return String.fromCharCode(CODES[letter ?? ""] ?? letter?.charCodeAt(0) ?? 0);
    },
  );
  return problem === null ? { text: escapeCloseon(bytes) } : { problem };
}

/** Bytes as CLOSEON has them. */
export function escapeCloseon(bytes: string): string {
  return bytes.replace(/[^ -[\]-~]/g, byte => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** A text of a template as ser2net 4 has it: there `\N` has a meaning, and `\o` is another one. @param device as written */
export function exportTemplate(text: string, device: string): string {
  return text.replace(/\\([\s\S])/g, (all, letter: string) => (letter === "N" ? "N" : letter === "o" ? device : all));
}

/** Lines that would take in the next one: those of this language cannot end in a backslash. */
export function continuedLines(lines: readonly string[]): readonly Diagnostic[] {
  const message = "a line of ser2net.conf cannot end in a backslash";
  return lines.flatMap((line, index) =>
    line.endsWith("\\") && !line.startsWith("#")
      ? [{ file: "", line: index + 1, column: line.length, message, expected: null }]
      : [],
  );
}
