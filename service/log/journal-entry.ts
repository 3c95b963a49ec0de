/** An entry of the native protocol of the journal (systemd, "Native Journal Protocol"). Pure; a bundle of its own. */
import { toBytes } from "../line/bytes.js";
import type { LogFields, LoggedEvent } from "./log.js";

/** A value is cut here: the datagram of an entry must fit any socket buffer. */
const LONGEST_VALUE = 1024;

/** units/catalog/ser2net.catalog explains each of them. */
const MESSAGE_IDS: Readonly<Record<LoggedEvent, string>> = {
  serve: "4d1ec04e5fa84b1ab00718c0b38d63c4",
  connect: "789ac0cfbf0b439fa86ff455110d317f",
  refuse: "a69b402b262440bda057a1b42f1bb6fe",
  kick: "89365671d8e7421b90f3e26407c6de9c",
  "take-over": "cf928eea109a4bcb8d5c4fc18fd18d66",
  disconnect: "7f70f84030694e7da120b8b68e669f98",
};

/** Texts are latin1, one character a byte. @param severity as syslog(3) numbers them */
export function encodeEntry(severity: number, text: string, fields: LogFields): Uint8Array {
  const { event, bytesIn, bytesOut, ...rest } = fields;
  const known = { ...rest, bytes_in: bytesIn, bytes_out: bytesOut };
  const own = Object.entries(known).map(([name, value]) => encodeField(`SER2NET_${name.toUpperCase()}`, value));
  const whole =
    encodeField("MESSAGE", text) +
    encodeField("PRIORITY", severity) +
    encodeField("SYSLOG_FACILITY", 3) + // daemon
    encodeField("SYSLOG_IDENTIFIER", "ser2net") +
    encodeField("MESSAGE_ID", MESSAGE_IDS[event]) +
    own.join("");
  return toBytes(whole);
}

/** A value with a line feed has its length before it, in 64 bits. Empty for what is not known. */
function encodeField(name: string, value: string | number | null | undefined): string {
  if (value === null || value === undefined) return "";
  const text = String(value).slice(0, LONGEST_VALUE);
  if (!text.includes("\n")) return `${name}=${text}\n`;
  const length = String.fromCharCode(text.length & 0xff, text.length >> 8, 0, 0, 0, 0, 0, 0);
  return `${name}\n${length}${text}\n`;
}
