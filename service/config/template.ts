/**
 * Escape sequences of banners, open and close strings, and trace file names: parsed, then expanded with facts. The bundle
 * template.cjs.
 */
import { formatLine, type LineSettings } from "../line/settings.js";
import { escapedByte } from "./escapes.js";
import { isSolDevice } from "./sol-target.js";

/** One reading of the clock, broken down in local time; month, weekday and day of year count from 0 (Sunday). */
export interface ClockReading {
  readonly epochMs: number;
  readonly microseconds: number; // within the second
  readonly year: number;
  readonly month: number;
  readonly dayOfMonth: number;
  readonly dayOfWeek: number;
  readonly dayOfYear: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
}

export interface TemplateFacts {
  /** The device as the port line has it, and after DEVICE substitution. */
  readonly deviceWritten: string;
  readonly devicePath: string;
  readonly portName: string;
  readonly line: LineSettings;
  /** Numeric, without its port; null without a connection. */
  readonly remoteAddress: string | null;
  readonly now: ClockReading;
}

/** In file names `\s` means seconds and devices lose their directory. */
type TemplateMode = "string" | "file";

type TemplatePart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "fact"; readonly letter: FactLetter };

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

const CONTROLS: ReadonlyMap<string, string> = new Map([
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
]);

type Fact = (facts: TemplateFacts, mode: TemplateMode) => string;

const FACTS = {
  d: ({ devicePath }, mode) => (mode === "file" ? baseName(devicePath) : devicePath),
  o: ({ deviceWritten }, mode) => (mode === "file" ? baseName(deviceWritten) : deviceWritten),
  p: ({ portName }) => portName,
  B: describeDevice,
  s: (facts, mode) => (mode === "file" ? two(facts.now.seconds) : describeDevice(facts)),
  I: ({ remoteAddress }) => remoteAddress ?? "",
  Y: ({ now }) => String(now.year).padStart(4, "0"),
  y: ({ now }) => String(now.dayOfYear),
  M: ({ now }) => MONTHS[now.month] ?? "",
  m: ({ now }) => String(now.month), // from 0, as in the reference: the manual page leaves it open
  A: ({ now }) => DAYS[now.dayOfWeek] ?? "",
  D: ({ now }) => String(now.dayOfMonth),
  H: ({ now }) => two(now.hours),
  h: ({ now }) => two(now.hours % 12 || 12),
  i: ({ now }) => two(now.minutes),
  S: ({ now }) => two(now.seconds),
  q: ({ now }) => (now.hours < 12 ? "am" : "pm"),
  P: ({ now }) => (now.hours < 12 ? "AM" : "PM"),
  T: ({ now }) => `${two(now.hours)}:${two(now.minutes)}:${two(now.seconds)}`,
  e: ({ now }) => String(Math.floor(now.epochMs / 1000)),
  U: ({ now }) => String(now.microseconds).padStart(6, "0"),
} satisfies Record<string, Fact>;

/** A SOL device has a bit rate and nothing else. */
function describeDevice({ line, devicePath }: TemplateFacts): string {
  return isSolDevice(devicePath) ? String(line.speed) : formatLine(line);
}

export type FactLetter = keyof typeof FACTS;

/** Longer results are cut: a template may repeat a long value many times. */
const LONGEST_EXPANSION = 1 << 20;

export function expandTemplate(text: string, mode: TemplateMode, facts: TemplateFacts): string {
  let expanded = "";
  for (const part of parseTemplate(text)) {
    expanded += part.kind === "text" ? part.text : FACTS[part.letter](facts, mode);
    if (expanded.length > LONGEST_EXPANSION) expanded = expanded.slice(0, LONGEST_EXPANSION);
    if (expanded.length === LONGEST_EXPANSION) break;
  }
  const nul = mode === "file" ? expanded.indexOf("\0") : -1;
  return nul < 0 ? expanded : expanded.slice(0, nul);
}

const ESCAPE = /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{0,2})|(.?))/gs;

/** C escapes become the characters they mean; a backslash before anything unknown vanishes. */
function parseTemplate(text: string): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let end = 0;
  for (const found of text.matchAll(ESCAPE)) {
    if (found.index > end) parts.push({ kind: "text", text: text.slice(end, found.index) });
    end = found.index + found[0].length;
    const [, octal, hex, letter = ""] = found;
    parts.push(isFactLetter(letter) ? { kind: "fact", letter } : { kind: "text", text: character(octal, hex, letter) });
  }
  if (end < text.length) parts.push({ kind: "text", text: text.slice(end) });
  return parts;
}

function character(octal: string | undefined, hex: string | undefined, letter: string): string {
  if (octal !== undefined) return escapedByte(octal, 8);
  if (hex !== undefined) return hex === "" ? "" : escapedByte(hex, 16);
  return CONTROLS.get(letter) ?? letter;
}

function isFactLetter(letter: string): letter is FactLetter {
  return Object.hasOwn(FACTS, letter);
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
