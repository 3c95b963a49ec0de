/** DEFAULT: its names, their ranges and initial values (manual page; the reference where it is silent). */
import { SPEED_RANGE, STANDARD_LINE } from "../line/settings.js";
import type { DefaultValues, OptionContext } from "./configuration.js";
import { suggest } from "./suggest.js";

/** The rates that are words of ser2net 3.5: those of DEFAULT. A port line takes any other rate of SPEED_RANGE too. */
export const SPEEDS: readonly number[] = [
  300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000,
  1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000,
];

export const START_VALUES: DefaultValues = {
  speed: STANDARD_LINE.speed,
  databits: STANDARD_LINE.dataBits,
  stopbits: STANDARD_LINE.stopBits,
  parity: STANDARD_LINE.parity,
  xonxoff: false,
  rtscts: false,
  local: false,
  hangup_when_done: false,
  nobreak: false,
  remctl: false,
  telnet_brk_on_sync: false,
  kickolduser: false,
  chardelay: true,
  "chardelay-scale": 20,
  "chardelay-min": 1000,
  "chardelay-max": 20_000,
  "dev-to-net-bufsize": 64,
  "net-to-dev-bufsize": 64,
  "max-connections": 1,
  hold: 0,
  "always-open": false,
  replay: 0,
  "trace-size": 0,
  "trace-keep": 4,
  "line-timestamp": false,
  "telnet-enter": "crlf",
  writer: "all",
  "tell-user": false,
  "esp-auto-reset": false,
  mdns: false,
  dtr: null,
  rts: null,
  remaddr: "",
  authenticated: true,
  encrypted: true,
  deassert_CTS_DCD_DSR_on_connect: false,
  "shared-serial-alert": "fail",
  "ack-timeout": 1_000_000,
  "ack-retries": 10,
};

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Ranges of the numbers, on DEFAULT and on port lines alike. */
export const RANGES = {
  databits: { min: 5, max: 8 },
  stopbits: { min: 1, max: 2 },
  "chardelay-scale": { min: 1, max: 1000 },
  "chardelay-min": { min: 1, max: 100_000 },
  "chardelay-max": { min: 1, max: 1_000_000 },
  "dev-to-net-bufsize": { min: 1, max: 65_536 },
  "net-to-dev-bufsize": { min: 1, max: 65_536 },
  "max-connections": { min: 1, max: 65_536 },
  hold: { min: 0, max: 3600 }, // seconds that make sense to wait
  "trace-keep": { min: 0, max: 99 },
  "ack-timeout": { min: 1, max: 2_147_483_647 },
  "ack-retries": { min: 1, max: 2_147_483_647 },
} as const satisfies Readonly<Record<string, Range>>;

/** The highest of the numbers of bytes, which may end in `k` or `m`; the lowest is 0. */
export const SIZES = { replay: 16 << 20, "trace-size": 1 << 30 } as const satisfies Readonly<Record<string, number>>;

/** Words of the values that are one of a few words, on DEFAULT and on port lines alike. */
export const CHOICES = {
  "telnet-enter": ["crlf", "cr"],
  writer: ["all", "first", "last"],
  dtr: ["on", "off"],
  rts: ["on", "off"],
  "shared-serial-alert": ["fail", "deferred", "succeed"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** The names of these two before the reference supported UDP. */
const FORMER_NAMES: ReadonlyMap<string, keyof typeof RANGES> = new Map([
  ["dev-to-tcp-bufsize", "dev-to-net-bufsize"],
  ["tcp-to-dev-bufsize", "net-to-dev-bufsize"],
]);

const PARITIES: readonly string[] = ["NONE", "EVEN", "ODD", "MARK", "SPACE"];

const NAMES = [...Object.keys(START_VALUES), ...FORMER_NAMES.keys()];

interface DefaultDiagnostic {
  /** Without the ` on N` its line adds. */
  readonly message: string;
  /** ` on N` goes here when the message has words behind it: `..., min is 1, max is 2`. */
  readonly tail: string;
  readonly expected: string;
  readonly at: "name" | "value";
}

type DefaultSetting = { readonly set: Partial<DefaultValues> } | { readonly problem: DefaultDiagnostic };

/** All the values in force after the DEFAULT lines read so far. */
export function defaultValues(context: Pick<OptionContext, "defaults">): DefaultValues {
  return { ...START_VALUES, ...context.defaults };
}

/** `text` is all behind the name's colon, null without one. */
export function readDefault(written: string, text: string | null): DefaultSetting {
  const whole = text?.replace(/^[ \t\r\v\f]+/, "") ?? "";
  // The empty remaddr admits every peer again; the sample file of the reference has that line.
  if (written === "remaddr" && text !== null) return { set: { remaddr: whole } };
  const value = /^[^ \t\r\v\f]*/.exec(whole)?.[0] ?? "";
  if (value === "") return wrong("No default value", "expected DEFAULT:<name>:<value>");
  const name = FORMER_NAMES.get(written) ?? written;
  if (isRanged(name)) return readRanged(name, value);
  if (isSized(name)) return readSized(name, value);
  if (isChoice(name)) {
    const choice = CHOICES[name].find(one => one === value);
    return choice === undefined ? notOneOf(CHOICES[name], value) : { set: { [name]: choice } };
  }
  if (name === "speed") {
    const speed = SPEEDS.find(one => String(one) === value);
    return speed === undefined ? notOneOf(SPEEDS.map(String), value) : { set: { speed } };
  }
  if (name === "parity") return readParity(value);
  if (isFlag(name)) {
    const flag = readFlag(value);
    return flag === null
      ? wrong("Invalid integer value", "expected true, false or a number")
      : { set: { [name]: flag } };
  }
  const near = suggest(written, NAMES);
  return {
    problem: {
      message: `unknown default name '${written}'`,
      tail: "",
      expected: near === null ? `expected one of ${NAMES.join(", ")}` : `nearest: ${near}`,
      at: "name",
    },
  };
}

/** A rate that the hardware may support; RFC 2217 clients may request the same rates. */
export function isSpeed(word: string): boolean {
  return /^[1-9]\d{1,7}$/.test(word) && Number(word) >= SPEED_RANGE.lowest && Number(word) <= SPEED_RANGE.highest;
}

/** Decimal digits with an optional sign, and nothing else; null otherwise. */
export function readInteger(text: string): number | null {
  return /^[+-]?[0-9]+$/.test(text) ? Number(text) : null;
}

/** `65536`, `64k` or `1m`, in bytes; null: neither. */
export function readSize(text: string): number | null {
  const found = /^\+?([0-9]{1,12})([kKmM]?)$/.exec(text);
  if (found === null) return null;
  return Number(found[1]) * { "": 1, k: 1 << 10, m: 1 << 20 }[(found[2] ?? "").toLowerCase() as "" | "k" | "m"];
}

function readSized(name: keyof typeof SIZES, value: string): DefaultSetting {
  const bytes = readSize(value);
  const expected = `expected a number of bytes up to ${SIZES[name]}, k and m count`;
  if (bytes === null) return wrong("Invalid integer value", expected);
  if (bytes > SIZES[name]) return wrong("Integer value out of range", expected, `, min is 0, max is ${SIZES[name]}`);
  return { set: { [name]: bytes } };
}

function readRanged(name: keyof typeof RANGES, value: string): DefaultSetting {
  const number = readInteger(value);
  const { min, max } = RANGES[name];
  const expected = `expected a whole number from ${min} to ${max}`;
  if (number === null) return wrong("Invalid integer value", expected);
  if (number < min || number > max) {
    return wrong("Integer value out of range", expected, `, min is ${min}, max is ${max}`);
  }
  return { set: { [name]: number } };
}

function readParity(value: string): DefaultSetting {
  const parity = value.toLowerCase();
  const known = PARITIES.includes(value.toUpperCase()) && (value === parity || value === value.toUpperCase());
  return known ? { set: { parity: parity as DefaultValues["parity"] } } : notOneOf(PARITIES, value);
}

/** The reference takes any integer for a flag, and words in one case only. */
function readFlag(value: string): boolean | null {
  if (value === "true" || value === "TRUE") return true;
  if (value === "false" || value === "FALSE") return false;
  const number = readInteger(value);
  return number === null ? null : number !== 0;
}

function notOneOf(words: readonly string[], value: string): DefaultSetting {
  const near = suggest(value, words);
  const expected = `expected one of ${words.join(", ")}`;
  return wrong("Invalid enumeration value", near === null ? expected : `${expected}; nearest: ${near}`);
}

function wrong(message: string, expected: string, tail = ""): DefaultSetting {
  return { problem: { message, tail, expected, at: "value" } };
}

function isRanged(name: string): name is keyof typeof RANGES {
  return Object.hasOwn(RANGES, name);
}

function isSized(name: string): name is keyof typeof SIZES {
  return Object.hasOwn(SIZES, name);
}

function isChoice(name: string): name is keyof typeof CHOICES {
  return Object.hasOwn(CHOICES, name);
}

function isFlag(name: string): boolean {
  return Object.entries(START_VALUES).some(([key, value]) => key === name && typeof value === "boolean");
}
