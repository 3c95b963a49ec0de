/** System calls on serial lines (termios(3), ioctl_tty(2), tty_ioctl). */
import type { LineCounters } from "../line/modem.js";
import { addon } from "./addon.js";
import { done } from "./errors.js";

export { MODEM, RS485, termiosBits } from "./termios.js";

/** The speeds are numbers of their own, in bit/s: `cflag` holds no rate bits. */
export interface Termios {
  iflag: number;
  oflag: number;
  cflag: number;
  lflag: number;
  inputSpeed: number;
  outputSpeed: number;
  cc: Uint8Array;
}

const CC_LENGTH = 19; // NCCS
const CC_OFFSET = 6;

export function getTermios(fd: number): Termios {
  const words = new Uint32Array(CC_OFFSET + CC_LENGTH);
  done("getTermios", addon.getTermios(fd, words));
  const [iflag = 0, oflag = 0, cflag = 0, lflag = 0, inputSpeed = 0, outputSpeed = 0] = words;
  return { iflag, oflag, cflag, lflag, inputSpeed, outputSpeed, cc: Uint8Array.from(words.subarray(CC_OFFSET)) };
}

/** At once, losing no queued byte. A driver may keep other values than asked for, without an error: read them back. */
export function setTermios(fd: number, t: Termios): void {
  for (const speed of [t.inputSpeed, t.outputSpeed])
    if (!(Number.isInteger(speed) && speed >= 0 && speed <= 0xffffffff)) throw new RangeError(`bad speed ${speed}`);
  const words = new Uint32Array(CC_OFFSET + CC_LENGTH);
  // Flags that were put together with `|` may be negative; the array takes them modulo 2^32.
  words.set([t.iflag, t.oflag, t.cflag, t.lflag, t.inputSpeed, t.outputSpeed]);
  words.set(t.cc.subarray(0, CC_LENGTH), CC_OFFSET);
  done("setTermios", addon.setTermios(fd, words));
}

/** The lines that are on, as MODEM bits. */
export function getModem(fd: number): number {
  return done("getModem", addon.getModem(fd));
}

/** Turns MODEM bits on and off, all in one call to the driver. */
export function setModem(fd: number, set: number, clear: number): void {
  done("setModem", addon.setModem(fd, set, clear));
}

/**
 * A device, non-blocking: for writing only, or for both. MODEM bits to turn on and off are changed in the same call; a
 * device without modem lines opens all the same.
 */
export function openDevice(path: Uint8Array, writeOnly: boolean, set: number, clear: number): number {
  return done("open", addon.openDevice(path, writeOnly, set, clear));
}

/** A pulse that plays in a thread of its own. */
export interface PlayingLines {
  /** How many steps were driven. Negative: it still plays, and `now` is false. To be called until it is not. */
  end(now: boolean): number;
}

/**
 * Changes lines at their times, with far less than a millisecond of error, whatever the event loop does.
 * @param steps for each: when, in milliseconds since the start; MODEM bits to turn on; MODEM bits to turn off
 * @returns null where the device has no modem lines, or no thread can be started
 */
export function playLines(fd: number, steps: Uint32Array): PlayingLines | null {
  const id = addon.playLines(fd, steps.length / 3, steps);
  return id < 0 ? null : { end: now => addon.endLines(id, now) };
}

export function setBreak(fd: number, on: boolean): void {
  done("setBreak", addon.setBreak(fd, on));
}

/** Bytes the driver has received and sent are counted beside the events. */
export function getCounters(fd: number): LineCounters & { readonly received: number; readonly sent: number } {
  const words = new Uint32Array(11);
  done("getCounters", addon.getCounters(fd, words));
  const [cts = 0, dsr = 0, ri = 0, dcd = 0, received = 0, sent = 0, frame = 0, overrun = 0, parity = 0] = words;
  const [brk = 0, bufferOverrun = 0] = words.subarray(9);
  return { cts, dsr, ri, dcd, received, sent, frame, overrun, parity, break: brk, bufferOverrun };
}

/** Bytes in the kernel's queues. */
export function queued(fd: number): { input: number; output: number } {
  const words = new Uint32Array(2);
  done("queued", addon.queued(fd, words));
  const [input = 0, output = 0] = words;
  return { input, output };
}

export function flush(fd: number, which: "input" | "output" | "both"): void {
  done("flush", addon.flush(fd, { input: 0, output: 1, both: 2 }[which]));
}

export interface Rs485 {
  readonly flags: number; // RS485 bits
  readonly delayBeforeSendMs: number;
  readonly delayAfterSendMs: number;
}

/** Sets the RS-485 mode. Returns what the driver kept of it. */
export function setRs485(fd: number, { flags, delayBeforeSendMs, delayAfterSendMs }: Rs485): Rs485 {
  const words = Uint32Array.of(flags, delayBeforeSendMs, delayAfterSendMs);
  done("setRs485", addon.setRs485(fd, words));
  const [keptFlags = 0, keptBeforeMs = 0, keptAfterMs = 0] = words;
  return { flags: keptFlags, delayBeforeSendMs: keptBeforeMs, delayAfterSendMs: keptAfterMs };
}
