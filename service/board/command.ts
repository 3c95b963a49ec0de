/** `ser2net board ...`: shows, checks and makes board profiles. */
import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import { type Diagnostic, errorsOf, formatDiagnostic } from "../config/diagnostic.js";
import type { Source } from "../config/logical-lines.js";
import { decodeUtf8 } from "../line/bytes.js";
import { compileProfile } from "./compile.js";
import { type Detection, detectBoard, type Evidence } from "./detect.js";
import { BoardError } from "./error.js";
import { type BoardFolders, listBoards, loadProfile, readBoard, readBoards, sourcesOf } from "./load.js";
import { isBoardName, newProfile } from "./new.js";

/** Reads configuration lines and returns what is wrong with them. */
type LineCheck = (sources: readonly Source[]) => readonly Diagnostic[];

export interface BoardIo {
  out(text: string): void;
  err(text: string): void;
  /** The line about a wrong word, or that one is missing (null). */
  hint(word: string | null): string;
  readonly checkSources: LineCheck;
  readonly places: BoardFolders;
  readonly evidence: Evidence;
}

const [DONE, FAULTY, MISUSED] = [0, 1, 2];

/** Runs the words after `board`. Returns the exit status: 1 for an error in a profile, 2 for wrong words. */
export function boardCommand(args: readonly string[], io: BoardIo): number {
  try {
    const status = run(args, io);
    if (status === null) io.err(wrongWords(args, io));
    return status ?? MISUSED;
  } catch (error) {
    if (!(error instanceof BoardError)) throw error;
    io.err(`${error.message}\n`);
    return FAULTY;
  }
}

const WORDS = ["list", "show", "check", "detect", "new"];
/** What may follow a word. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  list: ["--json"],
  show: ["--json"],
  check: ["--json"],
  detect: ["--explain"],
  new: ["-o"],
};

function wrongWords([word, ...others]: readonly string[], { hint }: BoardIo): string {
  if (word === undefined) return `ser2net: board: list, show, check, detect or new?\n${hint(null)}`;
  const known = OPTIONS[word];
  const wrong =
    (known ? others.find(one => one.startsWith("-") && !known.includes(one)) : word) ?? others.at(-1) ?? word;
  return `ser2net: board: wrong word: ${wrong}\n${hint(wrong)}`;
}

function run([word = "", ...others]: readonly string[], io: BoardIo): number | null {
  if (!WORDS.includes(word)) return null;
  if (word === "new") return create(others, io);
  const options = others.filter(one => one.startsWith("-"));
  const [argument = null, ...more] = others.filter(one => !one.startsWith("-"));
  if (more.length > 0 || options.length > 1 || options.some(one => !OPTIONS[word]?.includes(one))) return null;
  const [flag] = options;
  if (word === "show") return show(io, argument, flag === "--json");
  if (word === "check") return check(io, argument, flag === "--json");
  if (argument !== null) return null;
  return word === "list" ? list(io, flag === "--json") : detect(io, flag === "--explain");
}

function list({ out, places }: BoardIo, json: boolean): number {
  const boards = listBoards(places.roots);
  const rows = boards.map(({ name, file, hides }) => {
    const { title } = readBoard(file, places.roots, onAnyMachine, boards).profile;
    return { name, title, file, hides };
  });
  if (json) out(asJson(rows));
  else
    for (const { name, title, file, hides } of rows) {
      out(`${name}\t${title}\t${file}${hides.map(one => `, hides ${one}`).join("")}\n`);
    }
  return DONE;
}

/** Diagnostics go to standard error, so that the rest can be kept as a file. */
function show(io: BoardIo, name: string | null, json: boolean): number {
  const loaded = loadProfile(name ?? detection(io).name, io.places);
  const { profile, file, text, fallback } = loaded;
  const diagnostics = [...loaded.diagnostics, ...io.checkSources([loaded.before, loaded.after])];
  if (json)
    io.out(
      asJson({
        ...profile,
        file,
        lines: (text + fallback).split("\n").slice(0, -1),
        diagnostics: diagnostics.map(row),
      }),
    );
  else {
    io.out(text + fallback);
    for (const one of diagnostics) io.err(`${formatDiagnostic(one)}\n`);
  }
  return errorsOf(diagnostics).length > 0 ? FAULTY : DONE;
}

/** The errors of a profile that do not depend on the machine. */
function check(io: BoardIo, name: string | null, json: boolean): number {
  const { roots } = io.places;
  const boards = listBoards(roots);
  const names = name === null ? boards.flatMap(({ file, hides }) => [file, ...hides]) : [name];
  const diagnostics = names.flatMap(one => {
    const { file, profile, document, diagnostics: read } = readBoard(one, roots, onAnyMachine, boards);
    return [...read, ...io.checkSources(sourcesOf(compileProfile(profile, document), file))];
  });
  if (json) io.out(asJson(diagnostics.map(row)));
  else for (const one of diagnostics) io.out(`${formatDiagnostic(one)}\n`);
  return errorsOf(diagnostics).length > 0 ? FAULTY : DONE;
}

/** A profile of this machine, to standard output or to a file that does not exist yet. */
function create(words: readonly string[], { out, places }: BoardIo): number | null {
  const [option, file] = words;
  if (words.length === 0) {
    out(newProfile(places, null));
    return DONE;
  }
  if (option !== "-o" || file === undefined || words.length > 2) return null;
  const id = basename(file, ".json");
  const name = JSON.stringify(file);
  if (!file.endsWith(".json") || !isBoardName(id)) {
    throw new BoardError(
      "not-written",
      `${name} is not NAME.json with a name of a board: a letter, then letters, digits, - _ .`,
    );
  }
  try {
    writeFileSync(decodeUtf8(file), newProfile(places, id), { flag: "wx" });
  } catch (error) {
    throw new BoardError("not-written", `${name} cannot be made: ${error instanceof Error ? error.message : error}`);
  }
  return DONE;
}

function row({ file, line, column, message, expected, isWarning }: Diagnostic) {
  return { file, line, column, severity: isWarning ? "warning" : "error", message, expected };
}

/** In ASCII, so that it is the same text in every encoding. */
function asJson(value: unknown): string {
  const text = JSON.stringify(value, null, 2);
  return `${text.replace(/[\u007f-\uffff]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)}\n`;
}

function onAnyMachine(device: string): { device: string; problem: null } {
  return { device: device.startsWith("/") ? device : `/dev/${device}`, problem: null };
}

function detect(io: BoardIo, explain: boolean): number {
  const { name, because, explanation } = detection(io);
  if (explain) io.out(`${explanation.join("\n")}\n-> ${name}: ${because}\n`);
  else io.out(`${name}\n`);
  return DONE;
}

function detection({ evidence, places }: BoardIo): Detection {
  return detectBoard(evidence, readBoards(places.roots));
}
