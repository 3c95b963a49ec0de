/** The text of a YAML file as a small tree: texts, maps, lists and aliases with their places. Nothing is resolved or expanded. */
import { Composer, type CST, isAlias, isCollection, isMap, isPair, isScalar, isSeq, LineCounter, Parser } from "yaml";
import type { Diagnostic } from "../config/diagnostic.js";
import { encodeUtf8, toText } from "../line/bytes.js";

export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Texts are one character a byte, as everywhere in the program. */
export type YamlNode =
  | {
      readonly kind: "text";
      readonly text: string;
      readonly anchor: string | null;
      readonly place: Place;
      readonly comment: string;
    }
  | { readonly kind: "alias"; readonly name: string; readonly place: Place }
  | {
      readonly kind: "map";
      readonly entries: readonly YamlEntry[];
      readonly anchor: string | null;
      readonly place: Place;
    }
  | { readonly kind: "list"; readonly items: readonly YamlNode[]; readonly place: Place };

export interface YamlEntry {
  readonly key: string;
  readonly place: Place;
  /** An empty text where the file has nothing. */
  readonly value: YamlNode;
}

interface YamlTree {
  /** Null: the file has no map. */
  readonly root: YamlNode | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** A configuration has three levels: connection, options, list. */
const DEEPEST = 8;
const MAX_ERRORS = 100;
/** Characters. A thousand connections are half of it; a larger configuration has files that it includes. */
const LONGEST_FILE = 1 << 19;

/** Reads a file of YAML. Errors of the syntax are diagnostics; what can be read counts all the same. */
export function readYaml(bytes: Uint8Array, file: string): YamlTree {
  const { text, toBytes } = decode(bytes);
  const lines = new LineCounter();
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const refused = (message: string, offset = 0) => ({
    root: null,
    diagnostics: [{ ...place(offset), message, expected: null }],
  });
  if (text.length > LONGEST_FILE) return refused(`It has more than ${LONGEST_FILE} characters`);
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const wrong = tokens.filter(({ type }) => type === "error");
  if (wrong.length > MAX_ERRORS) return refused("This is not YAML", wrong[0]?.offset);
  const deep = tooDeep(tokens);
  if (deep !== null) return refused("YAML is nested too deeply", deep);
  const composer = new Composer({
    schema: "failsafe", // every scalar is a text: ser2net decides what `on` and `1` mean
    uniqueKeys: false, // a configuration has many keys `connection`
    prettyErrors: false,
  });
  const [parsed, second] = composer.compose(tokens, true, text.length);
  const diagnostics: Diagnostic[] = (parsed?.errors.slice(0, MAX_ERRORS) ?? []).map(({ pos, message }) => ({
    ...place(pos[0]),
    message: `YAML: ${firstLine(message)}`,
    expected: null,
  }));
  if (second !== undefined) {
    diagnostics.push({
      ...place(second.range[0]),
      message: "Only the first document of the file is read",
      expected: null,
    });
  }
  const builder = new TreeBuilder(place, toBytes);
  const root = parsed?.contents ? builder.node(parsed.contents, 0, 0) : null;
  return { root, diagnostics: [...diagnostics, ...builder.diagnostics] };
}

/** Where a part is nested deeper than any configuration; null: there is none. The composer would call itself for each level. */
function tooDeep(tokens: readonly CST.Token[]): number | null {
  const left: { readonly token: CST.Token; readonly depth: number }[] = tokens.map(token => ({ token, depth: 0 }));
  for (let one = left.pop(); one !== undefined; one = left.pop()) {
    const { token, depth } = one;
    if (depth > 2 * DEEPEST) return token.offset;
    if (token.type === "document" && token.value !== undefined) left.push({ token: token.value, depth });
    if (!("items" in token)) continue;
    for (const { key, value } of token.items) {
      for (const part of [key, value]) if (part) left.push({ token: part, depth: depth + 1 });
    }
  }
  return null;
}

class TreeBuilder {
  readonly diagnostics: Diagnostic[] = [];
  readonly #place: (offset: number) => Place;
  readonly #toBytes: (text: string) => string;

  constructor(place: (offset: number) => Place, toBytes: (text: string) => string) {
    this.#place = place;
    this.#toBytes = toBytes;
  }

  node(node: unknown, offset: number, depth: number): YamlNode {
    if (isAlias(node)) return { kind: "alias", name: this.#toBytes(node.source), place: this.#at(node, offset) };
    if (isScalar(node)) {
      const { value, comment, anchor } = node;
      const text = typeof value === "string" ? this.#toBytes(value) : "";
      return {
        kind: "text",
        text,
        anchor: this.#anchor(anchor),
        place: this.#at(node, offset),
        comment: this.#toBytes(comment ?? ""),
      };
    }
    const place = this.#at(node, offset);
    if (!isCollection(node)) return { kind: "text", text: "", anchor: null, place, comment: "" };
    if (depth === DEEPEST) {
      this.diagnostics.push({ ...place, message: "YAML is nested too deeply", expected: "this part is not read" });
      return { kind: "list", items: [], place };
    }
    if (isSeq(node)) return { kind: "list", items: node.items.map(item => this.node(item, offset, depth + 1)), place };
    const entries = isMap(node) ? node.items.filter(isPair).map(pair => this.#entry(pair, depth, offset)) : [];
    return { kind: "map", entries, anchor: this.#anchor(node.anchor), place };
  }

  #entry({ key, value }: { readonly key: unknown; readonly value: unknown }, depth: number, offset: number): YamlEntry {
    const start = startOf(key) ?? offset;
    const place = this.#place(start);
    const name = isScalar(key) && typeof key.value === "string" ? this.#toBytes(key.value) : null;
    if (name === null)
      this.diagnostics.push({ ...place, message: "A key is not a text", expected: "expected <key>: <value>" });
    return { key: name ?? "", place, value: this.node(value, start, depth + 1) };
  }

  #at(node: unknown, otherwise: number): Place {
    return this.#place(startOf(node) ?? otherwise);
  }

  #anchor(anchor: string | undefined): string | null {
    return anchor === undefined ? null : this.#toBytes(anchor);
  }
}

function startOf(node: unknown): number | null {
  const isPlaced = isScalar(node) || isCollection(node) || isAlias(node);
  return isPlaced ? (node.range?.[0] ?? null) : null;
}

/** UTF-8, or latin1 where it is not. The texts that come of it are bytes again. */
function decode(bytes: Uint8Array): { readonly text: string; readonly toBytes: (text: string) => string } {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), toBytes: encodeUtf8 };
  } catch {
    return { text: toText(bytes), toBytes: text => text.replace(/[^\x00-\xff]+/g, encodeUtf8) };
  }
}

function firstLine(text: string): string {
  return encodeUtf8(text.split("\n", 1)[0] ?? "");
}
