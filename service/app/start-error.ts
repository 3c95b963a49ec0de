/** The daemon cannot start; the text is for standard error. */
export class StartError extends Error {
  override readonly name = "StartError";
  /** The usage is to be shown too. */
  readonly usage: boolean;
  /** The configuration cannot be read: the log has the same text, and another try will not help. */
  readonly misconfigured: boolean;

  constructor(text: string, { usage = false, misconfigured = false }: { usage?: boolean; misconfigured?: boolean }) {
    super(text);
    this.usage = usage;
    this.misconfigured = misconfigured;
  }
}
