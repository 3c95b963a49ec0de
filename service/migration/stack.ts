/** The strings that name accepters and connectors: `telnet(rfc2217),tcp,localhost,2000` (gensio(5), "SYNOPSIS"). */

interface Layer {
  readonly name: string;
  /** `rfc2217` or `key=value`, as written between the brackets. */
  readonly options: readonly string[];
}

export interface Stack {
  readonly layers: readonly Layer[];
  /** What follows the last layer: an address, or a device and its options. */
  readonly rest: string;
}

/** Layers that have another one below them. */
const FILTERS = new Set(
  "telnet ssl certauth mux msgdelim relpkt ratelimit trace perf conacc keepopen script xlt kiss ax25 mdns afskmdm".split(
    " ",
  ),
);
const ENDS = new Set(
  "tcp udp sctp unix unixdgram unixseq serialdev sdev ipmisol stdio pty echo file dummy sound cm108gpio".split(" "),
);

/** Without any layer (`2000`, `localhost,2000`) it is TCP. Null: a bracket or a quote is not closed. */
export function readStack(text: string): Stack | null {
  const layers: Layer[] = [];
  let at = 0;
  for (;;) {
    const name = /[a-z0-9_-]*/iy;
    name.lastIndex = at;
    const [word = ""] = name.exec(text) ?? [];
    const isFilter = FILTERS.has(word);
    if (!isFilter && !ENDS.has(word))
      return { layers: [...layers, { name: "tcp", options: [] }], rest: text.slice(at) };
    at += word.length;
    let options: readonly string[] = [];
    if (text[at] === "(") {
      const end = closing(text, at);
      if (end < 0) return null;
      options = splitWords(text.slice(at + 1, end), /[,\s]/);
      at = end + 1;
    }
    layers.push({ name: word, options });
    at = afterComma(text, at);
    if (!isFilter || at >= text.length) return { layers, rest: text.slice(at) };
  }
}

function afterComma(text: string, from: number): number {
  let at = text[from] === "," ? from + 1 : from;
  while (/\s/.test(text[at] ?? "")) at++;
  return at;
}

/** Splits at separators that are neither quoted nor behind a backslash; both are taken away. Empty words are left out. */
export function splitWords(text: string, separator: RegExp): string[] {
  const words: string[] = [];
  let word = "";
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const one = text[at] ?? "";
    if (one === "\\" && at + 1 < text.length) word += text[++at] ?? "";
    else if (quote !== "") {
      if (one === quote) quote = "";
      else word += one;
    } else if (one === '"' || one === "'") quote = one;
    else if (!separator.test(one)) word += one;
    else if (word !== "") {
      words.push(word);
      word = "";
    }
  }
  if (word !== "") words.push(word);
  return words;
}

/** The bracket that closes the one at `from`; -1: there is none. */
function closing(text: string, from: number): number {
  let quote = "";
  for (let at = from + 1; at < text.length; at++) {
    const one = text[at] ?? "";
    if (one === "\\") at++;
    else if (quote !== "") quote = one === quote ? "" : quote;
    else if (one === '"' || one === "'") quote = one;
    else if (one === ")") return at;
  }
  return -1;
}

/** `true` and what ser2net 4 takes for it; null: neither true nor false. Without a value a flag is set. */
export function readFlag(text: string | null): boolean | null {
  if (text === null) return true;
  if (/^(true|yes|on|1)$/i.test(text)) return true;
  return /^(false|no|off|0)$/i.test(text) ? false : null;
}

/** `key=value` in two; the value is null without `=`. Keys in lower case, with `-` for `_`. */
export function keyAndValue(word: string): { readonly key: string; readonly value: string | null } {
  const at = word.indexOf("=");
  const key = (at < 0 ? word : word.slice(0, at)).toLowerCase().replaceAll("_", "-");
  return { key, value: at < 0 ? null : word.slice(at + 1) };
}
