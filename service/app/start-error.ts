/** The daemon cannot start; the text is for standard error. */
export class StartError extends Error {
  override readonly name = "StartError";
  /** Where the help is, is to be told too. */
  readonly help: boolean;
  /** The configuration cannot be read: the log has the same text, and another try will not help. */
  readonly misconfigured: boolean;

  constructor(text: string, { help = false, misconfigured = false }: { help?: boolean; misconfigured?: boolean }) {
    super(text);
    this.help = help;
    this.misconfigured = misconfigured;
  }
}
