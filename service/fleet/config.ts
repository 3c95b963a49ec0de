/** The configuration of the fleet process: lines `DIRECTIVE:value` (docs/fleet.md). Pure. */
import type { Diagnostic } from "../config/diagnostic.js";
import { suggest } from "../config/suggest.js";

export const COMMAND_NAMES = ["disconnect", "break", "pulse", "set", "drain", "undrain", "identify"] as const;
export type CommandName = (typeof COMMAND_NAMES)[number];

export interface FleetConfig {
  /** `mqtt://host:port` or `mqtts://host:port`. */
  readonly broker: string;
  /** The level of the topics that names this board. */
  readonly board: string;
  /** The level before it; it may have several levels. */
  readonly prefix: string;
  /** The local socket of the daemon. */
  readonly socket: string;
  /** Files of PEM. */
  readonly tls: { readonly ca: string | null; readonly cert: string | null; readonly key: string | null };
  readonly login: { readonly user: string; readonly passwordFile: string | null } | null;
  /** Ports whose output is published; `*`: all. */
  readonly output: readonly string[];
  /** Bytes on the disk. */
  readonly spoolBytes: number;
  /** Null: the folder of the service manager. */
  readonly spoolFolder: string | null;
  /** Which commands are carried out, and for which ports; `*`: all. */
  readonly allowed: ReadonlyMap<CommandName, readonly string[]>;
}

type Draft = { -readonly [Key in keyof FleetConfig]: FleetConfig[Key] };

/** What is wrong with a value. `at`: its column in the value, from 0. */
interface Wrong {
  readonly message: string;
  readonly expected: string;
  readonly at: number;
}

const MEGABYTE = 1024 * 1024;
const LEAST_SPOOL = 65_536;
const MOST_SPOOL = 1024 * MEGABYTE;
/** sun_path, unix(7), without its NUL. */
const LONGEST_PATH = 107;

/** Takes a value into the draft; null, or what is wrong. */
type Reader = (value: string, draft: Draft) => Wrong | null;

const READERS: Readonly<Record<string, Reader>> = {
  BROKER(value, draft) {
    const expected = "expected BROKER:mqtt://HOST[:PORT] or BROKER:mqtts://HOST[:PORT]";
    if (!/^mqtts?:\/\/(\[[\da-fA-F:]+\]|[^\s:/@?#[\]]+)(:\d{1,5})?\/?$/.test(value) || !URL.canParse(value)) {
      return { message: `Invalid broker: ${value}`, expected, at: 0 };
    }
    draft.broker = value;
    return null;
  },
  BOARD(value, draft) {
    const expected = "expected BOARD:<name without / + # and blanks>";
    if (!/^[^\s/+#$][^\s/+#]*$/.test(value)) return { message: `Invalid board: ${value}`, expected, at: 0 };
    draft.board = value;
    return null;
  },
  PREFIX(value, draft) {
    const expected = "expected PREFIX:<levels of a topic, such as ser2net or plant/north>";
    if (!/^[^\s/+#$][^\s/+#]*(\/[^\s/+#]+)*$/.test(value))
      return { message: `Invalid prefix: ${value}`, expected, at: 0 };
    draft.prefix = value;
    return null;
  },
  SOCKET(value, draft) {
    const expected = `expected SOCKET:<absolute path of at most ${LONGEST_PATH} bytes>`;
    if (!/^\/\S*[^/\s]$/.test(value) || value.length > LONGEST_PATH) {
      return { message: `Invalid socket: ${value}`, expected, at: 0 };
    }
    draft.socket = value;
    return null;
  },
  TLS(value, draft) {
    const expected = "expected TLS:[ca=FILE] [cert=FILE key=FILE]";
    for (const { word, at } of wordsOf(value)) {
      const [, key, file] = /^(ca|cert|key)=(.+)$/.exec(word) ?? [];
      if (key !== "ca" && key !== "cert" && key !== "key")
        return { message: `Invalid TLS word: ${word}`, expected, at };
      draft.tls = { ...draft.tls, [key]: file };
    }
    if ((draft.tls.cert === null) === (draft.tls.key === null)) return null;
    return { message: "cert= and key= belong together", expected, at: 0 };
  },
  LOGIN(value, draft) {
    const expected = "expected LOGIN:user=NAME [password=FILE]";
    let [user, passwordFile]: [string | null, string | null] = [null, null];
    for (const { word, at } of wordsOf(value)) {
      const [, key, text = ""] = /^(user|password)=(.+)$/.exec(word) ?? [];
      if (key === undefined) return { message: `Invalid login word: ${word.replace(/=.*/s, "=...")}`, expected, at };
      if (key === "user") user = text;
      else passwordFile = text;
    }
    if (user === null) return { message: "A login needs user=", expected, at: 0 };
    draft.login = { user, passwordFile };
    return null;
  },
  OUTPUT(value, draft) {
    const ports = wordsOf(value).map(({ word }) => word);
    if (ports.length === 0) return { message: "No port given", expected: "expected OUTPUT:<PORT ..., or *>", at: 0 };
    draft.output = [...draft.output, ...ports];
    return null;
  },
  SPOOL(value, draft) {
    const expected = `expected SPOOL:<bytes, from ${LEAST_SPOOL / 1024}K to ${MOST_SPOOL / MEGABYTE}M> [path=FOLDER]`;
    for (const { word, at } of wordsOf(value)) {
      const [, digits, unit = ""] = /^(\d{1,10})([KM]?)$/.exec(word) ?? [];
      const [, folder] = /^path=(\/.*)$/.exec(word) ?? [];
      const bytes = Number(digits) * ({ K: 1024, M: MEGABYTE }[unit] ?? 1);
      if (folder !== undefined) draft.spoolFolder = folder;
      else if (bytes >= LEAST_SPOOL && bytes <= MOST_SPOOL) draft.spoolBytes = bytes;
      else return { message: `Invalid spool: ${word}`, expected, at };
    }
    return null;
  },
  ALLOW(value, draft) {
    const [first, ...ports] = wordsOf(value);
    const name = COMMAND_NAMES.find(one => one === first?.word);
    if (name === undefined) {
      const near = suggest(first?.word ?? "", [...COMMAND_NAMES]);
      const expected = `expected ${near === null ? `one of ${COMMAND_NAMES.join(", ")}` : `${near}?`}`;
      return { message: `Unknown command: ${first?.word ?? ""}`, expected, at: first?.at ?? 0 };
    }
    const before = draft.allowed.get(name) ?? [];
    draft.allowed = new Map([
      ...draft.allowed,
      [name, [...before, ...(ports.length === 0 ? ["*"] : ports.map(({ word }) => word))]],
    ]);
    return null;
  },
};

/** What the file says, or what is wrong with it. @param name of the instance: the board and the socket where none is given */
export function parseFleetConfig(
  text: string,
  file: string,
  name: string,
): { readonly config: FleetConfig } | { readonly diagnostics: readonly Diagnostic[] } {
  const draft: Draft = {
    ...{ broker: "", board: name, prefix: "ser2net", socket: `/run/ser2net/${name}/control` },
    ...{ tls: { ca: null, cert: null, key: null }, login: null, output: [] },
    ...{ spoolBytes: 16 * MEGABYTE, spoolFolder: null, allowed: new Map() },
  };
  const diagnostics: Diagnostic[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const wrong = readLine(line.replace(/\r$/, ""), draft);
    if (wrong === null) continue;
    const { message, expected, at } = wrong;
    diagnostics.push({ file, line: index + 1, column: at + 1, message, expected });
  }
  if (draft.broker === "" && diagnostics.length === 0) {
    const expected = "expected BROKER:mqtts://HOST[:PORT]";
    diagnostics.push({ file, line: 1, column: 1, message: "No broker given", expected });
  }
  return diagnostics.length > 0 ? { diagnostics } : { config: draft };
}

/** Null, or what is wrong; `at` counts from the start of the line. */
function readLine(line: string, draft: Draft): Wrong | null {
  if (/^[ \t]*(#|$)/.test(line)) return null;
  const colon = line.indexOf(":");
  const directive = colon < 0 ? line : line.slice(0, colon);
  const read = Object.hasOwn(READERS, directive) ? READERS[directive] : undefined;
  const words = Object.keys(READERS);
  if (colon < 0 || read === undefined) {
    const near = suggest(directive, words);
    const expected = near === null || near === directive ? `expected one of ${words.join(": ")}:` : `expected ${near}:`;
    return { message: `Unknown line: ${directive}`, expected, at: 0 };
  }
  const wrong = read(line.slice(colon + 1).trimEnd(), draft);
  return wrong === null ? null : { ...wrong, at: colon + 1 + wrong.at };
}

function wordsOf(value: string): readonly { readonly word: string; readonly at: number }[] {
  return Array.from(value.matchAll(/[^ \t]+/g), found => ({ word: found[0], at: found.index }));
}
