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
  /** For standard error; the usage follows where it helps. */
  | { readonly kind: "wrong"; readonly text: string; readonly usage: boolean };

/** The options with a value, and the message when it is missing. */
const MISSING: ReadonlyMap<string, { readonly text: string; readonly usage: boolean }> = new Map([
  ["-c", { text: "No config file specified with -c", usage: true }],
  ["-C", { text: "No config line specified with -C", usage: true }],
  ["-p", { text: "No control port specified with -p", usage: true }],
  ["-P", { text: "No pid file specified with -P", usage: true }],
  ["-t", { text: "No thread count specified", usage: false }],
  ["-s", { text: "No signature specified", usage: false }],
  ["--board", { text: "No board specified with --board", usage: true }],
  ["--control-socket", { text: "No path specified with --control-socket", usage: true }],
  ["--dbus", { text: "No bus specified with --dbus", usage: true }],
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
  if (first === "board" || first === "check-sol") return { kind: first, words };
  const configLines: string[] = [];
  let options: Options = { ...START, configLines };
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? "";
    if (word === "-v") return { kind: "version" };
    const missing = MISSING.get(word);
    if (missing !== undefined) {
      const value = argv[++at];
      if (value === undefined) return { kind: "wrong", ...missing };
      if (word === "-t" && !/^\d+$/.test(value)) {
        return { kind: "wrong", text: `Invalid thread count specified: ${value}`, usage: false };
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
      return { kind: "wrong", text, usage: true };
    }
    options = next;
  }
  return { kind: "run", options };
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

export function usage(program: string): string {
  return `${program}: Valid parameters are:
  -c <config file> - use a config file besides ${DEFAULT_CONFIG_FILE}
  -C <config line> - Handle a single configuration line.  This may be
     specified multiple times for multiple lines.  This is just like a
     line in the config file.  This disables the default config file,
     you must specify a -c after the last -C to have it read a config
     file, too.
  -p <controller port> - Start a controller session on the given TCP port
  -P <file> - set location of pid file
  -n - Don't detach from the controlling terminal
  -d - Don't detach and send debug I/O to standard output
  -l - Increate the debugging level
  -u - Disable UUCP locking
  -t <num threads> - Use the given number of threads, default 1
  -b - unused (was Do CISCO IOS baud-rate negotiation, instead of RFC2217)
  -v - print the program's version and exit
  -s - specify a default signature for RFC2217 protocol
  -q - do not log connects and disconnects
  --check - report what is wrong with the configuration and exit
  --print-config - print the configuration in effect and exit
  --board <name> - serve the ports of a board profile, auto finds out which
  --dbus <bus> - appear on the system bus, the session bus or the bus of
     the given address
  --control-socket <path> - the control port as a local socket too
  board - list, show, check and detect board profiles
  ports, attach, watch, doctor ... - for users: see ports --help
  busy, drain, undrain - before an update: who is connected, no new
     connections, and connections again
  --upgrade <process id or pid file> - replace the running daemon in place
     by this version: connections and devices go on
  check-sol - log in to the BMC of a SOL device, and tell how it is used
`;
}
