/** What the caller and the log are told of a device that cannot be opened (config spec 6.1; the caller's reason is new). */
import type { PortConfig } from "../config/configuration.js";
import { DeviceError } from "../device/device.js";
import { REFUSAL } from "./admission.js";

export interface OpenFailure {
  readonly text: string;
  readonly log: string | null;
}

/** Anything but a DeviceError is a bug, and thrown on. */
export function describeOpenFailure(error: unknown, config: PortConfig): OpenFailure {
  if (!(error instanceof DeviceError)) throw error;
  const { path } = config.device;
  const text = `Device open failure: ${error.reason}\r\n`;
  switch (error.code) {
    case "locked":
      return { text: REFUSAL.locked, log: null };
    case "lock-failed":
      return { text: REFUSAL.lockFailed, log: null };
    case "open-failed":
      return { text, log: `Could not open device ${path} for port ${config.name}: ${error.reason}` };
    case "setup-failed":
    case "lost":
      return { text, log: `Could not set up device ${path} for port ${config.name}: ${error.reason}` };
    case "rs485-failed":
      return { text, log: `Could not set RS485 config for device ${path} port ${config.name}: ${error.reason}` };
    default:
      return error.code satisfies never;
  }
}
