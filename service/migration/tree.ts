/** The text of a YAML file as a small tree: texts, maps, lists and aliases with their places. Nothing is resolved or expanded. */
import { isAlias, isCollection, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
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

/** Reads a file of YAML. Errors of the syntax are diagnostics; what can be read counts all the same. */
export function readYaml(bytes: Uint8Array, file: string): YamlTree {
  const lines = new LineCounter();
  let parsed: ReturnType<typeof parseDocument>;
  try {
    parsed = parseDocument(decode(bytes), {
      lineCounter: lines,
      schema: "failsafe", // every scalar is a text: ser2net decides what `on` and `1` mean
      uniqueKeys: false, // a configuration has many keys `connection`
      prettyErrors: false,
      logLevel: "error",
      strict: false,
    });
  } catch (error) {
    // The parser is recursive: the stack is too small for a hundred thousand brackets.
    if (!(error instanceof RangeError)) throw error;
    return {
      root: null,
      diagnostics: [{ file, line: 1, column: 1, message: "YAML is nested too deeply", expected: null }],
    };
  }
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const diagnostics = parsed.errors.slice(0, MAX_ERRORS).map(({ pos, code, message }) => ({
    ...place(pos[0]),
    message: code === "MULTIPLE_DOCS" ? "Only the first document of the file is read" : `YAML: ${firstLine(message)}`,
    expected: null,
  }));
  const builder = new TreeBuilder(place);
  return {
    root: parsed.contents === null ? null : builder.node(parsed.contents, 0, 0),
    diagnostics: [...diagnostics, ...builder.diagnostics],
  };
}

class TreeBuilder {
  readonly diagnostics: Diagnostic[] = [];
  readonly #place: (offset: number) => Place;

  constructor(place: (offset: number) => Place) {
    this.#place = place;
  }

  node(node: unknown, offset: number, depth: number): YamlNode {
    if (isAlias(node)) return { kind: "alias", name: encodeUtf8(node.source), place: this.#at(node, offset) };
    if (isScalar(node)) {
      const { value, comment, anchor } = node;
      const text = typeof value === "string" ? encodeUtf8(value) : "";
      return {
        kind: "text",
        text,
        anchor: bytesOf(anchor),
        place: this.#at(node, offset),
        comment: encodeUtf8(comment ?? ""),
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
    return { kind: "map", entries, anchor: bytesOf(node.anchor), place };
  }

  #entry({ key, value }: { readonly key: unknown; readonly value: unknown }, depth: number, offset: number): YamlEntry {
    const start = startOf(key) ?? offset;
    const place = this.#place(start);
    const name = isScalar(key) && typeof key.value === "string" ? encodeUtf8(key.value) : null;
    if (name === null)
      this.diagnostics.push({ ...place, message: "A key is not a text", expected: "expected <key>: <value>" });
    return { key: name ?? "", place, value: this.node(value, start, depth + 1) };
  }

  #at(node: unknown, otherwise: number): Place {
    return this.#place(startOf(node) ?? otherwise);
  }
}

function startOf(node: unknown): number | null {
  const isPlaced = isScalar(node) || isCollection(node) || isAlias(node);
  return isPlaced ? (node.range?.[0] ?? null) : null;
}

function bytesOf(anchor: string | undefined): string | null {
  return anchor === undefined ? null : encodeUtf8(anchor);
}

/** UTF-8, or latin1 where it is not. */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return toText(bytes);
  }
}

function firstLine(text: string): string {
  return encodeUtf8(text.split("\n", 1)[0] ?? "");
}
