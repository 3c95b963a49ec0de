/** Common mistakes of real configuration files, and the text that was meant. */
import type { OptionContext } from "./configuration.js";
import { isSpeed } from "./defaults.js";
import type { Diagnostic } from "./diagnostic.js";
import type { Span } from "./directive.js";
import type { Source } from "./logical-lines.js";
import { KEYED_WORDS, PLAIN_WORDS } from "./option-table.js";

/**
 * Options written as one word, where each part is known: separated by commas, as was legal up to ser2net 2.10, or by colons,
 * or `115200n81`. Null for anything else.
 */
export function separated(word: string, context: OptionContext): readonly string[] | null {
  const parts = shortLine(word) ?? word.split(/[,:]/);
  const isKnown = (part: string) =>
    PLAIN_WORDS.has(part) || KEYED_WORDS.has(keyOf(part)) || isSpeed(part) || context.texts.has(part);
  return parts.length > 1 && parts.every(isKnown) ? parts : null;
}

/** `115200n81` as the words for it. */
function shortLine(word: string): string[] | null {
  const [, speed = "", parity = "", dataBits = "", stopBits = ""] = /^(\d+)([neoms])([5-8])([12])$/i.exec(word) ?? [];
  if (speed === "") return null;
  const name = { n: "NONE", e: "EVEN", o: "ODD", m: "MARK", s: "SPACE" }[parity.toLowerCase()] ?? "";
  return [speed, name, `${dataBits}DATABITS`, stopBits === "1" ? "1STOPBIT" : "2STOPBITS"];
}

export function isNumber(word: string): boolean {
  return /^\d+$/.test(word);
}

/** `max-connections=` of `max-connections=3`; empty without `=`. */
export function keyOf(word: string): string {
  return word.slice(0, word.indexOf("=") + 1);
}

/** How HOST:PORT and [HOST]:PORT are written here; null for anything else. */
export function withComma(name: string): string | null {
  const [, host = "", port = ""] = /^(?:\[([^\]]*)\]|([^,:]*)):(\d+)$/.exec(name)?.filter(Boolean) ?? [];
  return port === "" ? null : `write ${host},${port}`;
}

/** The whole path, where the part before the first colon was taken for the device: /dev/serial/by-path/ has such names. */
export function pathWithColons({ device, options }: { readonly device: Span; readonly options: Span }): string | null {
  if (!/^\/dev\/serial\/by-[a-z]+\/[^/]+$/.test(device.text)) return null;
  const rest = /^[^ \t]*-[^ \t:]*/.exec(options.text)?.[0] ?? "";
  return rest.startsWith("-") || rest.includes("=") || rest === "" ? null : `${device.text}:${rest}`;
}

/** What ttyS0 or dev/ttyS0 stands for: names that devices have below /dev. Null for any other name. */
export function pathWithoutDev(name: string): string | null {
  const below = /^(?:dev\/)?((?:tty|lp|rfcomm)\w+|usb\/lp\d+|pts\/\d+|serial\/by-(?:id|path)\/[^/]+)$/.exec(name)?.[1];
  return below === undefined ? null : `/dev/${below}`;
}

/** Lines of comments that may stand before the first one of a YAML file. */
const MAX_HEAD_LINES = 200;
const YAML_START = /^(%YAML[ \t]|---[ \t\r]*$|(connection|define|default|admin|rotator|led):[ \t]*([&\r]|$))/;

/** The one diagnostic for a whole configuration of ser2net 4; null for another text. */
export function yamlDiagnostic({ file, text }: Source): Diagnostic | null {
  const line = yamlLine(text);
  if (line === null) return null;
  const expected = "expected lines of ser2net.conf: ser2net import makes them of it";
  const message = "This is a YAML configuration of ser2net 4";
  return { file, line: file === null ? 0 : line, column: 1, message, expected };
}

/** The line that shows a configuration of ser2net 4: the first that is neither blank nor a comment. Null for another text. */
function yamlLine(text: string): number | null {
  let start = 0;
  for (let line = 1; line <= MAX_HEAD_LINES && start < text.length; line++) {
    const end = text.indexOf("\n", start);
    const one = text.slice(start, end < 0 ? text.length : Math.min(end, start + 200));
    if (YAML_START.test(one)) return line;
    if (!/^\s*(#|$)/.test(one) || end < 0) return null;
    start = end + 1;
  }
  return null;
}
