/** Exit statuses of the client. */

/** Exit statuses: stable (docs/console.md, "Exit status"). */
export const EXIT = { done: 0, refused: 1, usage: 2, unreachable: 3, ended: 4 } as const;
/** The status of a command that a signal ended is this and the number of the signal. */
export const SIGNALLED = 128;
