/** The announcement of a connection by mDNS as words of a port line, and back. */
import type { PortConfig } from "../config/configuration.js";
import type { ImportContext, Value } from "./context.js";
import type { Place } from "./tree.js";

/** The options `mdns-...` of a connection. */
export type MdnsOptions = Map<string, { readonly value: Value; readonly place: Place }>;

/** Of those that are not carried over: the values that mean nothing. */
const HARMLESS: ReadonlyMap<string, RegExp> = new Map([
  ["mdns-interface", /^(-1|)$/],
  ["mdns-nettype", /^(unspec|)$/],
  ["mdns-domain", /^$/],
  ["mdns-host", /^$/],
  ["mdns-txt", /^$/],
  ["mdns-sysattrs", /^(false|no|off|0|)$/i],
]);

export function isMdnsOption(key: string): boolean {
  return HARMLESS.has(key) || key === "mdns-name" || key === "mdns-type";
}

/** The word of a connection that is announced. Without a name of its own ser2net 4 announces the name of the connection. */
export function mdnsWord(
  connection: string,
  { isTelnet, isUdp }: { readonly isTelnet: boolean; readonly isUdp: boolean },
  options: MdnsOptions,
  place: Place,
  context: ImportContext,
): string {
  for (const [key, { value, place: at }] of options) {
    if (HARMLESS.get(key)?.test(value.text) === false)
      context.lost(at, `${key} is not carried over`, "interface, address and texts follow from the port");
  }
  const transport = isUdp ? "udp" : "tcp";
  const type = `_${isTelnet ? "telnet" : "iostream"}._${transport}`;
  const wanted = options.get("mdns-type");
  const before = wanted?.value.text || `_iostream._${transport}`;
  if (before !== type)
    context.note(wanted?.place ?? place, `mdns-type: ${before} becomes ${type}`, "the state of the port decides");
  const given = options.get("mdns-name");
  const name = given?.value.text || connection;
  const word = name.replace(/[\s\\]+/g, "-");
  if (word !== name)
    context.note(given?.place ?? place, `mdns-name becomes ${word}`, "a name has no blanks and no backslashes");
  return `mdns=${word}`;
}

/** The options of a port that is announced, each `key: value`. @param text as a scalar of YAML */
export function mdnsLines(
  { options: { mdns }, state, networkPort }: PortConfig,
  text: (value: string) => string,
): readonly string[] {
  if (mdns === null) return [];
  return [
    "mdns: true",
    ...(mdns === "" ? [] : [`mdns-name: ${text(mdns)}`]),
    ...(state === "telnet" ? [`mdns-type: ${text(`_telnet._${networkPort.transport}`)}`] : []),
  ];
}
