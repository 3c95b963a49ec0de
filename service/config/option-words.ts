/** What the table of option words is made of: the values that words set, and the kinds of words with a value. */
import type { LineSettings } from "../line/settings.js";
import type { OptionContext, OptionNames, PortOptions } from "./configuration.js";
import { CHOICES, RANGES, type Range, readInteger, readSize, SIZES } from "./defaults.js";
import type { Span } from "./directive.js";

export type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** The values of the words read so far. */
export interface OptionDraft {
  readonly line: Mutable<LineSettings>;
  readonly options: Mutable<PortOptions>;
  readonly names: Mutable<OptionNames>;
  readonly traces: Readonly<Record<TraceRole, TraceDraft>>;
  /** The addresses of all remaddr= words so far; null before the first of them, even an empty one. */
  remaddr: Span[] | null;
}

/** Its flags may be given before its file, and without one. */
export interface TraceDraft {
  file: string | null;
  hexdump: boolean;
  timestamp: boolean;
}

export type TraceRole = "tr" | "tw" | "tb";

/** A word with a value behind `=`. */
export interface KeyedWord {
  /** False when a port that is up cannot change it. */
  readonly live: boolean;
  /** Returns null, or the error in the value. */
  readonly apply: (draft: OptionDraft, value: Span, context: OptionContext) => ValueDiagnostic | null;
}

export interface ValueDiagnostic {
  readonly text: string;
  /** Whether the line's number follows the text. */
  readonly numbered: boolean;
  readonly expected: string;
  /** The defined names it could have been. */
  readonly candidates: Iterable<string>;
}

export function assign<T, Key extends keyof T>(target: T, key: Key, value: T[Key]): void {
  target[key] = value;
}

export function portWord(apply: KeyedWord["apply"]): KeyedWord {
  return { live: true, apply };
}

/** The reference takes any number on a port line; the range of its DEFAULT is asked for instead. */
export function ranged(
  name: keyof typeof RANGES,
  set: (draft: OptionDraft, number: number) => void,
  word: string = name,
): [string, KeyedWord] {
  const { min, max }: Range = RANGES[name];
  const apply: KeyedWord["apply"] = (draft, value) => {
    const number = readInteger(value.text);
    if (number !== null && number >= min && number <= max) {
      set(draft, number);
      return null;
    }
    const label = name.startsWith("ack-") ? word : `${word}=`; // as the reference prints them
    const text = `Invalid number for ${label}: ${value.text}`;
    return { text, numbered: true, expected: `expected a whole number from ${min} to ${max}`, candidates: [] };
  };
  return [`${word}=`, portWord(apply)];
}

/** A number of bytes, with `k` or `m` behind it for 1024 and 1048576. */
export function sized(name: keyof typeof SIZES, set: (draft: OptionDraft, bytes: number) => void): [string, KeyedWord] {
  const apply: KeyedWord["apply"] = (draft, value) => {
    const bytes = readSize(value.text);
    if (bytes !== null && bytes <= SIZES[name]) {
      set(draft, bytes);
      return null;
    }
    const expected = `expected a number of bytes up to ${SIZES[name]}, k and m count`;
    return { text: `Invalid number for ${name}=: ${value.text}`, numbered: true, expected, candidates: [] };
  };
  return [`${name}=`, portWord(apply)];
}

/** A value that is one of a few words. */
export function choice<Name extends keyof typeof CHOICES>(
  name: Name,
  set: (draft: OptionDraft, chosen: (typeof CHOICES)[Name][number]) => void,
): [string, KeyedWord] {
  const words: readonly (typeof CHOICES)[Name][number][] = CHOICES[name];
  const apply: KeyedWord["apply"] = (draft, value) => {
    const chosen = words.find(word => word === value.text);
    if (chosen !== undefined) {
      set(draft, chosen);
      return null;
    }
    const text = `Invalid value for ${name}=: ${value.text}`;
    return { text, numbered: true, expected: `expected ${words.join(" or ")}`, candidates: words };
  };
  return [`${name}=`, portWord(apply)];
}

/** Room for bytes and connections is made when a port is created. */
export function atStart([key, word]: [string, KeyedWord]): [string, KeyedWord] {
  return [key, { ...word, live: false }];
}
