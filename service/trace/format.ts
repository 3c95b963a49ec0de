/** The lines of a trace file (manual page, "TRACEFILE"; docs/reference.md, "Trace format", "Trace events"). */

/** `term`: from the device; `tcp `: from the network, by whatever transport. */
export type Origin = "term" | "tcp ";

const BYTES_PER_LINE = 8;

/** One block, 8 bytes a line; `stamp` begins each of them. A block always begins a line of its own. */
export function formatHexdump(bytes: Uint8Array, origin: Origin, stamp: string): string {
  let lines = "";
  for (let at = 0; at < bytes.length; at += BYTES_PER_LINE) {
    lines += formatLine(bytes.subarray(at, at + BYTES_PER_LINE), `${stamp}${origin} `);
  }
  return lines;
}

/** `2026/11/23 08:57:35 `, local time, with its blank. */
export function formatStamp(date: Date): string {
  const day = [date.getMonth() + 1, date.getDate()].map(twoDigits);
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits);
  return `${String(date.getFullYear()).padStart(4, "0")}/${day.join("/")} ${time.join(":")} `;
}

export function formatOpened(address: string, stamp: string): string {
  return `${stamp}OPEN (${address})\n`;
}

/** The reason stands as it is: one of the reference's has a line end of its own. */
export function formatClosedConnection(reason: string, stamp: string): string {
  return `${stamp}CLOSE netcon (${reason})\n`;
}

export function formatClosedPort(reason: string, stamp: string): string {
  return `${stamp}CLOSE port (${reason})\n`;
}

function formatLine(bytes: Uint8Array, head: string): string {
  let [hex, text] = ["", ""];
  for (const byte of bytes) {
    hex += `${byte.toString(16).padStart(2, "0")} `;
    text += byte >= 0x20 && byte <= 0x7e ? String.fromCharCode(byte) : ".";
  }
  return `${head}${hex.padEnd(BYTES_PER_LINE * 3)} |${text}|\n`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
