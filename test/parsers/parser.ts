/** A parser, as the tests of this folder describe it. */
export interface Parser {
  readonly name: string;
  /** Reads a text (one character a byte) as the product does. Throws only where the product has a fault. */
  readonly parse: (text: string) => void;
  /** Right texts and parts of them, which the fuzzing changes and puts together. */
  readonly samples: readonly string[];
  /** Makes texts of about so many characters that are meant to take long. */
  readonly hurtful: Readonly<Record<string, (length: number) => string>>;
}

/** The text so often that it has about so many characters. */
export function fill(text: string, length: number): string {
  return text.repeat(Math.ceil(length / text.length));
}

/** Lines that differ in their number: `line(0)`, `line(1)`, ... */
export function numbered(line: (number: number) => string, length: number): string {
  const count = Math.ceil(length / line(100_000).length);
  return Array.from({ length: count }, (_, number) => line(number)).join("");
}

/** Runs a computation that must not fail, and says what it does wrong when its outcome is wrong. */
export function insist(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}
