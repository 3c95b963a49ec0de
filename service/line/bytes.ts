/** A text is one character a byte (latin1): arguments, files, paths, names and log lines (docs/design.md, "Words"). */

/** For what takes or gives texts by itself: a socket, a directory. */
export const TEXT_ENCODING = "latin1";

/** The bytes of a text. A path is given to the file system so. */
export function toBytes(text: string): Buffer {
  return Buffer.from(text, TEXT_ENCODING);
}

/** The text of bytes. */
export function toText(bytes: Uint8Array): string {
  return (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)).toString(
    TEXT_ENCODING,
  );
}

/** What a text says whose bytes are UTF-8, as Unicode. Bytes that are not UTF-8 become U+FFFD. */
export function decodeUtf8(text: string): string {
  return toBytes(text).toString("utf8");
}

/** The text whose bytes are a Unicode string in UTF-8. */
export function encodeUtf8(unicode: string): string {
  return toText(Buffer.from(unicode, "utf8"));
}
