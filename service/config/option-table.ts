/** Every word the options of a port line know: what it sets, and where it may be used. */
import type { LineSettings } from "../line/settings.js";
import type { NamedText, OptionContext, OptionNames, PortOptions, TraceConfig } from "./configuration.js";
import { RANGES, type Range, readInteger, SPEEDS } from "./defaults.js";
import type { Span } from "./directive.js";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** What the words read so far come to. */
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

/** line: the serial line, counted from the DEFAULTs; port: all ports; sol: read and left alone, no SOL device is served. */
export type Scope = "line" | "port" | "sol";

export interface PlainWord {
  readonly scope: Scope;
  readonly apply: (draft: OptionDraft) => void;
}

/** A word with a value behind `=`. */
export interface KeyedWord {
  readonly scope: Scope;
  /** False when a port that is up cannot change it. */
  readonly live: boolean;
  /** Null, or what is wrong with the value. */
  readonly apply: (draft: OptionDraft, value: Span, context: OptionContext) => ValueProblem | null;
}

export interface ValueProblem {
  readonly text: string;
  /** Whether the line's number follows the text. */
  readonly numbered: boolean;
  readonly expected: string;
  /** The defined names it could have been. */
  readonly candidates: Iterable<string>;
}

const TRACES: readonly TraceRole[] = ["tr", "tw", "tb"];

/** `word` and `-word`. */
type Flag = readonly [name: string, scope: Scope, set: (draft: OptionDraft, on: boolean) => void];

const FLAGS: readonly Flag[] = [
  ["XONXOFF", "line", ({ line }, on) => Object.assign(line, { xonxoffIn: on, xonxoffOut: on })],
  ["RTSCTS", "line", ({ line }, on) => assign(line, "rtscts", on)],
  ["LOCAL", "line", ({ line }, on) => assign(line, "local", on)],
  ["HANGUP_WHEN_DONE", "line", ({ line }, on) => assign(line, "hangupWhenDone", on)],
  ["NOBREAK", "line", ({ options }, on) => assign(options, "clearBreak", !on)],
  ["remctl", "port", ({ options }, on) => assign(options, "remctl", on)],
  ["kickolduser", "port", ({ options }, on) => assign(options, "kickolduser", on)],
  ["telnet_brk_on_sync", "port", ({ options }, on) => assign(options, "telnetBrkOnSync", on)],
  ["chardelay", "port", setChardelay],
  ["disable-chardelay", "port", (draft, on) => setChardelay(draft, !on)], // the manual page's word for it
  ...TRACES.flatMap((role): Flag[] => [
    [`${role}-hexdump`, "port", ({ traces }, on) => assign(traces[role], "hexdump", on)],
    [`${role}-timestamp`, "port", ({ traces }, on) => assign(traces[role], "timestamp", on)],
  ]),
  ["hexdump", "port", (draft, on) => markTraces(draft, { hexdump: on })],
  ["timestamp", "port", (draft, on) => markTraces(draft, { timestamp: on })],
  ["authenticated", "sol", () => {}],
  ["encrypted", "sol", () => {}],
  ["deassert_CTS_DCD_DSR_on_connect", "sol", () => {}],
];

export const PLAIN_WORDS: ReadonlyMap<string, PlainWord> = new Map<string, PlainWord>([
  ...SPEEDS.map((speed): [string, PlainWord] => [String(speed), lineWord({ speed })]),
  ["1STOPBIT", lineWord({ stopBits: 1 })],
  ["2STOPBITS", lineWord({ stopBits: 2 })],
  ["5DATABITS", lineWord({ dataBits: 5 })],
  ["6DATABITS", lineWord({ dataBits: 6 })],
  ["7DATABITS", lineWord({ dataBits: 7 })],
  ["8DATABITS", lineWord({ dataBits: 8 })],
  ...(["none", "even", "odd", "mark", "space"] as const).flatMap((parity): [string, PlainWord][] => [
    [parity.toUpperCase(), lineWord({ parity })],
    [parity, lineWord({ parity })],
  ]),
  ...FLAGS.flatMap(([name, scope, set]): [string, PlainWord][] => [
    [name, { scope, apply: draft => set(draft, true) }],
    [`-${name}`, { scope, apply: draft => set(draft, false) }],
  ]),
  ...["fail", "deferred", "succeed"].map((what): [string, PlainWord] => [
    `shared_serial_alert_${what}`,
    { scope: "sol", apply: () => {} },
  ]),
]);

/** By the part before `=`, that sign included. */
export const KEYED_WORDS: ReadonlyMap<string, KeyedWord> = new Map<string, KeyedWord>([
  ...TRACES.map((role): [string, KeyedWord] => [
    `${role}=`,
    portWord((draft, value, context) => useTrace(role, draft, value, context)),
  ]),
  ["led-rx=", portWord((draft, value, context) => useLed("ledRx", draft, value, context))],
  ["led-tx=", portWord((draft, value, context) => useLed("ledTx", draft, value, context))],
  ["rs485=", portWord(useRs485)],
  ["remaddr=", portWord(addRemoteAddresses)],
  ["chardelay-scale=", ranged("chardelay-scale", ({ options }, scale) => changeChardelay(options, { scale }))],
  ["chardelay-min=", ranged("chardelay-min", ({ options }, minUs) => changeChardelay(options, { minUs }))],
  ["chardelay-max=", ranged("chardelay-max", ({ options }, maxUs) => changeChardelay(options, { maxUs }))],
  ...["dev-to-net-bufsize=", "dev-to-tcp-bufsize="].map((word): [string, KeyedWord] => [
    word,
    atStartOnly("dev-to-net-bufsize", ({ options }, bytes) =>
      assign(options, "devToNetBufsize", { bytes, explicit: true }),
    ),
  ]),
  ...["net-to-dev-bufsize=", "tcp-to-dev-bufsize="].map((word): [string, KeyedWord] => [
    word,
    atStartOnly("net-to-dev-bufsize", ({ options }, bytes) =>
      assign(options, "netToDevBufsize", { bytes, explicit: true }),
    ),
  ]),
  ["max-connections=", atStartOnly("max-connections", ({ options }, most) => assign(options, "maxConnections", most))],
  ["ack-timeout=", { ...ranged("ack-timeout", () => {}), scope: "sol" }],
  ["ack-retries=", { ...ranged("ack-retries", () => {}), scope: "sol" }],
]);

/** A name defined before the line by BANNER, SIGNATURE, OPENSTR, CLOSESTR or CLOSEON; false for DEVICE. */
export function useText({ options, names }: OptionDraft, name: string, { kind, text }: NamedText): boolean {
  switch (kind) {
    case "banner":
    case "openstr":
    case "closestr":
      options[kind] = text;
      break;
    case "signature":
      options.signature = text.slice(0, LONGEST_SIGNATURE);
      break;
    case "closeon":
      if (text === "") {
        options.closeon = null; // nothing to look for
        delete names.closeon;
        return true;
      }
      options.closeon = Uint8Array.from(text, character => character.charCodeAt(0));
      break;
    case "device":
      return false;
    default:
      return kind satisfies never;
  }
  names[kind] = name;
  return true;
}

/** What the reference sends of a signature. */
const LONGEST_SIGNATURE = 254;

export function traceConfig({ file, hexdump, timestamp }: TraceDraft): TraceConfig | null {
  return file === null ? null : { file, hexdump, timestamp };
}

function assign<T, Key extends keyof T>(target: T, key: Key, value: T[Key]): void {
  target[key] = value;
}

function lineWord(settings: Partial<LineSettings>): PlainWord {
  return { scope: "line", apply: ({ line }) => Object.assign(line, settings) };
}

function portWord(apply: KeyedWord["apply"]): KeyedWord {
  return { scope: "port", live: true, apply };
}

/** The reference takes any number on a port line; the range of its DEFAULT is asked for instead. */
function ranged(name: keyof typeof RANGES, set: (draft: OptionDraft, number: number) => void): KeyedWord {
  const { min, max }: Range = RANGES[name];
  return portWord((draft, value) => {
    const number = readInteger(value.text);
    if (number !== null && number >= min && number <= max) {
      set(draft, number);
      return null;
    }
    const text = `Invalid number for ${name}=: ${value.text}`;
    return { text, numbered: true, expected: `expected a whole number from ${min} to ${max}`, candidates: [] };
  });
}

function atStartOnly(name: keyof typeof RANGES, set: (draft: OptionDraft, number: number) => void): KeyedWord {
  return { ...ranged(name, set), live: false };
}

function markTraces({ traces }: OptionDraft, marks: Partial<TraceDraft>): void {
  for (const role of TRACES) Object.assign(traces[role], marks);
}

function setChardelay({ options }: OptionDraft, enabled: boolean): void {
  options.chardelay = { ...options.chardelay, enabled };
}

function changeChardelay(
  options: Mutable<PortOptions>,
  change: { scale?: number; minUs?: number; maxUs?: number },
): void {
  options.chardelay = { ...options.chardelay, ...change, explicit: true };
}

function useTrace(role: TraceRole, draft: OptionDraft, { text }: Span, context: OptionContext): ValueProblem | null {
  const file = context.traceFiles.get(text);
  if (file === undefined) return ignored(`Tracefile ${text}`, "TRACEFILE", context.traceFiles);
  draft.traces[role].file = file;
  draft.names[role] = text;
  return null;
}

function useLed(
  use: "ledRx" | "ledTx",
  draft: OptionDraft,
  { text }: Span,
  context: OptionContext,
): ValueProblem | null {
  const led = context.leds.get(text);
  if (led === undefined) return ignored(`LED '${text}'`, "LED", context.leds);
  draft.options[use] = led;
  return null;
}

function useRs485(draft: OptionDraft, { text }: Span, context: OptionContext): ValueProblem | null {
  const rs485 = context.rs485.get(text);
  if (rs485 === undefined) return ignored(`RS485 configuration ${text}`, "RS485CONF", context.rs485);
  draft.options.rs485 = rs485;
  return null;
}

function ignored(what: string, directive: string, known: ReadonlyMap<string, unknown>): ValueProblem {
  const expected = `expected the name of a ${directive} defined before this line`;
  return { text: `${what} not found, it will be ignored`, numbered: false, expected, candidates: known.keys() };
}

/** Judged when the whole line is read: what is allowed depends on max-connections. */
function addRemoteAddresses(draft: OptionDraft, { text, offset }: Span): null {
  draft.remaddr ??= [];
  for (const part of splitAddresses(text)) {
    draft.remaddr.push({ text: part.text, offset: offset + part.offset });
  }
  return null;
}

/** `a;b;;c`: empty parts count for nothing. */
export function* splitAddresses(text: string): Generator<Span> {
  for (const found of text.matchAll(/[^;]+/g)) yield { text: found[0], offset: found.index };
}
