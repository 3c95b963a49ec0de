/** The table of option words of a port line: what each sets, and where it may be used. */

import { BIT_RATES } from "../ipmi/settings.js";
import type { LineSettings } from "../line/settings.js";
import type { Chardelay, NamedText, OptionContext, PortOptions, TraceConfig } from "./configuration.js";
import { CHOICES, SPEEDS } from "./defaults.js";
import type { Span } from "./directive.js";
import {
  assign,
  atStart,
  choice,
  type KeyedWord,
  type Mutable,
  type OptionDraft,
  portWord,
  ranged,
  sized,
  type TraceDraft,
  type TraceRole,
  type ValueDiagnostic,
} from "./option-words.js";
import type { SolOptions } from "./sol-target.js";

const TRACES: readonly TraceRole[] = ["tr", "tw", "tb"];

/** A word that stands alone. */
type PlainWord = (draft: OptionDraft) => void;

type SetFlag = (draft: OptionDraft, on: boolean) => void;

/** `word` and `-word`. */
const FLAGS: readonly (readonly [name: string, set: SetFlag])[] = [
  ["XONXOFF", ({ line }, on) => Object.assign(line, { xonxoffIn: on, xonxoffOut: on, xonAny: on })],
  ["RTSCTS", ({ line }, on) => assign(line, "rtscts", on)],
  ["LOCAL", ({ line }, on) => assign(line, "local", on)],
  ["HANGUP_WHEN_DONE", ({ line }, on) => assign(line, "hangupWhenDone", on)],
  ["NOBREAK", ({ options }, on) => assign(options, "clearBreak", !on)],
  ["remctl", ({ options }, on) => assign(options, "remctl", on)],
  ["kickolduser", ({ options }, on) => assign(options, "kickolduser", on)],
  ["telnet_brk_on_sync", ({ options }, on) => assign(options, "telnetBrkOnSync", on)],
  ["chardelay", ({ options }, on) => changeChardelay(options, { enabled: on })],
  ["disable-chardelay", ({ options }, on) => changeChardelay(options, { enabled: !on })], // the manual page's word
  ...TRACES.flatMap((role): [string, SetFlag][] => [
    [`${role}-hexdump`, ({ traces }, on) => assign(traces[role], "hexdump", on)],
    [`${role}-timestamp`, ({ traces }, on) => assign(traces[role], "timestamp", on)],
  ]),
  ["tell-user", ({ options }, on) => assign(options, "tellUser", on)], // our own
  ["always-open", ({ options }, on) => assign(options, "alwaysOpen", on)], // our own, as the next one
  ["esp-auto-reset", ({ options }, on) => assign(options, "espAutoReset", on)], // our own
  ["mdns", ({ options }, on) => assign(options, "mdns", on ? "" : null)], // our own
  ["line-timestamp", ({ options }, on) => assign(options, "lineTimestamp", on)],
  ["hexdump", (draft, on) => markTraces(draft, { hexdump: on })],
  ["timestamp", (draft, on) => markTraces(draft, { timestamp: on })],
  ["authenticated", (draft, on) => changeSol(draft, { authenticated: on })],
  ["encrypted", (draft, on) => changeSol(draft, { encrypted: on })],
  ["deassert_CTS_DCD_DSR_on_connect", (draft, on) => changeSol(draft, { deassertOnConnect: on })],
];

export const PLAIN_WORDS: ReadonlyMap<string, PlainWord> = new Map<string, PlainWord>([
  ...SPEEDS.map((speed): [string, PlainWord] => [String(speed), setLine({ speed })]),
  ["1STOPBIT", setLine({ stopBits: 1 })],
  ["2STOPBITS", setLine({ stopBits: 2 })],
  ["5DATABITS", setLine({ dataBits: 5 })],
  ["6DATABITS", setLine({ dataBits: 6 })],
  ["7DATABITS", setLine({ dataBits: 7 })],
  ["8DATABITS", setLine({ dataBits: 8 })],
  ...(["none", "even", "odd", "mark", "space"] as const).flatMap((parity): [string, PlainWord][] => [
    [parity.toUpperCase(), setLine({ parity })],
    [parity, setLine({ parity })],
  ]),
  ...FLAGS.flatMap(([name, set]): [string, PlainWord][] => [
    [name, draft => set(draft, true)],
    [`-${name}`, draft => set(draft, false)],
  ]),
  ...CHOICES["shared-serial-alert"].map((sharedSerialAlert): [string, PlainWord] => [
    `shared_serial_alert_${sharedSerialAlert}`,
    draft => changeSol(draft, { sharedSerialAlert }),
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
  ["mdns=", portWord(({ options }, { text }) => assign(options, "mdns", text) ?? null)], // our own
  ["tls=", { live: false, apply: useTls }], // our own
  ranged("chardelay-scale", ({ options }, scale) => changeChardelay(options, { scale, explicit: true })),
  ranged("chardelay-min", ({ options }, minUs) => changeChardelay(options, { minUs, explicit: true })),
  ranged("chardelay-max", ({ options }, maxUs) => changeChardelay(options, { maxUs, explicit: true })),
  atStart(ranged("dev-to-net-bufsize", setDevToNetBufsize)),
  atStart(ranged("dev-to-net-bufsize", setDevToNetBufsize, "dev-to-tcp-bufsize")), // its former name
  atStart(ranged("net-to-dev-bufsize", setNetToDevBufsize)),
  atStart(ranged("net-to-dev-bufsize", setNetToDevBufsize, "tcp-to-dev-bufsize")),
  atStart(ranged("max-connections", ({ options }, most) => assign(options, "maxConnections", most))),
  ranged("hold", ({ options }, seconds) => assign(options, "holdSeconds", seconds)), // our own
  sized("replay", ({ options }, bytes) => assign(options, "replayBytes", bytes)), // our own
  sized("trace-size", ({ options }, bytes) => assign(options, "traceSize", bytes)), // our own
  ranged("trace-keep", ({ options }, files) => assign(options, "traceKeep", files)), // our own
  choice("writer", ({ options }, rule) => assign(options, "writer", rule)), // our own
  choice("telnet-enter", ({ options }, enter) => assign(options, "telnetEnter", enter)), // our own
  choice("dtr", ({ options }, state) => assign(options, "dtr", state === "on")), // our own
  choice("rts", ({ options }, state) => assign(options, "rts", state === "on")), // our own
  ranged("ack-timeout", (draft, ackTimeoutUs) => changeSol(draft, { ackTimeoutUs })),
  ranged("ack-retries", (draft, ackRetries) => changeSol(draft, { ackRetries })),
]);

/** Words of `PLAIN_WORDS` and `KEYED_WORDS` that only a SOL device has. */
const SOL_WORDS = /^(-?(authenticated|encrypted|deassert_CTS_DCD_DSR_on_connect)|shared_serial_alert_\w+|ack-\w+=.*)$/s;
/** Those that only a tty has. */
const TTY_WORDS =
  /^(1STOPBIT|2STOPBITS|[5-8]DATABITS|NONE|EVEN|ODD|MARK|SPACE|none|even|odd|mark|space|-?(XONXOFF|RTSCTS|LOCAL|HANGUP_WHEN_DONE|esp-auto-reset)|(rs485|dtr|rts)=.*)$/s;

/** The expectation for a word that only the other kind of device has; null for all other words. */
export function misplaced(word: string, { options: { sol } }: OptionDraft): string | null {
  if (sol === null) return SOL_WORDS.test(word) ? "only a SOL device has this option" : null;
  if (SPEEDS.includes(Number(word)) && !BIT_RATES.has(Number(word))) return SOL_SPEEDS;
  return TTY_WORDS.test(word) ? "a SOL device does not have this option" : null;
}

/** A name defined before the line by BANNER, SIGNATURE, OPENSTR, CLOSESTR or CLOSEON; false for DEVICE. */
export function useText({ options, names }: OptionDraft, name: string, { kind, text, bytes }: NamedText): boolean {
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
      options.closeon = bytes;
      break;
    case "device":
      return false;
    default:
      return kind satisfies never;
  }
  names[kind] = name;
  return true;
}

/** The expectation for a bit rate that a SOL device does not have. */
export const SOL_SPEEDS = `expected one of ${[...BIT_RATES.keys()].join(", ")} for a SOL device`;

/** Bytes of a signature that the reference sends. */
const LONGEST_SIGNATURE = 254;

export function traceConfig({ file, hexdump, timestamp }: TraceDraft): TraceConfig | null {
  return file === null ? null : { file, hexdump, timestamp };
}

/** Call only where the device is a SOL device. */
function changeSol({ options }: OptionDraft, change: Partial<SolOptions>): void {
  if (options.sol !== null) options.sol = { ...options.sol, ...change };
}

export function setLine(settings: Partial<LineSettings>): PlainWord {
  return ({ line }) => Object.assign(line, settings);
}

function markTraces({ traces }: OptionDraft, marks: Partial<TraceDraft>): void {
  for (const role of TRACES) Object.assign(traces[role], marks);
}

function changeChardelay(options: Mutable<PortOptions>, change: Partial<Chardelay>): void {
  options.chardelay = { ...options.chardelay, ...change };
}

function setDevToNetBufsize({ options }: OptionDraft, bytes: number): void {
  options.devToNetBufsize = { bytes, explicit: true };
}

function setNetToDevBufsize({ options }: OptionDraft, bytes: number): void {
  options.netToDevBufsize = { bytes, explicit: true };
}

function useTrace(role: TraceRole, draft: OptionDraft, { text }: Span, context: OptionContext): ValueDiagnostic | null {
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
): ValueDiagnostic | null {
  const led = context.leds.get(text);
  if (led === undefined) return ignored(`LED '${text}'`, "LED", context.leds);
  draft.options[use] = led;
  return null;
}

function useRs485(draft: OptionDraft, { text }: Span, context: OptionContext): ValueDiagnostic | null {
  const rs485 = context.rs485.get(text);
  if (rs485 === undefined) return ignored(`RS485 configuration ${text}`, "RS485CONF", context.rs485);
  draft.options.rs485 = rs485;
  return null;
}

/** A port whose TLS line is missing refuses its peers: it is not served in clear text. */
function useTls({ options }: OptionDraft, { text }: Span, { tls }: OptionContext): ValueDiagnostic | null {
  options.tls = text;
  if (tls.has(text)) return null;
  const expected = "peers are refused; expected the name of a TLS line";
  return { text: `TLS ${text} not found`, numbered: true, expected, candidates: tls.keys() };
}

function ignored(what: string, directive: string, known: ReadonlyMap<string, unknown>): ValueDiagnostic {
  const expected = `expected the name of a ${directive} defined before this line`;
  return { text: `${what} not found, it will be ignored`, numbered: false, expected, candidates: known.keys() };
}

/** Checked after the whole line, since the allowed value depends on max-connections. */
export function addRemoteAddresses(draft: OptionDraft, { text, offset }: Span): null {
  draft.remaddr ??= [];
  for (const part of splitAddresses(text)) {
    draft.remaddr.push({ text: part.text, offset: offset + part.offset });
  }
  return null;
}

/** `a;b;;c`: empty parts are ignored. */
export function* splitAddresses(text: string): Generator<Span> {
  for (const found of text.matchAll(/[^;]+/g)) yield { text: found[0], offset: found.index };
}
