/** The daemon cannot start; the text is for standard error. */
export class StartError extends Error {
  override readonly name = "StartError";
  /** The usage is to be shown too. */
  readonly usage: boolean;
  /** The log has the same text. */
  readonly logged: boolean;

  constructor(text: string, { usage = false, logged = false }: { usage?: boolean; logged?: boolean }) {
    super(text);
    this.usage = usage;
    this.logged = logged;
  }
}
