/** The texts of LED and RS485CONF. */
import { toBytes } from "../line/bytes.js";
import type { LedConfig, NamedText, Pulse, PulseReader, Rs485Config } from "./configuration.js";
import { translateCloseon } from "./escapes.js";
import { LED_FORM, RS485_FORM } from "./parse.js";

interface DefinitionDiagnostic {
  /** With its line number, in the form of the reference: `on N` or `on line N.` */
  readonly message: string;
  readonly expected: string;
  /** Where in the text; left out: at its begin. */
  readonly at?: number;
}

export interface Definition<T> {
  /** Null: the line is dropped. */
  readonly value: T | null;
  readonly diagnostics: readonly DefinitionDiagnostic[];
}

const STANDARD_DURATION_MS = 10;
const MOST = 2_147_483_647;

/** `sysfs:device=<LED> [duration=<ms>] [state=<0|1>]`; unknown keys and words without `=` mean nothing. */
export function readLed(name: string, text: string, lineNumber: number): Definition<LedConfig> {
  const colon = text.indexOf(":");
  if (colon < 0) return dropped(`Couldn't parse LED definition for '${name}' on ${lineNumber}`, LED_FORM);
  const driver = text.slice(0, colon);
  if (driver !== "sysfs") {
    return dropped(`Unknown LED driver '${driver}' for LED '${name}' on ${lineNumber}`, "expected sysfs");
  }
  const parameters = readParameters(text.slice(colon + 1));
  const device = parameters.get("device") ?? "";
  if (device === "") {
    return dropped(`LED '${name}': parameter 'device' required, but missing on line ${lineNumber}.`, LED_FORM);
  }
  const diagnostics: DefinitionDiagnostic[] = [];
  const durationMs = atoi(parameters.get("duration") ?? "");
  if (durationMs < 0) {
    diagnostics.push({
      message: `LED '${name}': invalid duration, using default on line ${lineNumber}.`,
      expected: "expected milliseconds",
    });
  }
  const state = atoi(parameters.get("state") ?? "1");
  if (state < -1 || state > 1) {
    diagnostics.push({
      message: `LED '${name}': invalid state, using default on line ${lineNumber}.`,
      expected: "expected 0 or 1",
    });
  }
  const value: LedConfig = {
    name,
    device,
    durationMs: durationMs > 0 ? durationMs : STANDARD_DURATION_MS,
    state: state === 0 ? 0 : 1,
  };
  return { value, diagnostics };
}

/** A CLOSEON, as the bytes it stands for. */
export function readCloseon(text: string, lineNumber: number): Definition<NamedText> {
  const translated = translateCloseon(text);
  if ("text" in translated) {
    const value = { kind: "closeon", text: translated.text, bytes: toBytes(translated.text) } as const;
    return { value, diagnostics: [] };
  }
  const expected = "expected only \\\\ \\r \\n \\t \\v \\a, \\ooo (three octal digits) or \\xhh (two hex digits)";
  const message = `${translated.fault} on line ${lineNumber}`;
  return { value: null, diagnostics: [{ message, expected, at: translated.offset }] };
}

/** `DTR=0 RTS=1 100ms DTR=1`. */
export function readPulseText(
  name: string,
  text: string,
  lineNumber: number,
  read: PulseReader = () => [],
): Definition<Pulse> {
  if (!/^\S+$/.test(name)) return dropped(`Invalid pulse name on line ${lineNumber}`, "expected one word");
  const steps = read(text);
  if (!("message" in steps)) return { value: { text, steps }, diagnostics: [] };
  const { message, expected, offset: at } = steps;
  return { value: null, diagnostics: [{ message: `${message} on line ${lineNumber}`, expected, at }] };
}

/** Parses as scanf does: blanks before a number, one digit for a flag, any text after it. */
export function readRs485(name: string, text: string, lineNumber: number): Definition<Rs485Config> {
  const blank = "[ \\t\\r\\v\\f]*";
  const form = `^${blank}([0-9]{1,10}):${blank}([0-9]{1,10}):${blank}([0-9]):${blank}([0-9])`;
  const [, before, after, onSend, duringTx] = new RegExp(form).exec(text) ?? [];
  if (duringTx === undefined) return dropped(`Couldn't parse RS485 config on ${lineNumber}`, RS485_FORM);
  if (Number(onSend) > 1) return dropped(`RTS_ON_SEND parameter can be 0 or 1 on ${lineNumber}`, RS485_FORM);
  if (Number(duringTx) > 1) return dropped(`RX_DURING_TX parameter can be 0 or 1 on ${lineNumber}`, RS485_FORM);
  const value: Rs485Config = {
    name,
    delayBeforeMs: Math.min(Number(before), MOST),
    delayAfterMs: Math.min(Number(after), MOST),
    rtsOnSend: onSend === "1",
    rxDuringTx: duringTx === "1",
  };
  return { value, diagnostics: [] };
}

/** Keys in any case, the last of a kind counts, a value ends at a second `=`. */
function readParameters(text: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [word] of text.matchAll(/[^ \t]+/g)) {
    const [key = "", value] = word.split("=", 2);
    if (value !== undefined) parameters.set(key.toLowerCase(), value);
  }
  return parameters;
}

/** Parses as atoi does: the leading digits; 0 without any. */
function atoi(text: string): number {
  const number = Number(/^[ \t\n\v\f\r]*([+-]?[0-9]+)/.exec(text)?.[1] ?? 0);
  return Math.max(-MOST, Math.min(number, MOST));
}

function dropped<T>(message: string, expected: string): Definition<T> {
  return { value: null, diagnostics: [{ message, expected }] };
}
