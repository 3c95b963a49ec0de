/** The options of a port line, word by word; the same words serve `setportconfig`. */
import type { LineSettings } from "../line/settings.js";
import type { DeviceName, OptionContext, OptionNames, PortOptions } from "./configuration.js";
import { defaultValues, isSpeed } from "./defaults.js";
import type { Span } from "./directive.js";
import { defaultOptions, startDraft } from "./initial-options.js";
import type { NetworkPort } from "./network-port.js";
import {
  addRemoteAddresses,
  KEYED_WORDS,
  misplaced,
  PLAIN_WORDS,
  SOL_SPEEDS,
  setLine,
  splitAddresses,
  traceConfig,
  useText,
} from "./option-table.js";
import type { OptionDraft, ValueDiagnostic } from "./option-words.js";
import { readRemoteAddresses } from "./remote-addresses.js";
import { isNumber, keyOf, separated } from "./slips.js";
import { HIDDEN } from "./sol-words.js";
import { suggest } from "./suggest.js";

interface OptionDiagnostic {
  /** In the text of the words. */
  readonly offset: number;
  /** Without ` on line N`. */
  readonly text: string;
  readonly numbered: boolean;
  readonly expected: string;
}

interface PortWords {
  readonly line: LineSettings;
  readonly options: PortOptions;
  readonly names: OptionNames;
  readonly diagnostics: readonly OptionDiagnostic[];
}

interface LivePort {
  readonly networkPort: NetworkPort;
  readonly line: LineSettings;
  readonly options: PortOptions;
}

/** Errors reported for one line; the rest of it is not read. */
const MAX_FAULTS = 100;
/** Defined names that are compared with a misspelt word; bounds the work per word. */
const NAMES_COMPARED = 200;

/** The options of a port line: they start from the DEFAULTs, and valid words count even if others are invalid. */
export function readPortWords(
  words: string,
  networkPort: NetworkPort,
  context: OptionContext,
  kind: DeviceName["kind"],
): PortWords {
  const draft = startDraft(context, defaultOptions(context, kind));
  const diagnostics = readWords(words, draft, context, { live: false });
  const { remaddr } = defaultValues(context);
  draft.remaddr ??= Array.from(splitAddresses(remaddr), ({ text }) => ({ text, offset: 0 }));
  return finish(draft, networkPort, context, diagnostics);
}

/**
 * `setportconfig`: serial words count from the DEFAULTs of the last read, or with a leading `+` from what the port has
 * now, as the other words always do.
 * `problem` is the answer of the control port to the first wrong word; nothing of the words is to be applied then.
 */
export function parsePortWords(
  words: string,
  port: LivePort,
  context: OptionContext,
): { line: LineSettings; options: PortOptions; problem: string | null } {
  const plus = /^[ \t]*\+/.exec(words)?.[0] ?? "";
  const keeps = plus !== "";
  const clearBreak = keeps ? port.options.clearBreak : !defaultValues(context).nobreak;
  const draft = startDraft(context, { ...port.options, clearBreak });
  if (keeps) Object.assign(draft.line, port.line);
  const { line, options, diagnostics } = finish(
    draft,
    port.networkPort,
    context,
    readWords(words.slice(plus.length), draft, context, { live: true }),
  );
  return { line, options, problem: diagnostics[0]?.text ?? null };
}

/**
 * Whether an unknown word ends the reading of its line. A misspelt one costs only itself. Any other may begin a
 * remark, which lines written for 3.5.4 carry behind their options (`9600 # was 2400`): there it ended the options
 * (docs/reference.md, "Port lines"), and words of a remark must not become settings.
 */
function endsReading(nearestWord: string | null): boolean {
  return nearestWord === null;
}

/** Collects the errors; for a live port reading ends at the first. */
function readWords(
  words: string,
  draft: OptionDraft,
  context: OptionContext,
  { live }: { live: boolean },
): OptionDiagnostic[] {
  const diagnostics: OptionDiagnostic[] = [];
  // Only these two separate: the CR of a DOS line end belongs to the last word.
  for (const found of words.matchAll(/[^ \t]+/g)) {
    const word = { text: found[0], offset: found.index };
    const result = readWord(word, draft, context, live);
    if (result === null) continue;
    const ends = result.ends || diagnostics.length === MAX_FAULTS - 1;
    if (!ends || live) diagnostics.push(result.fault);
    else diagnostics.push(endReading(result.fault, words, word, draft));
    if (ends || live) break;
  }
  return diagnostics;
}

type WordResult = { readonly fault: OptionDiagnostic; readonly ends: boolean } | null;

function readWord(word: Span, draft: OptionDraft, context: OptionContext, live: boolean): WordResult {
  const wanted = misplaced(word.text, draft);
  if (wanted !== null) return { fault: unknownItem(word, wanted), ends: false };
  const plain = PLAIN_WORDS.get(word.text);
  if (plain !== undefined) {
    plain(draft);
    return null;
  }
  if (isSpeed(word.text)) {
    if (draft.options.sol !== null) return { fault: unknownItem(word, SOL_SPEEDS), ends: false };
    setLine({ speed: Number(word.text) })(draft);
    return null;
  }
  const key = keyOf(word.text);
  const keyed = KEYED_WORDS.get(key);
  if (keyed !== undefined) {
    const value = { text: word.text.slice(key.length), offset: word.offset + key.length };
    if (live && !keyed.live) return notLive(word, key);
    const problem = keyed.apply(draft, value, context);
    return problem === null ? null : { fault: valueFault(value, problem), ends: false };
  }
  // Names are looked up last, so a name that is spelt like an option cannot be used.
  const text = context.texts.get(word.text);
  if (text !== undefined && useText(draft, word.text, text)) return null;
  const access = live ? -1 : word.text.search(/[,:](remaddr|tls)=/);
  if (access >= 0) return readAccess(word, access, draft, context);
  const parts = separated(word.text, context);
  if (parts !== null) return takeSeparated(word, parts, draft, context, live);
  const near = suggestOption(word.text, key, context);
  const expected = withSuggestion("expected an option or the name of a text defined before this line", near);
  return { fault: unknownItem(word, expected), ends: endsReading(near) && !isNumber(word.text) };
}

const UNKNOWN = "Unknown config item: ";

/** A diagnostic's text without the word that is not an option: the word may be part of a secret. */
export function hideUnknownWord(text: string): string {
  const word = text.startsWith(UNKNOWN) ? text.slice(UNKNOWN.length) : "";
  return word === "" || PLAIN_WORDS.has(word) || KEYED_WORDS.has(keyOf(word)) ? text : `${UNKNOWN}${HIDDEN}`;
}

function unknownItem({ text, offset }: Span, expected: string): OptionDiagnostic {
  return { offset, text: `${UNKNOWN}${text}`, numbered: true, expected };
}

/**
 * A remaddr= or tls= after other options in one word: its commas belong to it, and it counts even if the words before
 * are invalid.
 */
function readAccess(word: Span, at: number, draft: OptionDraft, context: OptionContext): WordResult {
  const tail = readWord({ text: word.text.slice(at + 1), offset: word.offset + at + 1 }, draft, context, false);
  const head = readWord({ text: word.text.slice(0, at), offset: word.offset }, draft, context, false);
  return head ?? tail ?? { fault: unknownItem(word, "options are separated by blanks; remaddr= counts"), ends: false };
}

/** Reads the parts as words. Reports the first error in them, or else that blanks are missing. */
function takeSeparated(
  word: Span,
  parts: readonly string[],
  draft: OptionDraft,
  context: OptionContext,
  live: boolean,
): WordResult {
  const expected = `options are separated by blanks; ${live ? "write" : "taken as"}: ${parts.join(" ")}`;
  if (!live) {
    for (const part of parts) {
      const result = readWord({ text: part, offset: word.offset }, draft, context, live);
      if (result !== null) return result;
    }
  }
  return { fault: unknownItem(word, expected), ends: false };
}

function suggestOption(word: string, key: string, context: OptionContext): string | null {
  if (isNumber(word)) return null; // 250001 is not a slip of 2500000
  if (key !== "") return suggest(key, KEYED_WORDS.keys());
  return suggest(word, [...PLAIN_WORDS.keys(), ...KEYED_WORDS.keys(), ...selectableNames(context)]);
}

function* selectableNames({ texts }: OptionContext): Generator<string> {
  let left = NAMES_COMPARED;
  for (const [name, { kind }] of texts) {
    if (left-- === 0) return;
    if (kind !== "device") yield name;
  }
}

function notLive(word: Span, key: string): WordResult {
  const text = `Option not changeable on a live port: ${key}`;
  return {
    fault: { offset: word.offset, text, numbered: false, expected: "expected it in the configuration" },
    ends: true,
  };
}

function valueFault({ text, offset }: Span, problem: ValueDiagnostic): OptionDiagnostic {
  const expected = withSuggestion(problem.expected, suggest(text, firstNames(problem.candidates)));
  return { offset, text: problem.text, numbered: problem.numbered, expected };
}

function* firstNames(names: Iterable<string>): Generator<string> {
  let left = NAMES_COMPARED;
  for (const name of names) {
    if (left-- === 0) return;
    yield name;
  }
}

function withSuggestion(expected: string, near: string | null): string {
  return near === null ? expected : `${expected}; nearest: ${near}`;
}

/**
 * The rest behind a word that ends the reading. Its remaddr= and tls= count all the same, up to a remark: the name of a
 * banner that is not defined must not open the port to everyone.
 */
function endReading(fault: OptionDiagnostic, words: string, last: Span, draft: OptionDraft): OptionDiagnostic {
  const start = last.offset + last.text.length;
  const rest = words.slice(start);
  if (!/[^ \t]/.test(rest)) return fault;
  const remark = last.text.startsWith("#") ? 0 : (/[ \t]#/.exec(rest)?.index ?? rest.length);
  const read = rest.slice(0, remark);
  const admitted = [...read.matchAll(/[ \t]remaddr=([^ \t]*)/g)];
  for (const { index, 1: value = "" } of admitted) {
    addRemoteAddresses(draft, { text: value, offset: start + index + " remaddr=".length });
  }
  draft.options.tls = /[ \t]tls=([^ \t]*)/.exec(read)?.[1] ?? draft.options.tls;
  const open = rest.slice(remark).includes("remaddr=") ? ", its remaddr= neither" : "";
  const kept = admitted.length === 0 ? "" : ", only its remaddr=";
  return { ...fault, expected: `${fault.expected}; the rest of the line is not read${open || kept}` };
}

function finish(
  draft: OptionDraft,
  port: NetworkPort,
  context: OptionContext,
  diagnostics: readonly OptionDiagnostic[],
): PortWords {
  const { line, options, names, traces } = draft;
  options.traceRead = traceConfig(traces.tr);
  options.traceWrite = traceConfig(traces.tw);
  options.traceBoth = traceConfig(traces.tb);
  if (draft.remaddr === null) return { line, options, names, diagnostics };
  const { remaddr, diagnostics: problems } = readRemoteAddresses(
    draft.remaddr,
    port,
    options.maxConnections,
    context.serviceLookup,
  );
  options.remaddr = remaddr;
  const addressFaults = problems.slice(0, MAX_FAULTS).map(problem => ({ ...problem, numbered: true }));
  const all = [...diagnostics, ...addressFaults].sort((one, other) => one.offset - other.offset);
  return { line, options, names, diagnostics: all };
}
