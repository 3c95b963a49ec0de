/** The commands `import` and `export` (dist/migration.cjs), with the YAML parser that only they need. */
import { readdirSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { allDiagnostics, loadConfiguration, readSources } from "../app/load-configuration.js";
import { tlsDiagnostics } from "../app/load-tls.js";
import type { Configuration } from "../config/configuration.js";
import { type Diagnostic, formatDiagnostic } from "../config/diagnostic.js";
import { encodeUtf8, toBytes } from "../line/bytes.js";
import { reasonOf } from "../native/errors.js";
import { readRegularFile, readToEnd } from "../native/read-file.js";
import { createServiceLookup } from "../net/services.js";
import { migrationCommand } from "./command.js";
import { matchesPattern } from "./pattern.js";

const DEFAULT_CONFIG_FILE = "/etc/ser2net.conf";
const STANDARD_INPUT = 0;
/** It may hold the passwords of SOL devices. */
const FILE_MODE = 0o640;

/** Runs the command to its end, and ends the process. @param words the arguments of the program */
export function runCommand(words: readonly string[]): void {
  const serviceLookup = createServiceLookup();
  process.exitCode = migrationCommand(
    words.map(word => encodeUtf8(word)),
    {
      out: text => print(1, text),
      err: text => print(2, text),
      save,
      environment: {
        filesOf,
        readSource,
        check(text) {
          const configuration = readSources([{ file: "", text }], serviceLookup);
          return withoutFiles(configuration, allDiagnostics(configuration, null, serviceLookup));
        },
      },
      configuration(file, board) {
        const given = { configFile: file ?? DEFAULT_CONFIG_FILE, configFileGiven: file !== null };
        const selection = {
          ...given,
          board,
          configLines: [],
          controlPort: null,
          controlSocket: null,
          report: "check" as const,
        };
        const { configuration, diagnostics } = loadConfiguration(selection, serviceLookup);
        return { configuration, diagnostics: withoutFiles(configuration, diagnostics) };
      },
    },
  );
}

/** Leaves out what is said of the files of TLS lines: they may be on another machine. */
function withoutFiles(configuration: Configuration, diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const said = new Set(tlsDiagnostics(configuration, null).map(formatDiagnostic));
  return diagnostics.filter(one => !said.has(formatDiagnostic(one)));
}

function print(fd: 1 | 2, text: string): void {
  const bytes = toBytes(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

function save(file: string, text: string): void {
  try {
    writeFileSync(toBytes(file), toBytes(text), { flag: "wx", mode: FILE_MODE });
  } catch (error) {
    throw new Error(`Unable to write '${file}': ${reasonOf(error)}`, { cause: error });
  }
}

function readSource(file: string): Uint8Array {
  try {
    return file === "-" ? readToEnd(STANDARD_INPUT) : readRegularFile(file);
  } catch (error) {
    throw new Error(`Unable to open '${file}': ${reasonOf(error)}`, { cause: error });
  }
}

/** Only the last part of the path may have `*` and `?`. A path without a folder at its start counts from the file that has it. */
function filesOf(pattern: string, from: string): readonly string[] {
  const whole = resolve(from === "-" ? "." : dirname(from), pattern);
  if (!/[*?]/.test(whole)) return [whole];
  const folder = dirname(whole);
  const names = readdirSync(toBytes(folder), "latin1").filter(name =>
    matchesPattern(whole.slice(folder.length).replace(/^\//, ""), name),
  );
  return names.sort().map(name => join(folder, name));
}
