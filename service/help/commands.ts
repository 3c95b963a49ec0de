/** The command line in words: for `--help`, the manual pages and their tests. Pure. */
import type { CommandHelp, OptionHelp } from "./daemon.js";
import { FLEET } from "./fleet.js";
import { ATTACHED_STATUS, CLIENT_STATUS, DRAIN_STATUS, MIGRATION_STATUS } from "./status.js";

const DRAIN_TARGET: readonly OptionHelp[] = [
  { form: "--instance NAME", text: "only the instance of that name; may be repeated. Without it: all of this machine" },
  { form: "--dbus BUS", text: "system (the default), session or the address of a bus; then only this bus" },
  { form: "-p PORT", text: "reach a daemon by its control port and not over D-Bus; may be repeated" },
];
const OUTPUT: OptionHelp = { form: "-o FILE", text: "write FILE, which must not exist, and not standard output" };
const JOURNAL = "[OPTION OF journalctl]...";

/** Options of the commands that ask a daemon. */
export const TARGET_OPTIONS: readonly OptionHelp[] = [
  { form: "-H HOST[:PORT]", text: "a control port (port 2000) and not a daemon of this machine" },
  { form: "--tls", text: "the control port has TLS; its certificate is verified" },
  { form: "--ca FILE", text: "the authorities of that certificate, and not those of Node" },
  { form: "--cert FILE", text: "the own certificate, with --key" },
  { form: "--key FILE", text: "the key of the own certificate" },
  { form: "--instance NAME", text: "the daemon of that name, and not all of this machine; may be repeated" },
  { form: "--socket PATH", text: "the daemon behind this local socket; may be repeated" },
];

/** All commands, in the order of the list. */
export const COMMANDS: readonly CommandHelp[] = [
  {
    name: "ports",
    summary: "the ports: who is connected, what they do",
    forms: [
      ["ports [--json | --watch]", ""],
      ["ports --discover [--json]", ""],
    ],
    options: [
      { form: "--json", text: "an array of objects, one for each port" },
      { form: "--watch", text: "the table again and again; Ctrl-C ends it" },
      { form: "--discover", text: "the ports of all machines around that are announced by mDNS" },
    ],
    hasTarget: true,
    status: CLIENT_STATUS,
  },
  {
    name: "who",
    summary: "who is connected",
    forms: [["who [PORT]", ""]],
    options: [],
    hasTarget: true,
    status: CLIENT_STATUS,
  },
  {
    name: "attach",
    summary: "connects this terminal to a port",
    forms: [["attach [-r | -f] [--replay BYTES] [-8] PORT", ""]],
    options: [
      { form: "-r", text: "only watch" },
      { form: "-f", text: "take over from the writer at once" },
      { form: "-8", text: "no escape character: every byte is data, for programs" },
      { form: "--replay BYTES", text: "show the last BYTES bytes of the device first, where the port has a replay" },
    ],
    hasTarget: true,
    notes: ["Ctrl-] and then ? shows what can be done at the console; Ctrl-] and then q leaves it."],
    status: ATTACHED_STATUS,
  },
  {
    name: "watch",
    summary: "prints the output of ports",
    forms: [["watch [--timestamps] [--since BYTES] PORT...", ""]],
    options: [
      { form: "--timestamps", text: "each line begins with the time (UTC) at which it came" },
      { form: "--since BYTES", text: "the last BYTES bytes first, where the port has a replay" },
    ],
    hasTarget: true,
    status: ATTACHED_STATUS,
  },
  {
    name: "take",
    summary: "the connection of this user writes from now on",
    forms: [["take PORT", ""]],
    options: [],
    hasTarget: true,
    status: CLIENT_STATUS,
  },
  {
    name: "say",
    summary: "a message to the users of a port",
    forms: [["say PORT TEXT", ""]],
    options: [],
    hasTarget: true,
    status: CLIENT_STATUS,
  },
  {
    name: "break",
    summary: "sends a break",
    forms: [["break PORT", ""]],
    options: [],
    hasTarget: true,
    status: CLIENT_STATUS,
  },
  {
    name: "pulse",
    summary: "plays a pulse of DTR and RTS, to reset a board",
    forms: [["pulse PORT NAME", ""]],
    options: [],
    hasTarget: true,
    notes: ["NAME is that of a PULSE line, or esp-reset, esp-download, arduino-reset."],
    status: CLIENT_STATUS,
  },
  {
    name: "set",
    summary: "changes line settings and options, as on a port line",
    forms: [["set PORT WORD...", ""]],
    options: [],
    hasTarget: true,
    notes: [
      "With + before the first word only what is named changes; without it the other line settings become those of DEFAULT.",
      "The words count from the next time on that the device is opened.",
    ],
    status: CLIENT_STATUS,
  },
  {
    name: "disconnect",
    summary: "ends the connections of a port",
    forms: [["disconnect PORT", ""]],
    options: [],
    hasTarget: true,
    status: CLIENT_STATUS,
  },
  {
    name: "log",
    summary: "who was connected, from the journal",
    forms: [[`log PORT ${JOURNAL}`, ""]],
    options: [],
    hasTarget: true,
    status: CLIENT_STATUS,
  },
  {
    name: "status",
    summary: "the state of the daemon, and which files it reads",
    forms: [["status", ""]],
    options: [],
    hasTarget: true,
    status: CLIENT_STATUS,
  },
  {
    name: "metrics",
    summary: "what the daemon counts, as Prometheus reads it",
    forms: [["metrics", ""]],
    options: [],
    hasTarget: true,
    status: CLIENT_STATUS,
  },
  {
    name: "reload",
    summary: "reads the configuration anew, as SIGHUP does",
    forms: [["reload", ""]],
    options: [],
    hasTarget: true,
    status: CLIENT_STATUS,
  },
  {
    name: "apply",
    summary: "tries a configuration, and takes it back where it does not work",
    forms: [["apply [--confirm SECONDS] [--to PATH] FILE", ""]],
    options: [
      { form: "--confirm SECONDS", text: "how long the daemon must be healthy with it; 60 s without it" },
      { form: "--to PATH", text: "the file whose place it takes, and not the configuration file of the daemon" },
    ],
    hasTarget: true,
    notes: ["FILE is a configuration, or a board profile where it begins with a brace."],
    status: [
      ["0", "the file stays"],
      ["1", "nothing was changed, or the previous file is back"],
      ...CLIENT_STATUS.slice(2),
      ["128 + N", "ended by signal N, and the previous file is back"],
    ],
  },
  {
    name: "doctor",
    summary: "finds what is wrong, and names the command that cures it",
    forms: [["doctor [--json] [--open] [--archive FILE] [PORT]", ""]],
    options: [
      { form: "--json", text: "an array of objects with subject and findings" },
      { form: "--open", text: "open free devices too: DTR and RTS change for a moment" },
      { form: "--archive FILE", text: "write a tar archive for the support as well, without passwords" },
    ],
    hasTarget: true,
    status: [["0", "no fault found"], ["1", "a fault found"], ...CLIENT_STATUS.slice(2)],
  },
  {
    name: "busy",
    summary: "tells whether a reboot would disturb a connection",
    forms: [["busy [OPTION]...", ""]],
    options: DRAIN_TARGET,
    status: DRAIN_STATUS,
  },
  {
    name: "drain",
    summary: "refuses new connections and waits for the end of the last one",
    forms: [["drain [--max SECONDS] [OPTION]...", ""]],
    options: [{ form: "--max SECONDS", text: "wait no longer than that" }, ...DRAIN_TARGET],
    status: DRAIN_STATUS,
  },
  {
    name: "undrain",
    summary: "accepts connections again",
    forms: [["undrain [OPTION]...", ""]],
    options: DRAIN_TARGET,
    status: [["0", "new connections are accepted"], ...DRAIN_STATUS.slice(2)],
  },
  {
    name: "--upgrade",
    summary: "replaces a running daemon in place by the installed version",
    forms: [["--upgrade PROCESS|PIDFILE", ""]],
    options: [],
    notes: ["Connections and devices go on. PROCESS is a process id, PIDFILE a file that has it."],
    status: [
      ["0", "the daemon is replaced"],
      ["1", "refused: the daemon goes on as it was"],
      ["2", "the daemon does not answer, does not run, or wrong words"],
    ],
  },
  {
    name: "board",
    summary: "lists, shows, checks, detects and makes board profiles",
    forms: [
      ["board list", "the board profiles, and the files they are in"],
      ["board show [NAME|FILE]", "the configuration lines of a profile"],
      ["board check [NAME|FILE]", "the errors of a profile, or of all of them"],
      ["board detect [--explain]", "which board this is"],
      ["board new [-o NAME.json]", "a profile of this machine, to be edited"],
    ],
    options: [
      { form: "--explain", text: "with the reason" },
      { form: "--json", text: "`list`, `show` and `check` as JSON" },
      { form: "-o NAME.json", text: "a file that does not exist yet" },
    ],
    status: [
      ["0", "done"],
      ["1", "an error in a profile, or no such profile"],
      ["2", "wrong words"],
    ],
  },
  {
    name: "import",
    summary: "a YAML configuration of ser2net 4 as lines of ser2net.conf",
    forms: [["import FILE [-o FILE]", ""]],
    options: [OUTPUT],
    notes: ["What is not carried over is listed with its place. FILE may be -, standard input."],
    status: MIGRATION_STATUS,
  },
  {
    name: "export",
    summary: "the configuration as YAML of ser2net 4",
    forms: [["export --yaml [FILE | --board NAME] [-o FILE]", ""]],
    options: [
      { form: "--yaml", text: "the language that is written" },
      { form: "--board NAME", text: "the ports of a board profile as well" },
      OUTPUT,
    ],
    notes: ["Without a name: /etc/ser2net.conf. What is not carried over is listed with its place."],
    status: MIGRATION_STATUS,
  },
  FLEET,
  {
    name: "check-sol",
    summary: "logs in to the BMC of a SOL device and tells what it finds",
    forms: [
      ["check-sol 'sol.lan ARGUMENTS' [WORD]...", "log in to that BMC, with the option words of a port line"],
      ["check-sol PORT|DEVICE [OPTION]...", "log in to the BMC of a port of the configuration"],
    ],
    options: [
      { form: "-c FILE", text: "configuration file instead of /etc/ser2net.conf" },
      { form: "-C LINE", text: "one configuration line" },
      { form: "--board NAME", text: "a board profile as well" },
    ],
    status: [
      ["0", "the console works"],
      ["1", "the console cannot be used"],
      ["2", "wrong words"],
    ],
  },
];

/** The word of an option without its value. */
export function optionWord({ form }: OptionHelp): string {
  return form.split(/[ =]/, 1)[0] ?? form;
}
