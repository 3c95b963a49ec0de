/** Parses one logical line to a directive or to a diagnostic. */
import type { PortState } from "./configuration.js";
import type { Directive, LineDiagnostic, Span } from "./directive.js";
import type { LogicalLine } from "./logical-lines.js";
import { suggest } from "./suggest.js";

const STATES = ["telnet", "raw", "rawlp", "off"] as const satisfies readonly PortState[];

export const DIRECTIVES = {
  BANNER: "No banner name given",
  SIGNATURE: "No signature given",
  OPENSTR: "No open string name given",
  CLOSESTR: "No close string name given",
  CLOSEON: "No close on string name given",
  DEVICE: "No device name given",
  TRACEFILE: "No tracefile name given",
  CONTROLPORT: "No control port given",
  CONTROLSOCKET: "No control socket given", // our own
  METRICS: "No metrics port given", // our own
  RS485CONF: "No signature given", // sic
  DEFAULT: "No default name given",
  ROTATOR: "No rotator name given",
  LED: "No LED name given",
  PULSE: "No pulse name given", // our own
  TLS: "No TLS name given", // our own
} as const;

type Word = keyof typeof DIRECTIVES;

const DIRECTIVE = new RegExp(`^(${Object.keys(DIRECTIVES).join("|")}):`);
const STATE = new RegExp(`:(${STATES.join("|")}):`);

export function parseDirective(line: LogicalLine): Directive | LineDiagnostic {
  if (line.isUnfinished) return unfinished(line);
  const word = DIRECTIVE.exec(line.text)?.[1] as Word | undefined;
  return word === undefined ? parsePortLine(line) : parseNamed(word, line);
}

export function isDiagnostic(result: object): result is LineDiagnostic {
  return "message" in result;
}

/** The reference drops it silently. */
function unfinished({ text, number }: LogicalLine): LineDiagnostic {
  const message = `No continuation of the line on line ${number}`;
  return { offset: text.length, message, expected: "expected another line after the backslash" };
}

/** The state is found first, so that the network port before it may hold colons (`::1,3000`). */
function parsePortLine(line: LogicalLine): Directive | LineDiagnostic {
  const found = STATE.exec(line.text);
  if (found === null) return noState(line);
  const name = line.text.slice(0, found.index);
  const timeout = nextToken(line.text, found.index + found[0].length);
  if (timeout === null) return fault(line, line.text.length, "No timeout given", "expected seconds, 0 for no timeout");
  const device = nextToken(line.text, timeout.end);
  if (device === null) {
    return fault(line, line.text.length, "No device name given", "expected a path or the name of a DEVICE");
  }
  const options = spanFrom(line.text, Math.min(device.end + 1, line.text.length));
  return { kind: "port", name, state: found[1] as PortState, timeout, device, options };
}

function noState(line: LogicalLine): LineDiagnostic {
  const fields = line.text.slice(0, 200).split(":"); // enough to see what was meant
  const [first = "", second = ""] = fields;
  const directive = suggest(first, Object.keys(DIRECTIVES));
  const state = fields.length > 1 ? suggest(second, STATES) : null;
  const meant = directive !== null ? `${directive}:` : state;
  const offset = directive !== null || fields.length === 1 ? 0 : first.length + 1;
  const expected = "expected a directive or <network port>:<raw, rawlp, telnet or off>:<timeout>:<device>[:<options>]";
  return fault(line, offset, "No state given", meant === null ? expected : `${expected}; nearest: ${meant}`);
}

function parseNamed(word: Word, line: LogicalLine): Directive | LineDiagnostic {
  const { text } = line;
  const after = word.length + 1;
  const form = `expected ${word}:${word in SPECS ? "" : "<name>:"}<text>`;
  const missing = fault(line, text.length, DIRECTIVES[word], form);
  if (isSpec(word)) {
    // Its colons belong to it: `CONTROLPORT:::1,2000`.
    return after < text.length ? { kind: SPECS[word], spec: spanFrom(text, after) } : missing;
  }
  const name = nextToken(text, after);
  if (name === null) return missing;
  if (name.end === text.length && word in TEXT_KINDS && /\S\s+\S/.test(name.text)) {
    const [first = ""] = name.text.trim().split(/\s/, 1);
    return fault(line, name.offset + first.length, DIRECTIVES[word], `expected ${word}:${first}:<text>, with a colon`);
  }
  return directiveOf(word, name, line);
}

/** The directive of a name and the text behind it. */
function directiveOf(
  word: Exclude<Word, keyof typeof SPECS>,
  found: Token,
  line: LogicalLine,
): Directive | LineDiagnostic {
  const { text: name, end } = found;
  const body = end < line.text.length ? spanFrom(line.text, end + 1) : null;
  const given = body ?? { text: "", offset: line.text.length };
  const empty = (message: string, expected: string) => fault(line, line.text.length, message, expected);
  switch (word) {
    case "BANNER":
    case "SIGNATURE":
    case "OPENSTR":
    case "CLOSESTR":
    case "CLOSEON":
    case "DEVICE":
      return { kind: "text", type: TEXT_KINDS[word], name, text: given };
    case "TRACEFILE":
      if (given.text === "") return empty("No tracefile given", "expected a file name");
      return { kind: "tracefile", name, file: given.text };
    case "RS485CONF":
      if (given.text === "") return empty("No RS485 configuration given", RS485_FORM);
      return { kind: "rs485", name, text: given };
    case "LED":
      if (given.text === "") return empty("No LED given", LED_FORM);
      return { kind: "led", name, text: given };
    case "PULSE":
      return { kind: "pulse", name, text: given };
    case "TLS":
      return { kind: "tls", name, text: given };
    case "ROTATOR":
      if (given.text.trim() === "") return empty("No rotator ports given", "expected port names separated by blanks");
      return { kind: "rotator", name: found, ports: given };
    case "DEFAULT":
      return { kind: "default", name: found, value: body };
    default:
      return word satisfies never;
  }
}

/** Directives without a name. */
const SPECS = { CONTROLPORT: "control-port", CONTROLSOCKET: "control-socket", METRICS: "metrics" } as const;

function isSpec(word: Word): word is keyof typeof SPECS {
  return word in SPECS;
}

export const RS485_FORM = "expected <ms before>:<ms after>:<rts on send, 0 or 1>:<rx during tx, 0 or 1>";
export const LED_FORM = "expected sysfs:device=<LED> [duration=<ms>] [state=<0 or 1>]";

const TEXT_KINDS = {
  BANNER: "banner",
  SIGNATURE: "signature",
  OPENSTR: "openstr",
  CLOSESTR: "closestr",
  CLOSEON: "closeon",
  DEVICE: "device",
} as const;

/** A field between colons. */
interface Token extends Span {
  readonly end: number;
}

/** Up to the next colon, after any number of them: the reference takes `::` for one. */
function nextToken(text: string, from: number): Token | null {
  let offset = from;
  while (text[offset] === ":") offset++;
  if (offset >= text.length) return null;
  const colon = text.indexOf(":", offset);
  const end = colon < 0 ? text.length : colon;
  return { text: text.slice(offset, end), offset, end };
}

function spanFrom(text: string, offset: number): Span {
  return { text: text.slice(offset), offset };
}

function fault(line: LogicalLine, offset: number, message: string, expected: string): LineDiagnostic {
  return { offset, message: `${message} on line ${line.number}`, expected };
}
