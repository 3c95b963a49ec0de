/** Byte strings for the telnet tests. */
import type { TelnetEvent } from "../../service/telnet/decoder.js";

/** `bytes("ff fb 03")`. */
export function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/[0-9a-f]{2}/g) ?? [], pair => Number.parseInt(pair, 16));
}

export function hex(from: Uint8Array): string {
  return Array.from(from, byte => byte.toString(16).padStart(2, "0")).join(" ");
}

/** Events as text, neighbouring data as one: equal for equal streams however they were cut. */
export function told(events: readonly TelnetEvent[]): string[] {
  const lines: string[] = [];
  let data: number[] = [];
  const tell = (): void => {
    if (data.length > 0) lines.push(`data ${hex(Uint8Array.from(data))}`);
    data = [];
  };
  for (const event of events) {
    if (event.kind === "data") {
      for (const byte of event.bytes) data.push(byte);
      continue;
    }
    tell();
    if (event.kind === "command") lines.push(`command ${event.code.toString(16)}`);
    else if (event.kind === "negotiate") lines.push(`${event.verb} ${event.option}`);
    else lines.push(`suboption ${event.option}: ${hex(event.bytes)}`);
  }
  tell();
  return lines;
}
