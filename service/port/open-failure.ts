/** Texts for a device that cannot be opened (docs/reference.md, "Opening the device"). */
import type { PortConfig } from "../config/configuration.js";
import { DeviceError } from "../device/device.js";
import { REFUSAL } from "./admission.js";

export interface OpenFailure {
  readonly text: string;
  readonly log: string | null;
  /** What to remember of it; null where the device works, and another program uses it. */
  readonly fault: string | null;
}

/** Anything but a DeviceError is a bug, and thrown on. */
export function describeOpenFailure(error: unknown, config: PortConfig): OpenFailure {
  if (!(error instanceof DeviceError)) throw error;
  const { path } = config.device;
  const logged = (log: string): OpenFailure => ({ text: `Device open failure: ${error.reason}\r\n`, log, fault: log });
  const notLocked = `Could not lock device ${path} for port ${config.name}: ${error.reason}`;
  switch (error.code) {
    case "locked":
      return { text: REFUSAL.locked, log: notLocked, fault: null };
    case "lock-failed":
      return { text: REFUSAL.lockFailed, log: notLocked, fault: REFUSAL.lockFailed.trimEnd() };
    case "open-failed":
      return logged(`Could not open device ${path} for port ${config.name}: ${error.reason}`);
    case "setup-failed":
    case "lost":
      return logged(`Could not set up device ${path} for port ${config.name}: ${error.reason}`);
    case "rs485-failed":
      return logged(`Could not set RS485 config for device ${path} port ${config.name}: ${error.reason}`);
    default:
      return error.code satisfies never;
  }
}
