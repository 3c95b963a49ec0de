/** JSON text as a tree that keeps the position of each part, so that diagnostics have a file, line and column. */
import type { Diagnostic } from "../config/diagnostic.js";

interface JsonText {
  readonly file: string;
  readonly text: string;
}

/** A text and where its lines start. */
interface JsonSource {
  readonly file: string;
  readonly lineStarts: readonly number[];
}

/** A part of a JSON text and its position. */
export interface Part {
  readonly from: JsonSource;
  readonly offset: number;
  /** `ports[2].label`; empty for the whole. */
  readonly path: string;
}

export interface JsonObject extends Part {
  readonly kind: "object";
  readonly members: ReadonlyMap<string, JsonMember>;
}

interface JsonList extends Part {
  readonly kind: "list";
  readonly items: readonly Json[];
}

interface JsonScalar extends Part {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
}

export type Json = JsonObject | JsonList | JsonScalar;

/** Its position is that of the key. */
export interface JsonMember extends Part {
  readonly value: Json;
}

interface JsonResult {
  /** Null when the text is not JSON. */
  readonly root: Json | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** Limit of the recursion. Profiles use a third of these levels. */
const DEEPEST = 16;

/** Keys given twice that are reported for one file. */
const MAX_REPEATED = 100;
/** Characters of a path that a diagnostic shows. A key may be as long as the file. */
const LONGEST_PATH = 200;

const BLANKS = /[ \t\r\n]*/y;
/** The characters of a string between two escapes; an escape. Two patterns, since one pattern of both would backtrack. */
const CHARACTERS = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /true|false|null/y;

/** Reads up to the first place that is not JSON. A key given twice is a diagnostic too, and its first value counts. */
export function parseJson(from: JsonText): JsonResult {
  return new JsonReader(from).read();
}

class JsonReader {
  readonly #from: JsonSource;
  readonly #text: string;
  readonly #diagnostics: Diagnostic[] = [];
  #at: number;

  constructor(from: JsonText) {
    this.#from = { file: from.file, lineStarts: lineStarts(from.text) };
    this.#text = from.text;
    this.#at = from.text.startsWith("\ufeff") ? 1 : 0;
  }

  read(): JsonResult {
    const root = this.#readValue("", 0);
    const diagnostics = this.#diagnostics;
    if (root === null || this.#next() === "") return { root, diagnostics };
    return { root: this.#stop("expected nothing behind the value"), diagnostics };
  }

  #readValue(path: string, depth: number): Json | null {
    const first = this.#next();
    const part = this.#part(this.#at, path);
    if (depth > DEEPEST) return this.#stop(`expected no more than ${DEEPEST} levels`);
    if (first === "{") return this.#readObject(part, depth);
    if (first === "[") return this.#readList(part, depth);
    const scalar = first === '"' ? this.#takeString() : this.#take(/[-0-9]/.test(first) ? NUMBER : WORD);
    if (scalar !== null) return { ...part, kind: "scalar", value: JSON.parse(scalar) };
    return this.#stop(first === '"' ? 'expected a text that ends with " on the same line' : "expected a value");
  }

  #readObject(part: Part, depth: number): JsonObject | null {
    const members = new Map<string, JsonMember>();
    const complete = this.#readItems("}", () => this.#readMember(part.path, depth, members));
    return complete ? { ...part, kind: "object", members } : null;
  }

  /** False when it is not one. */
  #readMember(path: string, depth: number, members: Map<string, JsonMember>): boolean {
    const offset = this.#at;
    const written = this.#text.charAt(this.#at) === '"' ? this.#takeString() : null;
    if (written === null) return this.#stop("expected a key in double quotes") !== null;
    const key = String(JSON.parse(written));
    if (this.#next() !== ":") return this.#stop("expected :") !== null;
    this.#at++;
    const place = this.#part(offset, path === "" ? key : `${path}.${key}`);
    const value = this.#readValue(place.path, depth + 1);
    if (value === null) return false;
    if (!members.has(key)) members.set(key, { ...place, value });
    else if (this.#diagnostics.length < MAX_REPEATED) {
      this.#diagnostics.push(diagnosticAt(place, "the key is given twice", "the first one counts"));
    }
    return true;
  }

  #readList(part: Part, depth: number): JsonList | null {
    const items: Json[] = [];
    const complete = this.#readItems("]", () => {
      const item = this.#readValue(`${part.path}[${items.length}]`, depth + 1);
      if (item !== null) items.push(item);
      return item !== null;
    });
    return complete ? { ...part, kind: "list", items } : null;
  }

  /** What stands between two brackets, separated by commas. False when it is not JSON. */
  #readItems(close: string, readItem: () => boolean): boolean {
    this.#at++;
    if (this.#next() === close) {
      this.#at++;
      return true;
    }
    for (;;) {
      this.#next();
      if (!readItem()) return false;
      const after = this.#next();
      if (after !== "," && after !== close) {
        this.#stop(`expected , or ${close}`);
        return false;
      }
      this.#at++;
      if (after === close) return true;
    }
  }

  /** The next character after any blanks. */
  #next(): string {
    this.#take(BLANKS);
    return this.#text.charAt(this.#at);
  }

  #take(token: RegExp): string | null {
    token.lastIndex = this.#at;
    const found = token.exec(this.#text)?.[0] ?? null;
    if (found !== null) this.#at += found.length;
    return found;
  }

  /** A string with its quotes. */
  #takeString(): string | null {
    const start = this.#at++;
    do this.#take(CHARACTERS);
    while (this.#take(ESCAPE) !== null);
    if (this.#text.charAt(this.#at) === '"') return this.#text.slice(start, ++this.#at);
    this.#at = start;
    return null;
  }

  #stop(expected: string): null {
    const message = this.#at < this.#text.length ? "not JSON" : "not JSON: the text ends too early";
    this.#diagnostics.push(diagnosticAt(this.#part(this.#at, ""), message, expected));
    return null;
  }

  #part(offset: number, path: string): Part {
    return { from: this.#from, offset, path };
  }
}

/** The whole of a file. */
export function wholeOf(file: string): Part {
  return { from: { file, lineStarts: [0] }, offset: 0, path: "" };
}

/** `ports[2].lable: unknown key`, at its line and column. */
export function diagnosticAt(part: Part, message: string, expected: string | null): Diagnostic {
  const { path } = part;
  const shown = path.length > LONGEST_PATH ? `${path.slice(0, LONGEST_PATH)}...` : path;
  return { ...placeOf(part), message: path === "" ? message : `${shown}: ${message}`, expected };
}

/** Line and column count from 1. */
export function placeOf({ from: { file, lineStarts }, offset }: Part): { file: string; line: number; column: number } {
  let [low, high] = [0, lineStarts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { file, line: low + 1, column: offset - (lineStarts[low] ?? 0) + 1 };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", end + 1)) starts.push(end + 1);
  return starts;
}
