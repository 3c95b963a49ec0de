/** JSON text as a tree whose parts know where they stand: a fault is shown at its file, line and column. */
import type { Diagnostic } from "../config/diagnostic.js";

export interface JsonText {
  readonly file: string;
  readonly text: string;
}

/** Something that stands somewhere. */
export interface Part {
  readonly from: JsonText;
  readonly offset: number;
  /** `ports[2].label`; empty for the whole. */
  readonly path: string;
}

export interface JsonObject extends Part {
  readonly kind: "object";
  readonly members: ReadonlyMap<string, JsonMember>;
}

export interface JsonList extends Part {
  readonly kind: "list";
  readonly items: readonly Json[];
}

export interface JsonScalar extends Part {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
}

export type Json = JsonObject | JsonList | JsonScalar;

/** The place is that of the key. */
export interface JsonMember extends Part {
  readonly value: Json;
}

export interface JsonResult {
  /** Null when the text is not JSON. */
  readonly root: Json | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** Nothing a profile says is nested deeper than a third of this; it bounds the recursion. */
const DEEPEST = 16;

/** So many keys given twice say enough about one file. */
const MAX_REPEATED = 100;
/** Shown of the path of a part; a key may be as long as the file. */
const LONGEST_PATH = 200;

const BLANKS = /[ \t\r\n]*/y;
/** What a string may have between two escapes, and an escape. Each is taken once: a pattern of both would backtrack. */
const CHARACTERS = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /true|false|null/y;

/** Reads up to the first place that is not JSON; a key given twice is a fault too, and its first value counts. */
export function parseJson(from: JsonText): JsonResult {
  const { text } = from;
  const diagnostics: Diagnostic[] = [];
  let at = text.startsWith("\ufeff") ? 1 : 0;

  const take = (token: RegExp): string | null => {
    token.lastIndex = at;
    const found = token.exec(text)?.[0] ?? null;
    if (found !== null) at += found.length;
    return found;
  };
  /** A string with its quotes. */
  const takeString = (): string | null => {
    const start = at++;
    do take(CHARACTERS);
    while (take(ESCAPE) !== null);
    if (text.charAt(at) === '"') return text.slice(start, ++at);
    at = start;
    return null;
  };
  /** The character that comes next, behind any blanks. */
  const next = (): string => {
    take(BLANKS);
    return text.charAt(at);
  };
  const stop = (expected: string): null => {
    const place = { from, offset: at, path: "" };
    diagnostics.push(
      diagnosticAt(place, at < text.length ? "not JSON" : "not JSON: the text ends too early", expected),
    );
    return null;
  };

  const readValue = (path: string, depth: number): Json | null => {
    const first = next();
    const part = { from, offset: at, path };
    if (depth > DEEPEST) return stop(`expected no more than ${DEEPEST} levels`);
    if (first === "{") return readObject(part, depth);
    if (first === "[") return readList(part, depth);
    const scalar = first === '"' ? takeString() : take(/[-0-9]/.test(first) ? NUMBER : WORD);
    if (scalar !== null) return { ...part, kind: "scalar", value: JSON.parse(scalar) };
    return stop(first === '"' ? 'expected a text that ends with " on the same line' : "expected a value");
  };

  /** What stands between two brackets, separated by commas; false after a fault. */
  const readItems = (close: string, readItem: () => boolean): boolean => {
    at++;
    if (next() === close) {
      at++;
      return true;
    }
    for (;;) {
      next();
      if (!readItem()) return false;
      const after = next();
      if (after !== "," && after !== close) {
        stop(`expected , or ${close}`);
        return false;
      }
      at++;
      if (after === close) return true;
    }
  };

  const readObject = (part: Part, depth: number): JsonObject | null => {
    const members = new Map<string, JsonMember>();
    const complete = readItems("}", () => {
      const offset = at;
      const written = text.charAt(at) === '"' ? takeString() : null;
      if (written === null) return stop("expected a key in double quotes") !== null;
      const key = String(JSON.parse(written));
      if (next() !== ":") return stop("expected :") !== null;
      at++;
      const place = { from, offset, path: part.path === "" ? key : `${part.path}.${key}` };
      const value = readValue(place.path, depth + 1);
      if (value === null) return false;
      if (!members.has(key)) members.set(key, { ...place, value });
      else if (diagnostics.length < MAX_REPEATED) {
        diagnostics.push(diagnosticAt(place, "the key is given twice", "the first one counts"));
      }
      return true;
    });
    return complete ? { ...part, kind: "object", members } : null;
  };

  const readList = (part: Part, depth: number): JsonList | null => {
    const items: Json[] = [];
    const complete = readItems("]", () => {
      const item = readValue(`${part.path}[${items.length}]`, depth + 1);
      if (item !== null) items.push(item);
      return item !== null;
    });
    return complete ? { ...part, kind: "list", items } : null;
  };

  const root = readValue("", 0);
  if (root === null || next() === "") return { root, diagnostics };
  return { root: stop("expected nothing behind the value"), diagnostics };
}

/** `ports[2].lable: unknown key`, at its line and column. */
export function diagnosticAt({ from, offset, path }: Part, message: string, expected: string | null): Diagnostic {
  let [line, start] = [1, 0];
  for (let end = from.text.indexOf("\n"); end >= 0 && end < offset; end = from.text.indexOf("\n", start)) {
    line++;
    start = end + 1;
  }
  const shown = path.length > LONGEST_PATH ? `${path.slice(0, LONGEST_PATH)}...` : path;
  const column = offset - start + 1;
  return { file: from.file, line, column, message: path === "" ? message : `${shown}: ${message}`, expected };
}
