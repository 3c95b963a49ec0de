/** Escape sequences of CLOSEON. */
type Closeon = { readonly text: string } | { readonly fault: string; readonly offset: number };

/** CLOSEON knows fewer escapes and is strict about them. The fault is the message without ` on line N`. */
export function translateCloseon(text: string): Closeon {
  const parts: string[] = [];
  let end = 0;
  for (let at = text.indexOf("\\"); at >= 0; at = text.indexOf("\\", end)) {
    parts.push(text.slice(end, at));
    const letter = text[at + 1] ?? "";
    const digits = /[0-7]/.test(letter) ? 3 : letter === "x" ? 2 : 0;
    const first = at + 1 + (letter === "x" ? 1 : 0);
    end = digits === 0 ? at + 2 : first + digits;
    if (end > text.length) return { fault: "end of string right after a \\ (starting at )", offset: at };
    const code = text.slice(first, end);
    if (digits > 0 && !(letter === "x" ? /^[0-9a-fA-F]{2}$/ : /^[0-7]{3}$/).test(code)) {
      return { fault: `Invalid octal sequence (starting at ${text.slice(at)})`, offset: at };
    }
    const single = CLOSEON_ESCAPES.get(letter);
    if (digits === 0 && single === undefined) {
      return { fault: `Unknown escape sequence (starting at ${text.slice(at)})`, offset: at };
    }
    parts.push(single ?? escapedByte(code, letter === "x" ? 16 : 8));
  }
  parts.push(text.slice(end));
  return { text: parts.join("") };
}

const CLOSEON_ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\\", "\\"],
  ["r", "\r"],
  ["n", "\n"],
  ["t", "\t"],
  ["v", "\v"],
  ["a", "\x07"],
]);

/** Octal goes up to 0777: the reference takes it modulo 256. */
export function escapedByte(digits: string, radix: 8 | 16): string {
  return String.fromCharCode(Number.parseInt(digits, radix) & 0xff);
}
