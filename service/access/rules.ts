/**
 * The tables of hosts_access(5) and their verdict: hosts.allow, then hosts.deny, then granted
 * (docs/reference.md, "Access tables", "Access rules").
 */
import { toBytes } from "../line/bytes.js";
import { applyOptions } from "./options.js";
import { matchesClient, matchesDaemon, matchesList, splitAt } from "./patterns.js";
import { type AccessRequest, type LookupGenerator, Subject } from "./request.js";

export type Table =
  | { readonly file: string; readonly state: "missing" }
  | { readonly file: string; readonly state: "unreadable"; readonly reason: string }
  | { readonly file: string; readonly state: "read"; readonly rules: readonly Rule[] };

/** A line of a table, joined with the lines that go on with it. */
interface Rule {
  /** The number of its last physical line. */
  readonly line: number;
  /** Null: the table ends here, as the line is too long or has no newline at its end. */
  readonly text: string | null;
}

/** The rules of a table, without comments and empty lines. @param text in latin1 */
export function readRules(text: string): readonly Rule[] {
  return [...logicalLines(text)].filter(({ text }) => text === null || !/^(#|[ \t\r]*$)/.test(text));
}

export interface Verdict {
  readonly granted: boolean;
  /** The last rule that matched: the table and the last physical line of the rule. */
  readonly matched: { readonly file: string; readonly line: number } | null;
  /** Lines for the log, whole, in the library's words. */
  readonly warnings: readonly string[];
  /** For the client, before anything else. */
  readonly banner: Uint8Array | null;
}

export function* evaluateRules(allow: Table, deny: Table, request: AccessRequest): LookupGenerator<Verdict> {
  const subject = new Subject(request);
  const first = yield* searchTable(allow, subject);
  const decided = first.result === "granted" || first.result === "denied";
  const granted = decided ? first.result === "granted" : first.result === "match";
  if (decided || granted) return conclude(granted, [first], subject);
  const second = yield* searchTable(deny, subject);
  return conclude(second.result === "granted" || second.result === "none", [first, second], subject);
}

interface Found {
  /** `error`: the table broke off before a rule matched. */
  readonly result: "none" | "match" | "error" | "granted" | "denied";
  readonly line: { readonly file: string; readonly line: number } | null;
  readonly banner: string;
}

/** The library reads into a buffer of this size, the newline included. */
const LINE_LIMIT = 2047;

function conclude(granted: boolean, found: readonly Found[], subject: Subject): Verdict {
  const banner = found.map(one => one.banner).join("");
  const matched = found.findLast(one => one.line !== null)?.line ?? null;
  const bytes = banner === "" ? null : toBytes(banner);
  return { granted, matched, warnings: subject.warnings, banner: bytes };
}

function* searchTable(table: Table, subject: Subject): LookupGenerator<Found> {
  const nothing = { line: null, banner: "" };
  if (table.state === "missing") return { result: "none", ...nothing };
  if (table.state === "unreadable") {
    subject.warnings.push(`warning: cannot open ${table.file}: ${table.reason}`);
    return { result: "error", ...nothing };
  }
  for (const { line, text } of table.rules) {
    subject.place = { file: table.file, line };
    if (text === null) {
      subject.warn("missing newline or line too long");
      subject.warn("all the subsequent rules will be ignored");
      return { result: "error", ...nothing };
    }
    const options = yield* matchRule(text, subject);
    if (options === null) continue;
    const outcome = options === "" ? null : yield* applyOptions(options, subject);
    const place = { line: subject.place, banner: outcome?.banner ?? "" };
    if (outcome === null || outcome.verdict === "stands") return { result: "match", ...place };
    return { result: outcome.verdict === "unmatched" ? "none" : outcome.verdict, ...place };
  }
  return { result: "none", ...nothing };
}

/** The options of a rule that matches (never empty: they end in their newline), `""` without any, null for no match. */
function* matchRule(text: string, subject: Subject): LookupGenerator<string | null> {
  const [daemons, rest] = splitAt(text, ":");
  if (rest === null) {
    subject.warn('missing ":" separator');
    return null;
  }
  const [clients, options] = splitAt(rest, ":");
  if (!(yield* matchesList(daemons, subject, matchesDaemon))) return null;
  if (!(yield* matchesList(clients, subject, matchesClient))) return null;
  return options === null ? "" : `${options}\n`;
}

/** Joined at backslash-newline. A NUL hides the rest of its physical line, as in the library's C strings. */
function* logicalLines(table: string): Generator<Rule> {
  const physical = table.replace(/\0[^\n]*(\n|$)/g, "").split("\n");
  const rest = physical.pop() ?? "";
  let joined = "";
  let line = 0;
  for (const text of physical) {
    if (joined.length + text.length + 1 > LINE_LIMIT) return yield { line, text: null };
    line++;
    if (text.endsWith("\\")) joined += text.slice(0, -1);
    else {
      yield { line, text: joined + text };
      joined = "";
    }
  }
  if (joined + rest !== "") yield { line, text: null };
}
