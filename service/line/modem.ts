/** Modem lines: the ones we drive, the ones we read, and the error bits of a line. */

/** Lines we drive. */
export interface ModemControl {
  readonly dtr: boolean;
  readonly rts: boolean;
}

/** Lines to be driven when a device opens; null: left to the driver, which raises it. */
export interface InitialControl {
  readonly dtr: boolean | null;
  readonly rts: boolean | null;
}

/** TIOCM_DTR and TIOCM_RTS (ioctl_tty(2)). */
const DTR = 0x002;
const RTS = 0x004;

/** The bits of the lines that are to be on, or off. */
export function modemBits({ dtr, rts }: Partial<InitialControl>, on: boolean): number {
  return (dtr === on ? DTR : 0) | (rts === on ? RTS : 0);
}

/** Lines we read. */
export interface ModemState {
  readonly cts: boolean;
  readonly dsr: boolean;
  readonly dcd: boolean;
  readonly ri: boolean;
}

/** Counts since the device came up, as the kernel keeps them (TIOCGICOUNT). */
export interface LineCounters {
  readonly cts: number;
  readonly dsr: number;
  readonly ri: number;
  readonly dcd: number;
  readonly frame: number;
  readonly overrun: number;
  readonly parity: number;
  readonly break: number;
  readonly bufferOverrun: number;
}
