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
