/** A source cut into logical lines: continuations joined, comments and blank lines left out. */
import type { Diagnostic } from "./diagnostic.js";
import type { LineDiagnostic } from "./directive.js";

export interface Source {
  /** Null for a `-C` line, which has no line numbers. */
  readonly file: string | null;
  readonly text: string;
  /** In place of the text: lines that were made of a board profile, with their places in its file. */
  readonly lines?: readonly LogicalLine[];
}

export interface LogicalLine {
  readonly text: string;
  /** Of its last physical line, from 1; 0 for a `-C` line. Messages name this one. */
  readonly number: number;
  /** Where in `text` each of its physical lines starts, or what was made of each value of a board profile. */
  readonly pieces: readonly Piece[];
  /** The source ends where the line should continue; such a line is ignored. */
  readonly isUnfinished: boolean;
}

interface Piece {
  readonly offset: number;
  readonly line: number;
  /** That of all of it: the value in a board profile. */
  readonly place?: Place;
}

interface Place {
  /** Where it is not that of the source. */
  readonly file?: string;
  readonly line: number;
  readonly column: number;
}

/** The manual page wants `#` and blank lines at column 1; blanks before them are tolerated too. */
const COMMENT = /^[ \t\r\v\f]*#/;
const BLANK = /^[ \t\r\v\f]*$/;

export function* logicalLines(source: Source): Generator<LogicalLine> {
  if (source.lines !== undefined) {
    yield* source.lines;
    return;
  }
  let parts: { text: string; line: number }[] = [];
  let isEarlierText = false; // whether one before the last is not blank: looking at all of them each time is quadratic
  const isText = (): boolean => isEarlierText || !BLANK.test(parts.at(-1)?.text ?? "");
  for (const { text, line } of physicalLines(source)) {
    // A comment never continues; behind the first words of a continued line `#` is ordinary text.
    if (COMMENT.test(text) && !isText()) {
      parts = [];
      continue;
    }
    if (text !== "") {
      isEarlierText = isText();
      parts.push({ text, line });
    }
    const last = parts.at(-1);
    if (last?.text.endsWith("\\")) {
      last.text = last.text.slice(0, -1);
      if (last.text === "") parts.pop();
      continue;
    }
    if (isText()) yield join(parts, source.file === null ? 0 : line, false);
    parts = [];
    isEarlierText = false;
  }
  if (isText()) yield join(parts, source.file === null ? 0 : (parts.at(-1)?.line ?? 0), true);
}

/** Where an offset of the logical line is found in the file. */
export function placeOf(line: LogicalLine, offset: number): Place {
  let [low, high] = [0, line.pieces.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((line.pieces[middle]?.offset ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  const piece = line.pieces[low];
  if (piece?.place !== undefined) return piece.place;
  return { line: piece?.line ?? line.number, column: offset - (piece?.offset ?? 0) + 1 };
}

/** The physical lines a logical line is made of. */
export function physicalTexts(line: LogicalLine): string[] {
  return line.pieces.map((piece, index) => line.text.slice(piece.offset, line.pieces[index + 1]?.offset));
}

function join(parts: readonly { text: string; line: number }[], number: number, isUnfinished: boolean): LogicalLine {
  const pieces: Piece[] = [];
  let offset = 0;
  for (const part of parts) {
    pieces.push({ offset, line: number === 0 ? 0 : part.line });
    offset += part.text.length;
  }
  return { text: parts.map(part => part.text).join(""), number, pieces, isUnfinished };
}

function* physicalLines(source: Source): Generator<{ text: string; line: number }> {
  const { text } = source;
  let line = 0;
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    line++;
    yield { text: upToNul(text.slice(start, end)), line };
    start = end + 1;
  }
}

/** The reference does not read the rest of a line after a NUL. */
function upToNul(text: string): string {
  const nul = text.indexOf("\0");
  return nul < 0 ? text : text.slice(0, nul);
}

const DOS_LINE_END = "; the line ends in CR LF, and the CR is part of it";

/** An error in a line as a diagnostic, with its place in the file. */
export function placedDiagnostic(fault: LineDiagnostic, line: LogicalLine, file: string | null): Diagnostic {
  const { offset, message, expected } = fault;
  const hint = line.text.endsWith("\r") ? DOS_LINE_END : "";
  const wanted = expected === null ? null : `${expected}${hint}`;
  return { file, ...placeOf(line, offset), message, expected: wanted };
}
