/** `ser2net board ...`: shows and checks board profiles. */
import { errorsOf, formatDiagnostic } from "../config/diagnostic.js";
import { type Detection, detectBoard, type Evidence } from "./detect.js";
import { BoardError } from "./error.js";
import { type BoardFolders, listBoards, loadProfile, readBoard, readBoards } from "./load.js";

interface BoardIo {
  out(text: string): void;
  err(text: string): void;
  /** The line about a wrong word, or that one is missing (null). */
  hint(word: string | null): string;
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
  for (const { name, file, hides } of listBoards(places.roots)) {
    const { title } = readBoard(file, places.roots).profile;
    out(`${name}\t${title}\t${file}${hides.map(one => `, hides ${one}`).join("")}\n`);
  }
  return DONE;
}

/** Diagnostics go to standard error, so that the rest can be kept as a file. */
function show(io: BoardIo, name: string | null): number {
  const { text, fallback, diagnostics } = loadProfile(name ?? detection(io).name, io.places);
  io.out(text + fallback);
  for (const one of diagnostics) io.err(`${formatDiagnostic(one)}\n`);
  return errorsOf(diagnostics).length > 0 ? FAULTY : DONE;
}

/** The errors of a profile that do not depend on the machine. */
function check({ out, places }: BoardIo, name: string | null): number {
  const names = name === null ? listBoards(places.roots).flatMap(({ file, hides }) => [file, ...hides]) : [name];
  const diagnostics = names.flatMap(one => readBoard(one, places.roots).diagnostics);
  for (const one of diagnostics) out(`${formatDiagnostic(one)}\n`);
  return diagnostics.length > 0 ? FAULTY : DONE;
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
