/** Board profiles: which file counts, what it extends, and what follows from it on this machine and for a configuration. */
import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PortConfig } from "../config/configuration.js";
import { type Diagnostic, formatDiagnostic } from "../config/diagnostic.js";
import type { Source } from "../config/logical-lines.js";
import { suggest } from "../config/suggest.js";
import { encodeUtf8 } from "../line/bytes.js";
import { readRegularFile } from "../native/read-file.js";
import { type CompiledProfile, compileProfile } from "./compile.js";
import { enumeratePorts } from "./enumerate.js";
import { BoardError, refuseShortage } from "./error.js";
import { diagnosticAt, type Json, type JsonObject, parseJson, wholeOf } from "./json.js";
import type { BoardLed, BoardPort, BoardProfile, PortHardware, ProfileFacts } from "./profile.js";
import { deviceLookup, findSerialDevices, type Machine, ttyOf } from "./serial-devices.js";
import { type DeviceLookup, emptyProfile, readProfile } from "./validate.js";

export interface BoardFolders extends Machine {
  /** Folders of NAME.json files; an earlier one hides a later one's file of the same name. */
  readonly roots: readonly string[];
}

interface BoardFile {
  readonly profile: BoardProfile;
  readonly file: string;
  readonly diagnostics: readonly Diagnostic[];
  /** The one of them that says why the file cannot be read; null: it was read, whatever is in it. */
  readonly unreadable: Diagnostic | null;
  /** The valid parts with their positions; null: the file is not JSON. */
  readonly document: Json | null;
}

export interface LoadedProfile extends Omit<BoardFile, "unreadable" | "document">, CompiledProfile {
  /** To be read before ser2net.conf. */
  readonly before: Source;
  /** To be read after it: counts only where it has none of the kind. */
  readonly after: Source;
}

interface BoardEntry {
  readonly name: string;
  readonly file: string;
  /** Files of the same name in later roots. */
  readonly hides: readonly string[];
}

const BOARD_NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,31}$/;

/** SER2NET_DEV stands in for /dev: it lets virtual lines be served in place of a board's own. */
export function standardFolders(environment: Readonly<Record<string, string | undefined>>): BoardFolders {
  return {
    roots: ["/etc/ser2net/boards", "/usr/share/ser2net/boards", checkoutFolder()],
    sys: "/sys",
    dev: environment.SER2NET_DEV || "/dev",
  };
}

/**
 * `name` may be a file as well: `./board-x.json`. Throws BoardError for an unknown name and for a file that cannot be
 * read, which must not pass for a board without ports; all else is a diagnostic.
 */
export function loadProfile(name: string, places: BoardFolders): LoadedProfile {
  const read = readBoard(name, places.roots, deviceLookup(places));
  const { file, unreadable, document } = read;
  if (unreadable !== null) throw new BoardError("unreadable", formatDiagnostic(unreadable));
  const profile = withFoundPorts(read.profile, places);
  const diagnostics = [...read.diagnostics, ...withoutLines(profile, document)];
  const compiled = compileProfile(profile, document);
  const [before, after] = sourcesOf(compiled, file);
  return { file, profile, diagnostics, ...compiled, before, after };
}

/**
 * Reads the profile. It depends on the machine only by `lookUp`, which resolves its devices.
 * @param boards what `listBoards` returned, for a caller that reads several
 */
export function readBoard(
  name: string,
  roots: readonly string[],
  lookUp: DeviceLookup = asWritten,
  boards: readonly BoardEntry[] = listBoards(roots),
): BoardFile {
  const file = name.includes("/") || name.endsWith(".json") ? name : findBoard(name, boards);
  const own = basename(file, ".json");
  const { root, diagnostics, unreadable } = readObject(file);
  if (root === null) return { file, profile: emptyProfile(own), diagnostics, unreadable, document: null };
  const base = readBase(root, own, file, boards);
  const context = readProfile(own, root, base.root, lookUp);
  return {
    file,
    profile: context.profile,
    diagnostics: [...diagnostics, ...base.diagnostics, ...context.diagnostics],
    unreadable: base.unreadable,
    document: context.document,
  };
}

/** The profiles that are not hidden by others, for `detectBoard`. */
export function readBoards(roots: readonly string[]): BoardProfile[] {
  const boards = listBoards(roots);
  return boards.map(({ file }) => readBoard(file, roots, asWritten, boards).profile);
}

/** By name. */
export function listBoards(roots: readonly string[]): BoardEntry[] {
  const files = new Map<string, string[]>();
  for (const root of roots) {
    for (const name of namesIn(root)) files.set(name, [...(files.get(name) ?? []), join(root, `${name}.json`)]);
  }
  const entries = [...files].flatMap(([name, [file, ...hides]]) => (file === undefined ? [] : [{ name, file, hides }]));
  return entries.sort((one, other) => (one.name < other.name ? -1 : 1));
}

function findBoard(name: string, boards: readonly BoardEntry[]): string {
  const found = boards.find(board => board.name === name);
  if (found !== undefined) return found.file;
  const names = boards.map(board => board.name);
  throw new BoardError("no-such-board", `There is no board profile ${JSON.stringify(name)}; ${hint(name, names)}`);
}

function hint(name: string, names: readonly string[]): string {
  const near = suggest(name, names);
  return near === null ? `known: ${names.join(", ")}` : `nearest: ${near}`;
}

interface ObjectResult extends Pick<BoardFile, "diagnostics" | "unreadable"> {
  readonly root: JsonObject | null;
}

function readObject(file: string): ObjectResult {
  let text: string;
  try {
    text = readRegularFile(encodeUtf8(file)).toString("utf8");
  } catch (error) {
    refuseShortage(error);
    const reason = error instanceof Error ? error.message : String(error); // the builder of an image has no addon
    const fault = diagnosticAt(wholeOf(file), `Unable to read the board profile: ${reason}`, null);
    return { root: null, diagnostics: [fault], unreadable: fault };
  }
  const { root, diagnostics } = parseJson({ file, text });
  if (root === null || root.kind === "object") return { root, diagnostics, unreadable: null };
  const noProfile = diagnosticAt(root, "no board profile", "expected an object");
  return { root: null, diagnostics: [...diagnostics, noProfile], unreadable: null };
}

/** One level: what the base extends in turn is left out. Under its own name a file extends the one it hides. */
function readBase(root: JsonObject, own: string, file: string, boards: readonly BoardEntry[]): ObjectResult {
  const written = root.members.get("extends")?.value;
  // Anything but a name is reported with the rest.
  if (written?.kind !== "scalar" || typeof written.value !== "string")
    return { root: null, diagnostics: [], unreadable: null };
  const name = written.value;
  const found = boards.find(board => board.name === name);
  const files = found === undefined ? [] : [found.file, ...found.hides];
  const base = name === own ? files[files.indexOf(file) + 1] : files[0];
  if (base === undefined) {
    const names = boards.map(board => board.name).filter(one => one !== own);
    return {
      root: null,
      diagnostics: [diagnosticAt(written, `there is no board profile ${JSON.stringify(name)}`, hint(name, names))],
      unreadable: null,
    };
  }
  const context = readObject(base);
  const second = context.root?.members.get("extends");
  if (second === undefined) return context;
  const tooDeep = diagnosticAt(
    second,
    `${own} extends this profile already`,
    "expected one level, this one is left out",
  );
  return { ...context, diagnostics: [...context.diagnostics, tooDeep] };
}

export function profileFacts(profile: BoardProfile, ports: readonly PortConfig[]): ProfileFacts {
  const hardware = profile.ports.map(port => portHardware(port, profile.leds));
  const byDevice = new Map(hardware.map(one => [one.device, one]));
  const served = ports.flatMap(({ name, device }): [string, PortHardware][] => {
    const one = byDevice.get(device.path);
    return one === undefined ? [] : [[name, one]];
  });
  return {
    board: profile.name,
    ports: new Map(served),
    hardware,
    boxLeds: profile.leds.filter(led => led.function !== "port"),
  };
}

/** Port lines, of the profile or of a file, whose speed exceeds that of their connector. */
export function tooFastPorts(facts: ProfileFacts, ports: readonly PortConfig[]): Diagnostic[] {
  return ports.flatMap(({ name, line, file, lineNumber, column }) => {
    const hardware = facts.ports.get(name);
    if (hardware === undefined || hardware.maxSpeed === null || line.speed <= hardware.maxSpeed) return [];
    const message = `${line.speed} is too fast for port ${hardware.label} of ${facts.board} on line ${lineNumber}`;
    return [{ file, line: lineNumber, column, message, expected: `expected ${hardware.maxSpeed} at most` }];
  });
}

function portHardware(port: BoardPort, leds: readonly BoardLed[]): PortHardware {
  const { id, device, leds: uses = {} } = port;
  const ledOf = (use: string | undefined) => leds.find(led => led.id === use) ?? null;
  return {
    id,
    label: port.label ?? id,
    device,
    maxSpeed: port.maxSpeed ?? null,
    required: port.presence === "required",
    leds: { rx: ledOf(uses.rx), tx: ledOf(uses.tx), link: ledOf(uses.link), fault: ledOf(uses.fault) },
  };
}

function withFoundPorts(profile: BoardProfile, places: BoardFolders): BoardProfile {
  if (profile.enumerate === null) return profile;
  const listed = new Set(profile.ports.map(port => ttyOf(port.device)));
  const found = findSerialDevices(places).filter(({ tty }) => !listed.has(tty));
  return { ...profile, ports: [...profile.ports, ...enumeratePorts(profile.enumerate, found, profile.ports)] };
}

export function sourcesOf({ lines, fallbackLines }: CompiledProfile, file: string): readonly [Source, Source] {
  return [
    { file, text: "", lines },
    { file, text: "", lines: fallbackLines },
  ];
}

/** Warns where every serial line is to be served and there is none. */
function withoutLines({ enumerate, ports }: BoardProfile, document: Json | null): Diagnostic[] {
  const place = document?.kind === "object" ? document.members.get("enumerate") : undefined;
  if (enumerate === null || ports.length > 0 || place === undefined) return [];
  const text = "this machine has no serial lines";
  return [{ ...diagnosticAt(place, text, "the next start or reload looks again"), isWarning: true }];
}

function asWritten(device: string): { device: string; problem: null } {
  return { device, problem: null };
}

function namesIn(root: string): string[] {
  try {
    const names = readdirSync(root).filter(name => name.endsWith(".json") && name !== "schema.json");
    return names.map(name => name.slice(0, -".json".length)).filter(name => BOARD_NAME.test(name));
  } catch (error) {
    refuseShortage(error);
    return []; // a layer that is not used
  }
}

/** In a checkout the profiles lie beside the bundle's folder. */
function checkoutFolder(): string {
  const bundled = typeof __dirname === "string";
  return join(
    bundled ? __dirname : dirname(fileURLToPath(import.meta.url)),
    bundled ? ".." : "../..",
    "board-profiles",
  );
}
