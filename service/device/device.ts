/** The contract of a device: a tty, a printer, a SOL console. */
import type { SolConsoleState } from "../handover/sol-state.js";
import type { BreakState } from "../handover/state.js";
import type { InitialControl, LineCounters, ModemControl, ModemState } from "../line/modem.js";
import type { LineSettings } from "../line/settings.js";
import type { PlayingLines } from "../native/serial.js";

/**
 * A callback is called once for each time it is given, never from within the call that gives it; one given later takes the
 * place of one of the same kind that still waits. A loss calls both kinds. After `close` only `close` may be called, and no
 * callback is. test/support/contracts/device.ts checks this for every device with a line.
 */
export interface Device {
  readonly path: string;
  /** Bytes now waiting, into `into`; 0: none now; -1: hung up. Throws DeviceError "lost" on a failing read. */
  read(into: Uint8Array): number;
  /** Bytes taken, 0 when it is full. Throws DeviceError "lost". */
  write(bytes: Uint8Array): number;
  /**
   * Calls back once at the next moment there is something to read (or the device is lost).
   * @param atTick it may wait for a tick that many share (native/poll.ts): less work, a little later
   */
  whenReadable(callback: () => void, atTick?: boolean): void;
  whenWritable(callback: () => void): void;
  /** Takes a pending `whenReadable` back. */
  ignoreReadable(): void;
  /** For the process after this one; null: the device ends with this process. */
  state?(): DeviceHandover | null;
  readonly line: LineDevice | null; // null: a printer has no line
  /**
   * Waits until everything written has left, at most `limitMs`, then closes. Resolves when it is gone.
   * @param atLineSpeed true: while bytes leave, the wait is longer by what the line needs for its output queue
   */
  close(limitMs: number, atLineSpeed?: boolean): Promise<void>;
}

/**
 * A device that is a serial line. All calls act at once; those that reach the hardware throw DeviceError "lost" when it
 * is gone.
 */
export interface LineDevice {
  /** The settings in force. */
  readonly settings: LineSettings;
  /** Returns the settings that the hardware took, read back. */
  set(settings: LineSettings): LineSettings;
  /** Sends a break of the usual 250 ms, when what was written before has left and before what is written next. */
  sendBreak(): void;
  setBreak(on: boolean): void;
  readonly breakOn: boolean;
  /** Lines driven, in one call; a device without modem lines keeps them as virtual lines. */
  drive(control: Partial<ModemControl>): void;
  /**
   * Changes modem lines at their times without the event loop (native/serial.ts, playLines). Null, or not there: the device
   * cannot, and `drive` has to do.
   * @param last the states of the lines after the last step
   */
  play?(steps: Uint32Array, last: Partial<ModemControl>): PlayingLines | null;
  readonly control: ModemControl;
  modemState(): ModemState | null; // null: the device has no modem lines
  counters(): LineCounters | null;
  /** Throws away what waits in the kernel's queues. */
  purge(which: "input" | "output" | "both"): void;
}

/** What the process after this one needs of a device beside its descriptor. */
export interface DeviceHandover {
  /** Of its descriptor, in the store of the service manager. */
  readonly name: string;
  readonly kind: "tty" | "printer" | "sol";
  /** Of a second descriptor in the store: the record of a SOL session. */
  readonly secondName?: string;
  readonly line: LineSettings | null;
  readonly virtualControl: ModemControl | null;
  readonly break: BreakState;
  /** Modem lines that were set at the opening or since. */
  readonly driven?: InitialControl;
  /** The device is away, and has no descriptor: for how long it is still waited for, in milliseconds. */
  readonly holdLeftMs?: number | null;
  readonly sol?: SolConsoleState | null;
}

export type DeviceErrorCode = "open-failed" | "setup-failed" | "rs485-failed" | "locked" | "lock-failed" | "lost";

export class DeviceError extends Error {
  override readonly name = "DeviceError";
  readonly code: DeviceErrorCode;
  /** The text of the system: `No such file or directory`. */
  readonly reason: string;
  /** Milliseconds to wait before the next attempt, where an earlier one would do harm. Null: as usual. */
  readonly retryAfterMs: number | null;

  constructor(
    code: DeviceErrorCode,
    device: string,
    reason: string,
    { retryAfterMs = null, ...options }: ErrorOptions & { readonly retryAfterMs?: number | null } = {},
  ) {
    super(`${device}: ${reason}`, options);
    this.code = code;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}
