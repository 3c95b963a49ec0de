/** Banners, open and close strings, names of trace files: with what they are about filled in. */
import type { PortConfig } from "../config/configuration.js";
import { type ClockReading, expandTemplate } from "../config/template.js";
import type { PeerAddress } from "../net/link.js";

export function expandFor(
  template: string,
  mode: "string" | "file",
  { name, device, line }: PortConfig,
  peer: PeerAddress | null,
  now: ClockReading,
): string {
  return expandTemplate(template, mode, {
    portName: name,
    devicePath: device.path,
    deviceWritten: device.written,
    line,
    remoteAddress: peer?.address ?? null,
    now,
  });
}
