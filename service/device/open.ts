/** Opens the device of a port: lock, open, set up (docs/reference.md, "Opening the device"). */
import { closeSync, fstatSync, realpathSync, statSync } from "node:fs";
import type { Rs485Config } from "../config/configuration.js";
import { TEXT_ENCODING, toBytes } from "../line/bytes.js";
import { type InitialControl, modemBits } from "../line/modem.js";
import type { LineSettings } from "../line/settings.js";
import { ENODEV, errorReason, reasonOf } from "../native/errors.js";
import { openDevice as openNode, RS485, type Rs485, setBreak, setRs485 } from "../native/serial.js";
import { endDescriptor, storeDescriptor } from "../native/stored-descriptors.js";
import { NO_BREAK } from "./break.js";
import { type Device, DeviceError, type DeviceHandover } from "./device.js";
import { Printer } from "./printer.js";
import { Tty } from "./tty.js";
import { acquireLock, type Lock } from "./uucp-lock.js";

export interface OpenRequest {
  readonly path: string;
  /** rawlp: written only, no line settings. */
  readonly printer: boolean;
  readonly line: LineSettings;
  /** Set in the call that opens the device. */
  readonly control: InitialControl;
  readonly clearBreak: boolean;
  readonly rs485: Rs485Config | null;
  /** UUCP locking; off with -u. */
  readonly lock: boolean;
  /** Called for a problem that does not keep the device from serving. */
  readonly warn: (text: string) => void;
}

/** Throws DeviceError; nothing is left open or locked then. */
export function openDevice(request: OpenRequest): Device {
  const lock = request.lock ? acquireLock(request.path, undefined, request.warn) : null;
  try {
    return openLocked(request, lock);
  } catch (error) {
    lock?.release();
    throw error;
  }
}

/** As `deviceIdentity`, of a descriptor. */
export function descriptorIdentity(fd: number): string {
  const stat = fstatSync(fd);
  return stat.isCharacterDevice() ? `char:${stat.rdev}` : "";
}

/**
 * A device that the process before this one had open: nothing is opened and no line moves. Throws DeviceError, and ends it then.
 * @param before null: only the descriptor is left
 */
export function adoptDevice(
  request: OpenRequest,
  fd: number,
  before: Omit<DeviceHandover, "name" | "kind"> | null,
): Device {
  const { path, printer, line, control } = request;
  let lock: Lock | null = null;
  try {
    lock = request.lock ? acquireLock(path, undefined, request.warn) : null;
    if (printer) return new Printer(fd, path, lock);
    if (before === null) endBreak(fd);
    const rest = before ?? { line: null, virtualControl: null, break: NO_BREAK };
    return new Tty(fd, path, { settings: line, control, lock, before: rest });
  } catch (error) {
    lock?.release();
    endDescriptor(fd);
    throw error;
  }
}

/** Two names of one device have one identity: the device number, or the real path of anything else. */
export function deviceIdentity(path: string): string {
  const bytes = toBytes(path);
  try {
    const stat = statSync(bytes, { throwIfNoEntry: false }); // an exception costs more than the rest of a refusal
    if (stat === undefined) return `path:${path}`;
    return stat.isCharacterDevice() ? `char:${stat.rdev}` : `path:${realpathSync(bytes, TEXT_ENCODING)}`;
  } catch {
    return `path:${path}`; // it cannot be examined (yet), so its name is its identity
  }
}

function openLocked(request: OpenRequest, lock: Lock | null): Device {
  const { path } = request;
  const fd = openDescriptor(request);
  let tty: Tty | null = null;
  try {
    if (request.printer) {
      const printer = new Printer(fd, path, lock);
      storeDescriptor(fd, "d");
      return printer;
    }
    tty = new Tty(fd, path, { settings: request.line, control: request.control, lock });
    if (request.clearBreak) {
      endBreak(fd);
    }
    if (request.rs485 !== null) applyRs485(fd, request, request.rs485);
    storeDescriptor(fd, "d");
    return tty;
  } catch (error) {
    if (tty === null) closeSync(fd);
    else void tty.close(0); // at once: nothing was written
    throw error;
  }
}

function endBreak(fd: number): void {
  try {
    setBreak(fd, false);
  } catch {
    // A device that knows no break has none to clear.
  }
}

function openDescriptor({ path, printer, control }: OpenRequest): number {
  try {
    return openNode(toBytes(path), printer, modemBits(control, true), modemBits(control, false));
  } catch (error) {
    // Hardware without a node yet. "Is a directory" would not help a peer.
    const reason = path.startsWith("/sys/") ? errorReason(ENODEV) : reasonOf(error);
    throw new DeviceError("open-failed", path, reason, { cause: error });
  }
}

/** Reads back what the driver kept: some ignore the request without an error. */
function applyRs485(fd: number, request: OpenRequest, wanted: Rs485Config): void {
  const flags =
    RS485.ENABLED |
    (wanted.rtsOnSend ? RS485.RTS_ON_SEND : RS485.RTS_AFTER_SEND) |
    (wanted.rxDuringTx ? RS485.RX_DURING_TX : 0);
  let kept: Rs485;
  try {
    kept = setRs485(fd, { flags, delayBeforeSendMs: wanted.delayBeforeMs, delayAfterSendMs: wanted.delayAfterMs });
  } catch (error) {
    throw new DeviceError("rs485-failed", request.path, reasonOf(error), { cause: error });
  }
  const differs =
    (kept.flags & flags) !== flags ||
    kept.delayBeforeSendMs !== wanted.delayBeforeMs ||
    kept.delayAfterSendMs !== wanted.delayAfterMs;
  if (differs) request.warn(`The driver of ${request.path} did not take RS485 configuration ${wanted.name} as given`);
}
