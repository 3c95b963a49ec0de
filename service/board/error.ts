/** The board cannot be determined, or the named one does not exist. */
export class BoardError extends Error {
  override readonly name = "BoardError";
  readonly code: "no-such-board" | "unreadable" | "not-written";

  constructor(code: BoardError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** Throws BoardError for a shortage (descriptors, memory): the file must not be taken for a missing one. */
export function refuseShortage(error: unknown): void {
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (!(error instanceof Error) || (code !== "EMFILE" && code !== "ENFILE" && code !== "ENOMEM")) return;
  throw new BoardError("unreadable", error.message);
}
