/** The commands that 3.5.4 does not have (docs/control-socket.md). To add one, add a row to COMMANDS. */
import { formatDiagnostic, NOT_RELOADED } from "../config/diagnostic.js";
import { printable, toText } from "../line/bytes.js";
import { findPort } from "../port/find-port.js";
import { personAt } from "../port/peers/writers.js";
import type { ConnectionStatus, ManagedPort } from "../port/status.js";
import { splitWords } from "./command.js";
import type { CommandContext, ControlledDaemon } from "./context.js";
import { listPeople, portAsJson, portTable, titleOf } from "./listing.js";

interface MoreCommand {
  /** Lines of `help`; the first one begins with the name of the command. */
  readonly help: readonly string[];
  /** True: users of the local socket who may only look cannot use it. */
  readonly changes: boolean;
  /** Whether the first word is a port: `needed`, `optional` (without it `run` gets null: all ports) or `none`. */
  readonly port: "needed" | "optional" | "none";
  /** Returns the answer as lines. @param rest the words behind the port @param text the same, as typed */
  run(port: ManagedPort | null, rest: readonly string[], text: string, context: CommandContext): Iterable<string>;
}

const LONGEST_IDENTIFY = 3600; // seconds

const COMMANDS: Readonly<Record<string, MoreCommand>> = {
  attach: {
    help: [
      "attach <port> [watch|force] [-8 [notices]] [replay=<bytes>] - connect this session to the port, until",
      "       ^] and then a dot is typed. With watch nothing is written, with force",
      "       you write and, where the port is full, a user makes room. With -8",
      "       every byte is data, and only the end of the connection ends it; with",
      "       notices the messages of the daemon come too.",
    ],
    changes: false,
    port: "needed",
    run: (port, words, _text, context) => (port === null ? [] : [attach(port, words, context)]),
  },
  who: {
    help: ["who [<port>] - show who is connected, who writes, and since when."],
    changes: false,
    port: "optional",
    run: (port, _words, _text, context) => listPeople(port === null ? context.ports.list() : [port]),
  },
  replay: {
    help: ["replay <port> [<bytes>] - show the last output of the device."],
    changes: false,
    port: "needed",
    run: (port, [bytes]) => replay(port, bytes),
  },
  take: {
    help: [
      "take <port> [<id>] - your connection to the port writes from now on, or",
      "       the one whose id who shows.",
    ],
    changes: true,
    port: "needed",
    run: (port, [id], _text, context) => (port === null ? [] : take(port, id, context)),
  },
  say: {
    help: ["say <port> <text> - show a line of text to the users of the port."],
    changes: true,
    port: "needed",
    run(port, _words, text, { person }) {
      const said = printable(text);
      if (said === "") return ["No text given"];
      port?.people.tell(`${person}: ${said}`);
      return [];
    },
  },
  break: {
    help: ["break <port> - send a break."],
    changes: true,
    port: "needed",
    run: port => (port?.sendBreak() === true ? [] : [`Port is not currently connected: ${port?.name}`]),
  },
  pulse: {
    help: ["pulse <port> <name> - play a pulse of DTR and RTS, esp-reset for example."],
    changes: true,
    port: "needed",
    run(port, [name]) {
      const refusal = name === undefined ? "No pulse given" : port?.pulse(name);
      return refusal == null ? [] : [refusal];
    },
  },
  ports: {
    help: ["ports [json] - show all ports in a table, or each as a line of JSON."],
    changes: false,
    port: "none",
    run(_port, [form], _text, { ports, profile }) {
      return form === "json" ? portAsJson(ports.list(), profile) : portTable(ports.list(), profile);
    },
  },
  events: {
    help: [
      "events [<port>] - from now on show what happens to connections, warnings and",
      "       errors, and the output of the port, each as a line of JSON.",
    ],
    changes: false,
    port: "optional",
    run(port, _words, _text, { events }) {
      const refusal = events.start(port);
      return refusal === null ? [] : [refusal];
    },
  },
  identify: {
    help: ["identify <port> [<seconds>] - let the LED of the port blink, 30 seconds without a number."],
    changes: true,
    port: "needed",
    run(port, [word = "30"], _text, { daemon }) {
      if (port === null) return [];
      const seconds = /^\d{1,4}$/.test(word) ? Number(word) : 0;
      if (seconds < 1 || seconds > LONGEST_IDENTIFY)
        return [`Not a number of seconds from 1 to ${LONGEST_IDENTIFY}: ${word}`];
      return daemon.identify(port.name, seconds) ? [] : [`Port has no LED: ${port.name}`];
    },
  },
  status: {
    help: ["status - show the state of the daemon, and which files it reads."],
    changes: false,
    port: "none",
    run: (_port, _rest, _text, { daemon }) => status(daemon),
  },
  metrics: {
    help: ["metrics - show the metrics, as Prometheus reads them."],
    changes: false,
    port: "none",
    run: (_port, _rest, _text, { daemon }) => daemon.metrics(),
  },
  reload: {
    help: ["reload - read the configuration anew."],
    changes: true,
    port: "none",
    run: (_port, _rest, _text, { daemon }) => reload(daemon),
  },
};

/** Lines of `help`, behind those of 3.5.4. */
export const MORE_HELP: readonly string[] = Object.values(COMMANDS).flatMap(({ help }) => help);

/** The answer as lines. @param text what follows the name of the command */
export function runMore(name: string, text: string, context: CommandContext): Iterable<string> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) return [`Unknown command: ${name}`];
  if (command.changes && context.deniedBut !== null) return [denied(name, context.deniedBut)];
  const [wanted, ...rest] = splitWords(text);
  if (command.port === "none") return command.run(null, splitWords(text), text, context);
  if (wanted === undefined) return command.port === "needed" ? ["No port given"] : command.run(null, [], "", context);
  const port = portCalled(wanted, context);
  if (Array.isArray(port)) return port;
  return command.run(port, rest, text.replace(/^[^ \t]+[ \t]*/, ""), context);
}

/** The port of that name (`findPort`), or the answer where there is none or several. */
export function portCalled(wanted: string, { ports, profile }: CommandContext): ManagedPort | string[] {
  const found = findPort(wanted, ports.list(), profile);
  if ("port" in found) return found.port;
  if (found.candidates.length === 0) return [`Invalid port number: ${wanted}`];
  return [`${wanted} may be:`, ...found.candidates.map(port => `  ${titleOf(port, profile)}`)];
}

/** The answer to a user who may only look. */
export function denied(command: string, needed: string): string {
  return `Permission denied: ${command} needs ${needed}`;
}

function attach(port: ManagedPort, words: readonly string[], context: CommandContext): string {
  const unknown = words.find(word => !/^(?:watch|force|-8|notices|replay=\d{1,8})$/.test(word));
  if (unknown !== undefined) return `Invalid attach option: ${unknown}`;
  const replayed = words.findLast(word => word.startsWith("replay="))?.slice("replay=".length);
  const replayBytes = replayed === undefined ? null : Number(replayed);
  const [watch, isBinary] = [words.includes("watch"), words.includes("-8")];
  if ((!watch || words.includes("force")) && context.deniedBut !== null)
    return `${denied("attach", context.deniedBut)}; attach ... watch does not`;
  const result = context.attach(
    port,
    { watch, isBinary, hasNotices: !isBinary || words.includes("notices"), replayBytes },
    words.includes("force"),
  );
  if ("refusal" in result) return result.refusal;
  return `attached ${titleOf(port, context.profile)}, ${result.writes ? "writer" : "watching"}`;
}

/** Makes the connection with that id the writer; without an id, the newest connection of the person who asks. */
function take(port: ManagedPort, id: string | undefined, { person }: CommandContext): readonly string[] {
  const connections = port.status().slots.filter(slot => slot !== null);
  const mine = (one: ConnectionStatus) => personAt(one.address, one.user) === person;
  const wanted =
    id === undefined ? connections.filter(mine).reduce(newest, null) : connections.find(one => String(one.id) === id);
  if (wanted == null) {
    return [
      `No ${id === undefined ? "connection of yours" : `connection ${id}`} on ${port.name}: see who ${port.name}`,
    ];
  }
  const who = personAt(wanted.address, wanted.user);
  return [port.people.takeOver(wanted.id) ? `${who} writes on ${port.name}` : `${who} may only watch ${port.name}`];
}

function newest(one: ConnectionStatus | null, other: ConnectionStatus): ConnectionStatus {
  return one === null || other.id > one.id ? other : one;
}

function status(daemon: ControlledDaemon): readonly string[] {
  const [configFile, board] = [daemon.configFile(), daemon.board()];
  return [
    daemon.status(),
    ...(configFile === null ? [] : [`configuration: ${configFile}`]),
    ...(board === null ? [] : [`board: ${board}`]),
  ];
}

function reload(daemon: ControlledDaemon): readonly string[] {
  const result = daemon.reload();
  if (typeof result === "string") return [`${NOT_RELOADED}${result}`];
  return [...result.map(formatDiagnostic), daemon.status()];
}

/** The last output of the device as lines, without their ends. */
function replay(port: ManagedPort | null, bytes: string | undefined): readonly string[] {
  const limit = bytes === undefined ? Number.MAX_SAFE_INTEGER : Number(bytes);
  if (!Number.isSafeInteger(limit) || limit < 0) return [`Not a number of bytes: ${bytes}`];
  const found = port?.replay(limit) ?? null;
  if (found === null) return ["no replay on this port"];
  if (found.bytes.length === 0) return [];
  return toText(found.bytes).split(/\r?\n/);
}
