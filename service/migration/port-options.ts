/** The options of a connection as option words of a port line (ser2net.yaml(5), "CONNECTION SPECIFICATION OPTIONS"). */
import { RANGES, type Range } from "../config/defaults.js";
import { readRemoteAddress } from "./accepter.js";
import type { ImportContext, Value } from "./context.js";
import { isMdnsOption, type MdnsOptions, mdnsWord } from "./mdns.js";
import { type SslLayer, tlsLine } from "./ssl.js";
import { readFlag, splitWords } from "./stack.js";
import { importCloseon, importTemplate } from "./texts.js";
import type { Place } from "./tree.js";

type TextKind = "banner" | "openstr" | "closestr" | "signature" | "closeon";
type TraceRole = "read" | "write" | "both";

interface OptionDraft {
  readonly connection: string;
  readonly isUdp: boolean;
  readonly isTelnet: boolean;
  readonly tls: SslLayer | null;
  /** By option: its number, or whether it is on. */
  readonly values: Map<string, number | boolean>;
  readonly texts: Map<TextKind, Value>;
  readonly traces: Readonly<Record<TraceRole, { file: Value | null; hexdump: boolean; timestamp: boolean }>>;
  readonly leds: Map<string, string>;
  readonly mdns: MdnsOptions;
  remaddr: string[] | null;
  /** `allowed-users`; null: all. */
  users: string[] | null;
}

export function startOptions(
  connection: string,
  { isUdp, isTelnet, tls }: Pick<OptionDraft, "isUdp" | "isTelnet" | "tls">,
): OptionDraft {
  const trace = () => ({ file: null, hexdump: false, timestamp: false });
  return {
    ...{
      connection,
      isUdp,
      isTelnet,
      tls,
      users: null,
      values: new Map(),
      texts: new Map(),
      leds: new Map(),
      remaddr: null,
    },
    mdns: new Map(),
    traces: { read: trace(), write: trace(), both: trace() },
  };
}

export const OPTION_FLAGS: ReadonlyMap<string, string> = new Map([
  ["kickolduser", "kickolduser"],
  ["telnet-brk-on-sync", "telnet_brk_on_sync"],
  ["chardelay", "chardelay"],
  ["mdns", "mdns"],
]);
export const OPTION_NUMBERS = [
  "chardelay-scale",
  "chardelay-min",
  "chardelay-max",
  "dev-to-net-bufsize",
  "net-to-dev-bufsize",
  "max-connections",
] as const satisfies readonly (keyof typeof RANGES)[];
const TEXTS: readonly TextKind[] = ["banner", "openstr", "closestr", "signature", "closeon"];
const TRACES: readonly TraceRole[] = ["read", "write", "both"];

/** Options without an effect where they have this value, and why they are not carried over otherwise. */
const MISSING: ReadonlyMap<string, readonly [harmless: RegExp, reason: string]> = new Map([
  ["sendon", [/^$/, "data is sent when it comes; chardelay-min and chardelay-scale collect it"]],
  ["no-con-to-acc", [/^(false|no|off|0)$/i, "both directions are always transferred"]],
  ["no-acc-to-con", [/^(false|no|off|0)$/i, "both directions are always transferred"]],
  ["connback", [/^$/, "connections that the daemon makes itself have no counterpart"]],
  ["pamauth", [/^$/, "authentication is not carried over"]],
]);
/** They have an effect only together with something that is refused or listed itself. */
const IDLE = /^(authdir|authdir-admin|pamauth-admin)$/;
const NAME_RULE = "a name in allow= has no comma, no blank and no backslash";
/** What the program does anyway. */
const DONE_ANYWAY: ReadonlyMap<string, string> = new Map([
  ["accepter-retry-time", "a network port that is in use is tried again after 1 to 30 s"],
  ["connector-retry-time", "a device is opened for each connection"],
]);

/** All the options that a default can have, in an order that does not matter. */
export const OPTION_NAMES: readonly string[] = [
  ...OPTION_FLAGS.keys(),
  ...OPTION_NUMBERS,
  ...TEXTS,
  ...["mdns-interface", "mdns-type", "mdns-domain", "mdns-host"],
  ...[
    "remaddr",
    "trace-hexdump",
    "trace-timestamp",
    "trace-read",
    "trace-write",
    "trace-both",
    "allowed-users",
    ...MISSING.keys(),
  ],
];

/** Takes one option; what is wrong with it is reported. */
export function takeOption(key: string, value: Value, draft: OptionDraft, place: Place, context: ImportContext): void {
  const { text } = value;
  const kind = TEXTS.find(one => one === key);
  const flag = OPTION_FLAGS.get(key);
  const number = OPTION_NUMBERS.find(one => one === key);
  const missing = MISSING.get(key);
  const anyway = DONE_ANYWAY.get(key);
  if (kind !== undefined) draft.texts.set(kind, value);
  else if (flag !== undefined) setFlag(key, text, draft, place, context);
  else if (number !== undefined) setNumber(number, text, draft, place, context);
  else if (key === "allowed-users") addUsers(text, draft, place, context);
  else if (key === "remaddr") addAddresses(text, draft, place, context);
  else if (key.startsWith("trace-")) takeTrace(key, value, draft, place, context);
  else if (isMdnsOption(key)) draft.mdns.set(key, { value, place });
  else if (missing !== undefined) {
    if (!missing[0].test(text)) context.lost(place, `${key} is not carried over`, missing[1]);
  } else if (anyway !== undefined) context.note(place, `${key} is not carried over`, anyway);
  else if (!IDLE.test(key)) context.lost(place, `${key} is not an option of ser2net 4`, null);
}

function setFlag(key: string, text: string, { values }: OptionDraft, place: Place, context: ImportContext): void {
  const isOn = readFlag(text);
  if (isOn === null) context.lost(place, `${key}: ${text} is neither true nor false`, null);
  else values.set(key, isOn);
}

function setNumber(
  key: (typeof OPTION_NUMBERS)[number],
  text: string,
  { values }: OptionDraft,
  place: Place,
  context: ImportContext,
): void {
  const { min, max }: Range = RANGES[key];
  const number = /^(?:\d{1,10}|0x[0-9a-f]{1,8})$/i.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) values.set(key, number);
  else context.lost(place, `${key}: ${text} is not carried over`, `expected a whole number from ${min} to ${max}`);
}

/** A list that has lost all its addresses admits no peer: it must not become a port that admits all. */
function addAddresses(text: string, draft: OptionDraft, place: Place, context: ImportContext): void {
  if (text.trim() === "") return;
  draft.remaddr ??= [];
  for (const one of text.split(";").map(part => part.trim())) {
    if (one === "") continue;
    const read = readRemoteAddress(one, draft.isUdp);
    if ("address" in read) draft.remaddr.push(read.address);
    else context.lost(place, `remaddr: ${one} is not carried over`, read.problem);
  }
}

/** Without TLS that asks for certificates they have no meaning. */
function addUsers(text: string, draft: OptionDraft, place: Place, context: ImportContext): void {
  draft.users ??= [];
  for (const name of splitWords(text, /[ \t]/)) {
    if (/[\s,\\\x00-\x1f]/.test(name)) context.lost(place, `allowed-users: ${name} is not carried over`, NAME_RULE);
    else draft.users.push(name);
  }
}

function takeTrace(key: string, value: Value, { traces }: OptionDraft, place: Place, context: ImportContext): void {
  const [, one, mark] = /^trace-(?:(read|write|both)(?:-|$))?(hexdump|timestamp)?$/.exec(key) ?? [];
  const roles = one === undefined ? TRACES : TRACES.filter(role => role === one);
  if (mark === "hexdump" || mark === "timestamp") {
    const isOn = readFlag(value.text);
    if (isOn === null) context.lost(place, `${key}: ${value.text} is neither true nor false`, null);
    else for (const role of roles) traces[role][mark] = isOn;
  } else if (one !== undefined && key === `trace-${one}`) {
    for (const role of roles) traces[role].file = value.text === "" ? null : value;
  } else context.lost(place, `${key} is not an option of ser2net 4`, null);
}

/** The words of the port line, and the lines of the definitions before it. */
export function optionWords(
  draft: OptionDraft,
  place: Place,
  context: ImportContext,
): { words: string[]; definitions: string[] } {
  const { values, texts, traces, leds, remaddr, isUdp, connection } = draft;
  const definitions: string[] = [];
  const define = (wanted: string, form: readonly [string, string]) => {
    const { name, line } = context.define(wanted, form);
    if (line !== null) definitions.push(line);
    return name;
  };
  const words = [...values].flatMap(([key, value]) =>
    key === "mdns" && value ? mdnsWord(connection, draft, draft.mdns, place, context) : valueWords(key, value),
  );
  if (draft.tls !== null) {
    const { name, line } = tlsLine(connection, draft.tls, draft.users, place, context);
    if (line !== null) definitions.push(line);
    words.push(`tls=${name}`);
  }
  if (remaddr !== null) words.push(`remaddr=${remaddr.join(";") || (isUdp ? "udp,0" : "0")}`);
  for (const role of TRACES) {
    const { file, hexdump, timestamp } = traces[role];
    const word = { read: "tr", write: "tw", both: "tb" }[role];
    if (file === null) continue;
    words.push(
      `${word}=${define(file.alias ?? `${connection}-${word}`, ["TRACEFILE:", `:${importTemplate(file.text, connection)}`])}`,
    );
    if (hexdump) words.push(`${word}-hexdump`);
    if (timestamp) words.push(`${word}-timestamp`);
  }
  for (const [word, name] of leds) words.push(`${word}=${name}`);
  for (const [kind, value] of texts) {
    const body = textBody(kind, value, connection);
    if ("problem" in body) context.lost(place, `${kind} is not carried over`, body.problem);
    else if (body.text !== "")
      words.push(define(value.alias ?? `${connection}-${kind}`, [`${kind.toUpperCase()}:`, `:${body.text}`]));
  }
  return { words, definitions };
}

function valueWords(key: string, value: number | boolean): readonly string[] {
  const flag = OPTION_FLAGS.get(key);
  if (flag === undefined) return [`${key}=${value}`];
  return key === "chardelay" ? (value ? [] : ["-chardelay"]) : value ? [flag] : [];
}

function textBody(
  kind: TextKind,
  { text }: Value,
  connection: string,
): { readonly text: string } | { readonly problem: string } {
  if (kind === "closeon") return importCloseon(text);
  if (kind !== "signature") return { text: importTemplate(text, connection) };
  if (/[\x00-\x1f]/.test(text) || text.endsWith("\\"))
    return { problem: "a signature has no line ends, no control characters and no backslash at its end" };
  return { text };
}
