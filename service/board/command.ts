/** `ser2net board ...`: shows and checks board profiles. */
import { type Diagnostic, errorsOf, formatDiagnostic } from "../config/diagnostic.js";
import type { Source } from "../config/logical-lines.js";
import { compileProfile } from "./compile.js";
import { type Detection, detectBoard, type Evidence } from "./detect.js";
import { BoardError } from "./error.js";
import { type BoardFolders, listBoards, loadProfile, readBoard, readBoards, sourcesOf } from "./load.js";

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

function wrongWords([word, ...others]: readonly string[], { hint }: BoardIo): string {
  if (word === undefined) return `ser2net: board: list, show, check or detect?\n${hint(null)}`;
  const isKnown = ["list", "show", "check", "detect"].includes(word);
  const wrong =
    (isKnown ? others.find(one => one.startsWith("-") && one !== "--explain") : word) ?? others.at(-1) ?? word;
  return `ser2net: board: wrong word: ${wrong}\n${hint(wrong)}`;
}

function run([word, argument, ...more]: readonly string[], io: BoardIo): number | null {
  if (more.length > 0) return null;
  const explain = argument === "--explain";
  if (word === "detect" && (explain || argument === undefined)) return detect(io, explain);
  if (argument?.startsWith("-")) return null;
  if (word === "list" && argument === undefined) return list(io);
  if (word === "show") return show(io, argument ?? null);
  if (word === "check") return check(io, argument ?? null);
  return null;
}

function list({ out, places }: BoardIo): number {
  const boards = listBoards(places.roots);
  for (const { name, file, hides } of boards) {
    const { title } = readBoard(file, places.roots, onAnyMachine, boards).profile;
    out(`${name}\t${title}\t${file}${hides.map(one => `, hides ${one}`).join("")}\n`);
  }
  return DONE;
}

/** Diagnostics go to standard error, so that the rest can be kept as a file. */
function show(io: BoardIo, name: string | null): number {
  const profile = loadProfile(name ?? detection(io).name, io.places);
  const diagnostics = [...profile.diagnostics, ...io.checkSources([profile.before, profile.after])];
  io.out(profile.text + profile.fallback);
  for (const one of diagnostics) io.err(`${formatDiagnostic(one)}\n`);
  return errorsOf(diagnostics).length > 0 ? FAULTY : DONE;
}

/** The errors of a profile that do not depend on the machine. */
function check(io: BoardIo, name: string | null): number {
  const { roots } = io.places;
  const boards = listBoards(roots);
  const names = name === null ? boards.flatMap(({ file, hides }) => [file, ...hides]) : [name];
  const diagnostics = names.flatMap(one => {
    const { file, profile, document, diagnostics: read } = readBoard(one, roots, onAnyMachine, boards);
    return [...read, ...io.checkSources(sourcesOf(compileProfile(profile, document), file))];
  });
  for (const one of diagnostics) io.out(`${formatDiagnostic(one)}\n`);
  return errorsOf(diagnostics).length > 0 ? FAULTY : DONE;
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
