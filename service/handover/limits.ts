/** Limits of a state: above what a daemon reaches, and low enough that a forged state cannot exhaust its memory. */

/** Length of an encoded state, in bytes. */
export const STATE_BYTES = 64 * 1024 * 1024;
/** Values in lists and records of a state (`countItems` of codec.ts). */
export const STATE_ITEMS = 4_000_000;
/** The longest duration, a year, in milliseconds. */
export const DURATION_MS = 366 * 24 * 3600 * 1000;
/** Number of ports; also of devices, connections and trace files. */
export const OBJECTS = 16_384;
/** Bytes of one direction that are not sent or written yet. */
export const PENDING_BYTES = 4 * 1024 * 1024;
/** Length of the name of a stored descriptor. */
export const NAME_BYTES = 255;
export const PATH_BYTES = 65_536;
