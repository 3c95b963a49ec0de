/** `ser2net import` and `ser2net export`. */
import { loadHelp } from "../app/load-help.js";
import type { Configuration } from "../config/configuration.js";
import { type Diagnostic, errorsOf, formatDiagnostic } from "../config/diagnostic.js";
import { exportYaml } from "./export.js";
import { type ImportEnvironment, importYaml } from "./import.js";

interface MigrationIo {
  out(text: string): void;
  err(text: string): void;
  /** Throws where the file exists or cannot be written. */
  save(file: string, text: string): void;
  readonly environment: ImportEnvironment;
  /** Throws what says why there is none. */
  configuration(
    file: string | null,
    board: string | null,
  ): { readonly configuration: Configuration; readonly diagnostics: readonly Diagnostic[] };
}

const [DONE, LOST, MISUSED] = [0, 1, 2];

/** Runs the words of the command line, with the command itself. Returns the exit status. */
export function migrationCommand([command = "", ...words]: readonly string[], io: MigrationIo): number {
  if (words.includes("--help") || words.includes("-h")) {
    io.out(loadHelp().helpOf(command));
    return DONE;
  }
  const options = readOptions(command === "export", words);
  if ("mistake" in options) {
    io.err(`ser2net: ${command}: ${options.mistake}\n${loadHelp().hintOf(command, options.word)}`);
    return MISUSED;
  }
  const { file, board, output } = options;
  try {
    const result = command === "import" ? importYaml(file ?? "-", io.environment) : exported(file, board, io);
    if (output === null) io.out(result.text);
    else io.save(output, result.text);
    for (const one of result.diagnostics) io.err(`${formatDiagnostic(one)}\n`);
    const count = errorsOf(result.diagnostics).length;
    if (count > 0) io.err(`Not carried over: ${count}\n`);
    return count === 0 ? DONE : LOST;
  } catch (error) {
    io.err(`${error instanceof Error ? error.message : String(error)}\n`);
    return MISUSED;
  }
}

function exported(file: string | null, board: string | null, io: MigrationIo): ReturnType<typeof exportYaml> {
  const { configuration, diagnostics } = io.configuration(file, board);
  const { text, diagnostics: lost } = exportYaml(configuration);
  return { text, diagnostics: [...diagnostics, ...lost] };
}

interface MigrationOptions {
  readonly file: string | null;
  readonly board: string | null;
  readonly output: string | null;
}

interface Mistake {
  readonly mistake: string;
  /** The wrong word; null: one is missing. */
  readonly word: string | null;
}

function readOptions(isExport: boolean, words: readonly string[]): MigrationOptions | Mistake {
  let [file, board, output]: (string | null)[] = [null, null, null];
  let isYaml = !isExport;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    const hasValue = word === "-o" || (word === "--board" && isExport);
    const value = hasValue ? words[++at] : word;
    if (!value) return { mistake: `${word}: a value is missing`, word: null };
    if (word === "-o") output = value;
    else if (hasValue) board = value;
    else if (word === "--yaml" && isExport) isYaml = true;
    else if (word.startsWith("-") && word !== "-") return { mistake: `no such option: ${word}`, word };
    else if (file !== null) return { mistake: `one file too many: ${word}`, word: null };
    else file = word;
  }
  if (!isYaml) return { mistake: "into which language? --yaml is the only one", word: null };
  if (!isExport && file === null) return { mistake: "which file?", word: null };
  return { file: file ?? null, board: board ?? null, output: output ?? null };
}
