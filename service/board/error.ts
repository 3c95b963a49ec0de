/** No board can be told, or none of that name exists. */
export class BoardError extends Error {
  override readonly name = "BoardError";
  readonly code: "no-such-board" | "unreadable";

  constructor(code: BoardError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** Throws BoardError for what says nothing about a file: it must not pass for one that is not there. */
export function refuseShortage(error: unknown): void {
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (!(error instanceof Error) || (code !== "EMFILE" && code !== "ENFILE" && code !== "ENOMEM")) return;
  throw new BoardError("unreadable", error.message);
}
