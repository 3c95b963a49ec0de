/** One `connection` of ser2net 4 as a port line. */
import { type Accepter, readAccepter } from "./accepter.js";
import { type Connector, readConnector } from "./connector.js";
import type { ImportContext, ImportedPort, Value } from "./context.js";
import { OPTION_NAMES, optionWords, startOptions, takeOption } from "./port-options.js";
import { readFlag } from "./stack.js";
import type { Place, YamlEntry, YamlNode } from "./tree.js";

/** Words of a port line that ser2net 4 does not have: `connector: ... # ser2net-edge: hold=60`, as the export writes them. */
export const EXTENSION_MARK = "ser2net-edge:";

const KEYS = new Set(["accepter", "connector", "timeout", "enable", "options"]);

/** A text says why the connection is not carried over. @param name the anchor */
export function importConnection(
  name: string,
  entries: readonly YamlEntry[],
  place: Place,
  context: ImportContext,
): ImportedPort | string {
  const parts = readParts(entries, place, context);
  const accepter = readAccepter(parts.text("accepter"), context);
  if (typeof accepter === "string") return `accepter: ${accepter}`;
  for (const lost of accepter.lost) {
    context.lost(parts.place("accepter"), "A part of the accepter is not carried over", lost);
  }
  const connector = readConnector(parts.text("connector"), context, parts.place("connector"));
  if (typeof connector === "string") return `connector: ${connector}`;
  const { words, definitions } = importOptions(name, accepter, parts, place, context);
  const define = (wanted: string, form: readonly [string, string]) => {
    const { name: defined, line } = context.define(`${name}-${wanted}`, form);
    if (line !== null) definitions.push(line);
    return defined;
  };
  const { device, isSol, rs485 } = connector;
  // A device with colons needs a line of its own.
  const written = device.includes(":") || isSol ? define("device", ["DEVICE:", `:${device}`]) : device;
  const all = [
    ...connector.words,
    ...(accepter.remctl ? ["remctl"] : []),
    ...(rs485 === null ? [] : [`rs485=${define("rs485", ["RS485CONF:", `:${rs485}`])}`]),
    ...words,
    ...extensions(parts.comment),
  ];
  const line = `${accepter.networkPort}:${portState(accepter, connector, parts, context)}:${timeout(parts, context)}:${written}:${all.join(" ")}`;
  const { networkPort, isTelnet, tls } = accepter;
  return { networkPort, isTelnet, hasTls: tls !== null, lines: [...definitions, line] };
}

/** The parts of a connection, each with its defines put in. */
interface Parts {
  /** Empty without the part. */
  text(key: string): string;
  has(key: string): boolean;
  place(key: string): Place;
  readonly options: readonly YamlEntry[];
  /** Behind the connector. */
  readonly comment: string;
}

function readParts(entries: readonly YamlEntry[], place: Place, context: ImportContext): Parts {
  const found = new Map<string, { readonly value: Value | null; readonly place: Place }>();
  let options: readonly YamlEntry[] = [];
  for (const entry of entries) {
    const { key, value } = entry;
    if (!KEYS.has(key)) context.lost(entry.place, `${key} is not a part of a connection`, null);
    else if (key === "options") options = optionEntries(value, context);
    else found.set(key, { value: context.value(entry), place: entry.place });
  }
  return {
    text: key => found.get(key)?.value?.text ?? "",
    has: key => found.has(key),
    place: key => found.get(key)?.place ?? place,
    options,
    comment: found.get("connector")?.value?.comment ?? "",
  };
}

function importOptions(
  name: string,
  accepter: Accepter,
  { options }: Parts,
  place: Place,
  context: ImportContext,
): ReturnType<typeof optionWords> {
  const draft = startOptions(name, accepter);
  for (const option of OPTION_NAMES) {
    const value = context.default("ser2net", option);
    if (value !== undefined) takeOption(option, { text: value, alias: null, comment: "" }, draft, place, context);
  }
  for (const option of options) readOption(option, draft, context);
  return optionWords(draft, place, context);
}

function optionEntries(value: YamlNode, context: ImportContext): readonly YamlEntry[] {
  if (value.kind === "map") return value.entries;
  if (value.kind !== "text" || value.text !== "") context.lost(value.place, "options: expected a map", null);
  return [];
}

function readOption(option: YamlEntry, draft: ReturnType<typeof startOptions>, context: ImportContext): void {
  const { key, value, place } = option;
  if (key !== "led-rx" && key !== "led-tx") {
    const read = context.value(option);
    if (read !== null) takeOption(key, read, draft, place, context);
    return;
  }
  const name = value.kind === "alias" ? context.leds.get(value.name) : undefined;
  if (name !== undefined) draft.leds.set(key, name);
  else context.lost(place, `${key} is not carried over`, "expected the alias of an led before this line");
}

function extensions(comment: string): readonly string[] {
  const [, words] = comment.split(EXTENSION_MARK, 2);
  return words?.match(/[^ \t]+/g) ?? [];
}

function timeout(parts: Parts, context: ImportContext): string {
  const text = parts.text("timeout");
  if (/^\d{1,10}$/.test(text)) return text;
  if (parts.has("timeout")) {
    context.lost(parts.place("timeout"), `timeout: ${text} is not carried over`, "expected seconds");
  }
  return "0";
}

/** The port is off where it is unclear. */
function portState({ isTelnet }: Accepter, { isPrinter }: Connector, parts: Parts, context: ImportContext): string {
  if (isPrinter && isTelnet) {
    const reason = "a device that is only written to (wronly) is rawlp here";
    context.lost(parts.place("accepter"), "telnet is not carried over", reason);
  }
  const state = isPrinter ? "rawlp" : isTelnet ? "telnet" : "raw";
  if (!parts.has("enable")) return state;
  const isOn = readFlag(parts.text("enable"));
  if (isOn) return state;
  const place = parts.place("enable");
  if (isOn === null) context.lost(place, `enable: ${parts.text("enable")} is neither on nor off`, "taken as off");
  context.note(
    place,
    "The port is off",
    `to switch it on, write ${state} in place of off, or setportenable PORT ${state}`,
  );
  return "off";
}
