/** A tar archive of texts (POSIX ustar). Pure. */
import { toBytes } from "../line/bytes.js";

const BLOCK = 512;

interface ArchiveEntry {
  /** At most 100 characters. */
  readonly name: string;
  /** One character a byte. */
  readonly text: string;
}

/** @param seconds the time of all entries, since 1970 */
export function tarArchive(entries: readonly ArchiveEntry[], seconds: number): Uint8Array {
  const parts = entries.flatMap(({ name, text }) => {
    const body = toBytes(text);
    const padding = new Uint8Array((BLOCK - (body.length % BLOCK)) % BLOCK);
    return [header(name, body.length, seconds), body, padding];
  });
  return Buffer.concat([...parts, new Uint8Array(2 * BLOCK)]);
}

function header(name: string, size: number, seconds: number): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, width: number) =>
    `${Math.floor(value)
      .toString(8)
      .padStart(width - 1, "0")}\0`;
  block.write(name, 0, 100, "latin1");
  block.write(octal(0o600, 8), 100, "latin1");
  block.write(octal(0, 8), 108, "latin1");
  block.write(octal(0, 8), 116, "latin1");
  block.write(octal(size, 12), 124, "latin1");
  block.write(octal(Math.max(seconds, 0), 12), 136, "latin1");
  block.write(" ".repeat(8), 148, "latin1"); // the checksum counts as blanks
  block.write("0ustar\0" + "00", 156, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}
