/** Limits of what a state may have: more than any daemon comes to, and too little to harm one. */

/** Of a whole state, as the service manager keeps it. */
export const STATE_BYTES = 64 * 1024 * 1024;
/** Separators of lists and records in it: what the JSON parser makes objects of. */
export const STATE_ITEMS = 4_000_000;
/** A year. */
export const DURATION_MS = 366 * 24 * 3600 * 1000;
/** Of ports, devices, connections, sessions, trace files. */
export const OBJECTS = 16_384;
/** Bytes on their way in one direction. */
export const PENDING_BYTES = 4 * 1024 * 1024;
/** A name of a descriptor in the store of the service manager. */
export const NAME_BYTES = 255;
export const PATH_BYTES = 65_536;
