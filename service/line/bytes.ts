/** A text is one character a byte (latin1): arguments, files, paths, names and log lines (docs/design.md, "Words"). */

/** The encoding for calls that convert texts themselves. */
export const TEXT_ENCODING = "latin1";

/** The bytes of a text. File system calls take paths in this form. */
export function toBytes(text: string): Buffer {
  return Buffer.from(text, TEXT_ENCODING);
}

/** The text of bytes. */
export function toText(bytes: Uint8Array): string {
  return (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)).toString(
    TEXT_ENCODING,
  );
}

/** Without control characters, and without blanks at its ends. */
export function printable(text: string): string {
  return text.replace(/[\x00-\x1f\x7f]/g, "").trim();
}

/** Unicode from a text whose bytes are UTF-8. Other bytes become U+FFFD. */
export function decodeUtf8(text: string): string {
  return toBytes(text).toString("utf8");
}

/** The text whose bytes are a Unicode string in UTF-8. */
export function encodeUtf8(unicode: string): string {
  return toText(Buffer.from(unicode, "utf8"));
}
