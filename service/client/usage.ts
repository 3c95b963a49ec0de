/** Exit statuses of the client, and an answer that decides about them. */

/** Exit statuses: stable (docs/console.md, "Exit status"). */
export const EXIT = { done: 0, refused: 1, usage: 2, unreachable: 3, ended: 4 } as const;

/** The answer of the command `reload` where nothing changed begins so (docs/control-socket.md). */
export const NOT_RELOADED = "The configuration stays as it is: ";
