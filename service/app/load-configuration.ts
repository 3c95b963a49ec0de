/** The configuration in effect: the board's profile, then `-C` lines, then the file, read as one text. */
import { existsSync } from "node:fs";
import type { ChosenBoard } from "../board/entry.js";
import type { ProfileFacts } from "../board/profile.js";
import type { Options } from "../cli.js";
import type { Configuration } from "../config/configuration.js";
import type { Diagnostic } from "../config/diagnostic.js";
import type { Source } from "../config/logical-lines.js";
import type { ServiceLookup } from "../config/network-port.js";
import { readConfiguration } from "../config/resolve.js";
import { socketClashes } from "../config/socket-clashes.js";
import { toText } from "../line/bytes.js";
import { reasonOf } from "../native/errors.js";
import { loadModule } from "../native/load-module.js";
import { readRegularFile, readToEnd } from "../native/read-file.js";
import { createServiceLookup } from "../net/services.js";
import { readTls, tlsDiagnostics } from "./load-tls.js";
import { readPulse } from "./pulses.js";
import { lockServedFile } from "./served-file.js";

type SolArguments = typeof import("../config/sol-arguments.js");

const STANDARD_INPUT = 0;

type ConfigurationSources = Pick<
  Options,
  "board" | "configFile" | "configFileGiven" | "configLines" | "controlPort" | "controlSocket" | "report"
>;

export interface LoadedConfiguration {
  readonly configuration: Configuration;
  /** The file that was read, or with a board that would be, if it were there; null: none is. */
  readonly configFile: string | null;
  /** The facts of the board's profile about the ports; null without --board. */
  readonly board: ProfileFacts | null;
  /** Of profile and configuration, in the order they were read. */
  readonly diagnostics: readonly Diagnostic[];
  /** The board and why it was chosen, for the log; null without --board. */
  readonly boardChosen: string | null;
}

/** The configuration cannot be read at all: no such file, no such board. */
export class ConfigurationError extends Error {
  override readonly name = "UnreadableError";
}

/** Throws ConfigurationError. All other errors are diagnostics. */
export function loadConfiguration(selection: ConfigurationSources, serviceLookup: ServiceLookup): LoadedConfiguration {
  const { board: wanted, controlSocket } = selection;
  const chosen = wanted === null || isPlainInstance(selection) ? null : chooseBoard(wanted);
  const file = configFile(selection, chosen?.name ?? wanted);
  const sources = [
    ...(controlSocket === null ? [] : [{ file: null, text: `CONTROLSOCKET:${controlSocket}` }]),
    ...(chosen === null ? [] : [chosen.profile.before]),
    ...selection.configLines.map(text => ({ file: null, text })),
    ...readFileSource(file, selection.report !== null),
    ...(chosen === null ? [] : [chosen.profile.after]),
  ];
  const configuration = readSources(sources, serviceLookup);
  const board = chosen === null ? null : loadBoards().profileFacts(chosen.profile.profile, configuration.ports);
  return {
    configuration,
    configFile: file ?? (chosen === null || selection.configFile === null ? null : instanceFile(chosen.name)),
    board,
    diagnostics: [
      ...(selection.report === null ? lockServedFile(file) : []),
      ...(chosen?.profile.diagnostics ?? []),
      ...allDiagnostics(configuration, selection.controlPort, serviceLookup),
      ...(board === null ? [] : loadBoards().tooFastPorts(board, configuration.ports)),
    ],
    boardChosen: chosen === null ? null : `Board ${chosen.name} (${chosen.because})`,
  };
}

/** The diagnostics of lines that are not in force: of `ser2net board check`. */
export function checkSources(sources: readonly Source[]): readonly Diagnostic[] {
  const serviceLookup = createServiceLookup();
  return allDiagnostics(readSources(sources, serviceLookup), null, serviceLookup);
}

/** Serial over LAN is loaded for the first SOL device; where it cannot be, the line of the device is wrong. */
export function readSources(sources: readonly Source[], serviceLookup: ServiceLookup): Configuration {
  return readConfiguration(sources, {
    serviceLookup,
    readPulse,
    readTls,
    readSolDevice(device, lookup) {
      let sol: SolArguments;
      try {
        sol = loadModule<SolArguments>("./sol.cjs");
      } catch (error) {
        const { offset } = device;
        return { offset, message: "Serial over LAN cannot be loaded", expected: reasonOf(error) };
      }
      return sol.readSolDevice(device, lookup);
    },
  });
}

/** The diagnostics of the lines, of CONTROLPORT (unless `-p` replaces it), and of the network ports as a whole. */
export function allDiagnostics(
  configuration: Configuration,
  given: string | null,
  serviceLookup: ServiceLookup,
): readonly Diagnostic[] {
  const { diagnostics, controlPortDiagnostic: fault } = configuration;
  return [
    ...diagnostics,
    ...(fault === null || given !== null ? [] : [fault]),
    ...tlsDiagnostics(configuration, given),
    ...forgedSourceWarnings(configuration.ports),
    ...socketClashes(configuration, given, serviceLookup),
  ];
}

/** A bundle of its own; where it cannot be loaded, that is the warning. */
function forgedSourceWarnings(ports: Configuration["ports"]): readonly Diagnostic[] {
  if (!ports.some(({ networkPort }) => networkPort.transport === "udp")) return [];
  try {
    return loadModule<typeof import("./open-ports.js")>("./open-ports.cjs").forgedSourceWarnings(ports);
  } catch (error) {
    const message = "Warnings about UDP ports cannot be loaded";
    return [{ file: null, line: 0, column: 1, message, expected: reasonOf(error), isWarning: true }];
  }
}

/** Board profiles are a bundle of their own. Throws ConfigurationError when it cannot be loaded. */
export function loadBoards(): typeof import("../board/entry.js") {
  try {
    return loadModule<typeof import("../board/entry.js")>("./board.cjs");
  } catch (error) {
    throw new ConfigurationError(`Board profiles cannot be loaded: ${reasonOf(error)}`, { cause: error });
  }
}

function chooseBoard(wanted: string): ChosenBoard {
  const boards = loadBoards();
  const chosen = boards.chooseBoard(wanted);
  if (typeof chosen !== "string") return chosen;
  const isUnknown = wanted !== "auto" && !wanted.includes("/") && !boards.hasProfile(wanted);
  throw new ConfigurationError(isUnknown ? `${chosen}. Nor is there ${instanceFile(wanted)}` : chosen);
}

/** The name of an instance, --board, that has no profile but a configuration file of its own. */
function isPlainInstance({ board, configFile: file, configFileGiven }: ConfigurationSources): boolean {
  if (board === null || board === "auto" || configFileGiven || file === null) return false;
  return existsSync(instanceFile(board)) && !loadBoards().hasProfile(board);
}

function instanceFile(name: string): string {
  return `/etc/ser2net/${name}.conf`;
}

/** The configuration file. With a board it is optional: without -c that of the board, or the common one, if it exists. */
function configFile({ configFile: file, configFileGiven }: ConfigurationSources, board: string | null): string | null {
  if (board === null || configFileGiven || file === null) return file;
  return [instanceFile(board), file].find(each => existsSync(each)) ?? null;
}

/** `-` is standard input where it is only read once, for --check and --print-config. */
function readFileSource(file: string | null, isReport: boolean): readonly Source[] {
  if (file === null) return [];
  try {
    const bytes = isReport && file === "-" ? readToEnd(STANDARD_INPUT) : readRegularFile(file);
    return [{ file, text: toText(bytes) }];
  } catch (error) {
    const reason = reasonOf(error);
    throw new ConfigurationError(`Unable to open config file '${file}': ${reason}`, { cause: error });
  }
}
