/** What an import has read so far: defines, defaults and names, and the list of what is not carried over. */
import { isSpeed } from "../config/defaults.js";
import type { Diagnostic } from "../config/diagnostic.js";
import { KEYED_WORDS, PLAIN_WORDS } from "../config/option-table.js";
import { keyOf } from "../config/slips.js";
import { FreeNames } from "./free-names.js";
import { Substitution } from "./substitution.js";
import type { Place, YamlEntry, YamlNode } from "./tree.js";

/** A value with its defines put in. */
export interface Value {
  readonly text: string;
  /** The name of the define that is the whole value; null: it is written out. */
  readonly alias: string | null;
  readonly comment: string;
}

/** Diagnostics of one run; later ones are counted in the last. */
const MAX_DIAGNOSTICS = 10_000;

/** A connection as lines of the configuration. */
export interface ImportedPort {
  readonly networkPort: string;
  readonly isTelnet: boolean;
  readonly hasTls: boolean;
  /** Definitions, then the port. */
  readonly lines: readonly string[];
}

export class ImportContext {
  readonly defines = new Substitution();
  /** By anchor: the name of the LED. */
  readonly leds = new Map<string, string>();
  /** By anchor; null where the connection is not carried over. */
  readonly connections = new Map<string, ImportedPort | null>();
  readonly diagnostics: Diagnostic[] = [];
  readonly #defaults = new Map<string, string>();
  readonly #names = new FreeNames();
  readonly #defined = new Map<string, string>();

  /** Something is missing in what is written. */
  lost(place: Place, message: string, reason: string | null): void {
    this.#push({ ...place, message, expected: reason });
  }

  /** Something works in another way. */
  note(place: Place, message: string, reason: string): void {
    this.#push({ ...place, message, expected: reason, isWarning: true });
  }

  /** By file, in the order in which the files were read, and by line. */
  inFileOrder(): readonly Diagnostic[] {
    const files = new Map<string | null, number>();
    for (const { file } of this.diagnostics) if (!files.has(file)) files.set(file, files.size);
    const rank = ({ file }: Diagnostic) => files.get(file) ?? 0;
    return [...this.diagnostics].sort((one, other) => rank(one) - rank(other) || one.line - other.line);
  }

  #push(diagnostic: Diagnostic): void {
    if (this.diagnostics.length < MAX_DIAGNOSTICS) this.diagnostics.push(diagnostic);
  }

  /** The text of a scalar or of an alias of one; null: there is none, which is reported. */
  value({ key, value }: YamlEntry): Value | null {
    return this.text(key, value);
  }

  text(key: string, node: YamlNode): Value | null {
    if (node.kind === "alias") {
      const text = this.defines.get(node.name);
      if (text !== undefined) return { text, alias: node.name, comment: "" };
      this.lost(node.place, `${key}: there is no define ${node.name}`, "expected it before this line");
      return null;
    }
    if (node.kind !== "text") {
      this.lost(node.place, `${key} is not a text`, null);
      return null;
    }
    const read = this.defines.expand(key === "connector" ? passwordFiles(node.text) : node.text);
    if ("problem" in read) {
      this.lost(node.place, `${key} is not carried over`, read.problem);
      return null;
    }
    if (node.anchor !== null) this.defines.define(node.anchor, read.text);
    return { text: read.text, alias: null, comment: node.comment };
  }

  /** @param className the empty text is the base of all classes */
  setDefault(className: string, name: string, value: string | null): void {
    const key = `${className} ${name}`;
    if (value === null) this.#defaults.delete(key);
    else this.#defaults.set(key, value);
  }

  /** That of the class, or the base; undefined: none was set. */
  default(className: string, name: string): string | undefined {
    return this.#defaults.get(`${className} ${name}`) ?? this.#defaults.get(` ${name}`);
  }

  /**
   * A name for a definition. The same definition gets the same name again.
   * @param form the line, with the name left out: `["BANNER:", ":hello"]`
   * @returns the line too where it has not been written before
   */
  define(
    wanted: string,
    [before, after]: readonly [string, string],
  ): { readonly name: string; readonly line: string | null } {
    const key = `${before}${after}`;
    const known = this.#defined.get(key);
    if (known !== undefined) return { name: known, line: null };
    const name = this.#freeName(wanted);
    this.#defined.set(key, name);
    return { name, line: `${before}${name}${after}` };
  }

  #freeName(wanted: string): string {
    const plain =
      wanted
        .replace(/[^A-Za-z0-9._-]/g, "-")
        .replace(/^-+/, "")
        .slice(0, 64) || "text";
    const base = isOptionWord(plain) ? `${plain}-text` : plain;
    return this.#names.take(base);
  }
}

/** A name that is spelt like an option cannot be used. */
function isOptionWord(name: string): boolean {
  return PLAIN_WORDS.has(name) || KEYED_WORDS.has(keyOf(name)) || isSpeed(name);
}

/** `-P *{file}` of a SOL device is a password file here too. */
function passwordFiles(text: string): string {
  return text.replace(/(^|[\s,])-P\s+\*\{([^}\s*]+)\}/g, "$1-Pf $2");
}
