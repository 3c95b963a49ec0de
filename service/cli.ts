/** Parses the command line (docs/reference.md, "Command line"). Texts are those of the reference. */
import { hideSecrets } from "./config/sol-words.js";

export const VERSION = "1.0.0";
const DEFAULT_CONFIG_FILE = "/etc/ser2net.conf";

export interface Options {
  /** Null: only the `-C` lines count, and SIGHUP changes nothing. */
  readonly configFile: string | null;
  /** Given by -c, so it must exist. */
  readonly configFileGiven: boolean;
  readonly configLines: readonly string[];
  /** From -p; replaces every CONTROLPORT line. */
  readonly controlPort: string | null;
  readonly pidFile: string | null;
  /** -n or -d. */
  readonly foreground: boolean;
  /** -d: log to standard error too. */
  readonly debug: boolean;
  /** -q: connects and disconnects are not logged. */
  readonly quiet: boolean;
  /** UUCP locks; off with -u. */
  readonly locking: boolean;
  readonly signature: string;
  /** Only print the diagnostics of the configuration, or the configuration itself, or judge a state that is to be taken over. */
  readonly report: "check" | "print-config" | "try-upgrade" | null;
  /** Name of a board profile, or `auto`. */
  readonly board: string | null;
  /** `system`, `session` or a bus address; null: no D-Bus. */
  readonly dbus: string | null;
  /** As a CONTROLSOCKET line has it, for a configuration without one; null: none. */
  readonly controlSocket: string | null;
}

export type CommandLine =
  | { readonly kind: "run"; readonly options: Options }
  /** -v. */
  | { readonly kind: "version" }
  /** `ser2net check-sol ...`. */
  | { readonly kind: "check-sol"; readonly words: readonly string[] }
  /** `ser2net board ...`. */
  | { readonly kind: "board"; readonly words: readonly string[] }
  /** `--help`, of the program or of the command of that name. */
  | { readonly kind: "help"; readonly name: string }
  /** For standard error. Where the help helps, it is told; `word`: the one that may be misspelt, or null. */
  | { readonly kind: "wrong"; readonly text: string; readonly word: string | null; readonly help: boolean };

/** The options with a value, and the message when it is missing. */
const MISSING: ReadonlyMap<string, { readonly text: string; readonly help: boolean }> = new Map([
  ["-c", { text: "No config file specified with -c", help: true }],
  ["-C", { text: "No config line specified with -C", help: true }],
  ["-p", { text: "No control port specified with -p", help: true }],
  ["-P", { text: "No pid file specified with -P", help: true }],
  ["-t", { text: "No thread count specified", help: false }],
  ["-s", { text: "No signature specified", help: false }],
  ["--board", { text: "No board specified with --board", help: true }],
  ["--metrics", { text: "No port specified with --metrics", help: true }],
  ["--control-socket", { text: "No path specified with --control-socket", help: true }],
  ["--dbus", { text: "No bus specified with --dbus", help: true }],
]);

const START: Options = {
  configFile: DEFAULT_CONFIG_FILE,
  configFileGiven: false,
  configLines: [],
  controlPort: null,
  pidFile: null,
  foreground: false,
  debug: false,
  quiet: false,
  locking: true,
  signature: "ser2net",
  report: null,
  board: null,
  dbus: null,
  controlSocket: null,
};

/** Scans left to right; each option is its own argument, and so is each value. Texts are taken as they are. */
export function parseArguments(argv: readonly string[]): CommandLine {
  const [first = "", ...words] = argv;
  if (first === "board" || first === "check-sol") {
    return words.some(isHelp) ? { kind: "help", name: first } : { kind: first, words };
  }
  const configLines: string[] = [];
  let options: Options = { ...START, configLines };
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? "";
    if (word === "-v" || word === "--version") return { kind: "version" };
    if (isHelp(word)) return { kind: "help", name: "daemon" };
    const missing = MISSING.get(word);
    if (missing !== undefined) {
      const value = argv[++at];
      if (value === undefined) return { kind: "wrong", ...missing, word: null };
      if (word === "-t" && !/^\d+$/.test(value)) {
        return { kind: "wrong", text: `Invalid thread count specified: ${value}`, word: null, help: false };
      }
      if (word === "-C") configLines.push(value);
      options = withValue(options, word, value);
      continue;
    }
    const next = withFlag(options, word);
    if (next === null) {
      const text = /^-.$/s.test(word)
        ? `Invalid option: '${word}'`
        : `Invalid argument: '${word.includes(" ") ? hideSecrets(word) : word}'`;
      return { kind: "wrong", text, word, help: true };
    }
    options = next;
  }
  return { kind: "run", options };
}

function isHelp(word: string): boolean {
  return word === "-h" || word === "--help";
}

function withValue(options: Options, word: string, value: string): Options {
  switch (word) {
    case "-c":
      return { ...options, configFile: value, configFileGiven: true };
    case "-C": // cancels the file named so far; a later -c brings one back
      return { ...options, configFile: null };
    case "-p":
      return { ...options, controlPort: value };
    case "-P":
      return { ...options, pidFile: value };
    case "-s":
      return { ...options, signature: value };
    case "--board":
      return { ...options, board: value };
    case "--control-socket":
      return { ...options, controlSocket: value };
    case "--metrics":
      return { ...options, configLines: [...options.configLines, `METRICS:${value}`] };
    case "--dbus":
      return { ...options, dbus: value === "off" ? null : value };
    default: // -t: there are no threads to count
      return options;
  }
}

/** Null: no such option. */
function withFlag(options: Options, word: string): Options | null {
  switch (word) {
    case "-n":
      return { ...options, foreground: true };
    case "-d":
      return { ...options, foreground: true, debug: true };
    case "-q":
      return { ...options, quiet: true };
    case "-u":
      return { ...options, locking: false };
    case "-b": // IOS baud rates are recognised by themselves
    case "-l": // debug level of SOL
      return options;
    case "--check":
      return { ...options, report: "check" };
    case "--print-config":
      return { ...options, report: "print-config" };
    case "--try-upgrade": // by the daemon itself
      return { ...options, report: "try-upgrade" };
    default:
      return null;
  }
}
