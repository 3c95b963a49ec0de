/** An error or a warning about one place of a configuration: a value, not an exception. */
export interface Diagnostic {
  /** The file the line came from; null for a `-C` line. */
  readonly file: string | null;
  /** Physical line of the fault, from 1 (the message names the last one of a continued line); 0 for a `-C` line. */
  readonly line: number;
  /** Column of the fault in that physical line, from 1. */
  readonly column: number;
  /** The reference's own text, whole: `Unknown config item: nosuch on line 3`. */
  readonly message: string;
  /** What was expected there, and the nearest known word if one is similar. */
  readonly expected: string | null;
  /** The line is valid and in force, but probably not what was meant. */
  readonly isWarning?: true;
}

/** Begins the log line and the answer about a reload that changed nothing; the client looks for it. */
export const NOT_RELOADED = "The configuration stays as it is: ";

/** The diagnostics that are not warnings. */
export function errorsOf(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.filter(({ isWarning }) => !isWarning);
}

/** The message, marked where it is a warning. */
export function messageOf({ message, isWarning }: Diagnostic): string {
  return isWarning ? `warning: ${message}` : message;
}

/** `ser2net.conf:3:20: Unknown config item: nosuch on line 3 (expected ...)`. Control characters show as escapes. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const place = `${diagnostic.file ?? "-C"}:${diagnostic.line}:${diagnostic.column}`;
  const hint = diagnostic.expected === null ? "" : ` (${diagnostic.expected})`;
  return `${place}: ${messageOf(diagnostic)}${hint}`.replace(/[\x00-\x1f\x7f]/g, visible);
}

function visible(control: string): string {
  return control === "\r" ? "\\r" : `\\x${control.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

/** How many lines have an error. */
export function faultyLines(diagnostics: readonly Diagnostic[]): number {
  return new Set(errorsOf(diagnostics).map(({ file, line }) => `${line} ${file}`)).size;
}
