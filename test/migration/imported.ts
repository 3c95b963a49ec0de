/** Imports in tests: files in memory, and the reader of the configuration as check. */
import type { Diagnostic } from "../../service/config/diagnostic.js";
import { formatDiagnostic } from "../../service/config/diagnostic.js";
import { readConfiguration } from "../../service/config/resolve.js";
import { readSolDevice } from "../../service/config/sol-arguments.js";
import { readTls } from "../../service/config/tls.js";
import { importYaml } from "../../service/migration/import.js";
import { matchesPattern } from "../../service/migration/pattern.js";

export interface Written {
  readonly text: string;
  /** Without the lines that name the file. */
  readonly lines: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
  /** As they are printed. */
  readonly said: readonly string[];
}

export function checked(text: string): readonly Diagnostic[] {
  return readConfiguration([{ file: "", text }], { serviceLookup: () => null, readSolDevice, readTls }).diagnostics;
}

export function importText(yaml: string | Uint8Array, files: Readonly<Record<string, string>> = {}): Written {
  const { text, diagnostics } = importYaml("a.yaml", {
    check: checked,
    readSource(file) {
      const found = file === "a.yaml" ? yaml : files[file];
      if (found === undefined) throw new Error("no such file");
      return typeof found === "string" ? Buffer.from(found, "utf8") : found;
    },
    filesOf: pattern =>
      /[*?]/.test(pattern) ? Object.keys(files).filter(file => matchesPattern(pattern, file)) : [pattern],
  });
  return { text, lines: text.trimEnd().split("\n").slice(2), diagnostics, said: diagnostics.map(formatDiagnostic) };
}
