/** Texts for the log, the peers and the traces when a device cannot be opened or is lost, or a link fails. */
import type { PortConfig } from "../config/configuration.js";
import { DeviceError } from "../device/device.js";
import { unmappedText } from "../line/address.js";
import type { Log } from "../log/log.js";
import { LinkError, type PeerAddress } from "../net/link.js";
import type { PortEnvironment } from "./environment.js";
import { REFUSAL } from "./peers/admission.js";
import type { DeviceLossCause } from "./port-events.js";

/**
 * Interval of the attempts to open a device while its node exists. Just after a loss the node may be about to vanish; later another
 * program may probe it, or udev has yet to set its permissions. It also bounds how often a device that is lost at once is
 * opened.
 */
export const RETRY_MS = 1000;

/** A device that is lost sooner after it was opened is opened again after twice the pause before. */
const STEADY_MS = 10_000;
const LONGEST_PAUSE_MS = 30_000;

/** Pause before a lost device is opened again. 0: it had been open for some time. @param beforeMs the pause before that opening */
export function pauseAfterLoss(beforeMs: number, openForMs: number): number {
  return openForMs < STEADY_MS ? Math.min(Math.max(RETRY_MS, 2 * beforeMs), LONGEST_PAUSE_MS) : 0;
}

/** docs/reference.md, "Opening the device". */
interface OpenErrorReport {
  readonly text: string;
  readonly log: string | null;
  /** The text for `lastError`; null where the device works but another program uses it. */
  readonly fault: string | null;
}

/** Anything but a DeviceError is a bug, and thrown on. */
export function describeOpenError(error: unknown, config: PortConfig): OpenErrorReport {
  if (!(error instanceof DeviceError)) throw error;
  const { path } = config.device;
  const logged = (log: string): OpenErrorReport => ({
    text: `Device open failure: ${error.reason}\r\n`,
    log,
    fault: log,
  });
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

/** Logs a lost device as ser2net 3.5.4 does. */
export function reportLoss(log: Log, port: string, what: DeviceLossCause, error: unknown): void {
  const reason = lossReason(error);
  if (what === "closed port") log.notice(`The device of port ${port} hung up`);
  if (what === "dev read error") log.error(`dev read error for device ${port}: ${reason}`);
  if (what === "dev write error") log.error(`The dev write for port ${port} had error: ${reason}`);
}

/** The reason in the system's words. */
export function lossReason(error: unknown): string {
  return error instanceof DeviceError ? error.reason : "the device was closed";
}

/** Logs a link that failed; why the connection ends, for the trace. Anything but a LinkError is a bug, and thrown on. */
export function reportLinkError(log: Log, error: unknown, call: "read" | "write", port: string): string {
  if (!(error instanceof LinkError)) throw error;
  if (call === "read") {
    log.error(`read error for port ${port}: ${error.reason}`);
    return "network read error";
  }
  if (error.code === "pipe") return "EPIPE";
  log.error(`The network write for port ${port} had error: ${error.reason}`);
  return "network write error";
}

/** Logs and counts bytes that did not reach the device. @param from null: the output that was left when the port closed */
export function reportDropped(
  { log, count }: Pick<PortEnvironment, "log" | "count">,
  port: string,
  from: PeerAddress | null,
  bytes: number,
): void {
  if (from === null) log.warning(`Port ${port}: ${bytes} bytes were dropped, the device had not taken them`);
  else {
    const peer = unmappedText(from.address);
    log.warning(`Port ${port}: ${bytes} bytes from ${peer} were dropped, the device does not take them`);
  }
  count(port, "dropped", bytes);
}
