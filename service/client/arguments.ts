/** The words of `ser2net ports`, `attach`, `watch` and the other commands of the client (docs/console.md). Pure. */

/** Files of PEM for a control port with TLS; null: the authorities of Node, no certificate. */
export interface TlsFiles {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
}

/** Which daemons are asked: the sockets of this machine, or a control port. */
export interface Target {
  /** `-H`: a control port. */
  readonly host: { readonly name: string; readonly port: number; readonly tls: TlsFiles | null } | null;
  readonly instances: readonly string[];
  readonly sockets: readonly string[];
}

export type ClientCommand =
  | { readonly kind: "ports"; readonly json: boolean; readonly show: "once" | "watch" | "discover" }
  | {
      readonly kind: "attach";
      readonly name: string;
      readonly mode: "write" | "watch" | "force";
      readonly replayBytes: number | null;
      /** Without an escape character. */
      readonly eightBit: boolean;
    }
  | {
      readonly kind: "watch";
      readonly names: readonly string[];
      readonly timestamps: boolean;
      /** Bytes of the replay that are shown first; null: all that there are. */
      readonly replayBytes: number | null;
    }
  | { readonly kind: "break" | "disconnect"; readonly name: string }
  | { readonly kind: "who"; readonly name: string | null }
  | {
      readonly kind: "doctor";
      /** Null: all ports. */
      readonly name: string | null;
      readonly json: boolean;
      /** Free devices are opened too. */
      readonly open: boolean;
      /** The file of the archive, or null. */
      readonly archive: string | null;
    }
  | {
      readonly kind: "apply";
      readonly file: string;
      /** The file that it replaces; null: the configuration of the daemon. */
      readonly to: string | null;
      /** How long the daemon must be healthy with it. */
      readonly confirmSeconds: number;
    }
  | { readonly kind: "reload" | "status" | "metrics" }
  | { readonly kind: "take" | "set" | "say" | "pulse"; readonly name: string; readonly words: readonly string[] }
  | { readonly kind: "log"; readonly name: string; readonly words: readonly string[] }
  | { readonly kind: "help" };

type Kind = ClientCommand["kind"];

/** Options of each command, and whether they have a value. */
const OPTIONS: Readonly<Record<Kind, Readonly<Record<string, boolean>>>> = {
  ports: { "--json": false, "--watch": false, "--discover": false },
  attach: { "-r": false, "-f": false, "-8": false, "--replay": true },
  watch: { "--timestamps": false, "--since": true },
  who: {},
  take: {},
  break: {},
  disconnect: {},
  set: {},
  say: {},
  pulse: {},
  log: {},
  doctor: { "--json": false, "--open": false, "--archive": true },
  apply: { "--to": true, "--confirm": true },
  reload: {},
  status: {},
  metrics: {},
  help: {},
};
const TLS_FILES = { "--ca": true, "--cert": true, "--key": true };
const TARGETS: Readonly<Record<string, boolean>> = {
  ...{ "-H": true, "--instance": true, "--socket": true, "--tls": false },
  ...TLS_FILES,
};
/** Names and words that each command takes: at least, at most. */
const WORDS: Readonly<Record<Kind, readonly [number, number]>> = {
  ports: [0, 0],
  attach: [1, 1],
  watch: [1, 64],
  who: [0, 1],
  take: [1, 1],
  break: [1, 1],
  disconnect: [1, 1],
  set: [2, Number.POSITIVE_INFINITY],
  say: [2, Number.POSITIVE_INFINITY],
  pulse: [2, 2],
  log: [1, Number.POSITIVE_INFINITY],
  doctor: [0, 1],
  apply: [1, 1],
  reload: [0, 0],
  status: [0, 0],
  metrics: [0, 0],
  help: [0, 0],
};

const CONTROL_PORT = 2000;
const CONFIRM_SECONDS = 60;
const LONGEST_CONFIRM_SECONDS = 86_400;
/** The largest replay of a port (docs/console.md). */
const MAX_REPLAY = 16 * 1024 * 1024;

/** What is wrong with the words. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  /** The word that may be misspelt, or null. */
  readonly word: string | null;

  constructor(text: string, word: string | null = null) {
    super(text);
    this.word = word;
  }
}

interface Given {
  readonly options: ReadonlyMap<string, readonly string[]>;
  readonly words: readonly string[];
}

/** The word of the command `attach` of the control port; none: all of the replay is shown. */
export function replayWord({ replayBytes }: { readonly replayBytes: number | null }): readonly string[] {
  return replayBytes === null ? [] : [`replay=${replayBytes}`];
}

/** Throws UsageError. @param argv from the name of the command on */
export function parseClientArguments(argv: readonly string[]): { command: ClientCommand; target: Target } {
  const [kind = "", ...rest] = argv;
  if (!isKind(kind)) throw new UsageError(`not a command: ${kind}`);
  if (rest.includes("--help") || rest.includes("-h")) return { command: { kind: "help" }, target: targetOf(new Map()) };
  const given = split(kind, rest);
  const [least, most] = WORDS[kind];
  if (given.words.length < least)
    throw new UsageError(
      `${kind}: ${kind === "apply" ? "which file?" : least === 1 ? "which port?" : "a word is missing"}`,
    );
  if (given.words.length > most) throw new UsageError(`${kind}: one word too many: ${given.words[most]}`);
  return { command: commandOf(kind, given), target: targetOf(given.options) };
}

function isKind(word: string): word is Kind {
  return Object.hasOwn(OPTIONS, word);
}

/** Options stand before the words of `set`, `say` and `log`, and anywhere for the others; `--` ends them. */
function split(kind: Kind, argv: readonly string[]): Given {
  const known = { ...OPTIONS[kind], ...TARGETS };
  const [options, words] = [new Map<string, string[]>(), [] as string[]];
  const ownWords = ["set", "say", "log"].includes(kind);
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? "";
    if (ownWords && words.length > 0) return { options, words: [...words, ...argv.slice(at)] };
    if (word === "--") return { options, words: [...words, ...argv.slice(at + 1)] };
    if (!/^-./.test(word)) {
      words.push(word);
      continue;
    }
    if (!Object.hasOwn(known, word)) throw new UsageError(`${kind}: no such option: ${word}`, word);
    const value = known[word] === true ? argv[++at] : "";
    if (value === undefined || (known[word] === true && value === "")) {
      throw new UsageError(`${kind}: ${word} needs a value`);
    }
    options.set(word, [...(options.get(word) ?? []), value]);
  }
  return { options, words };
}

function commandOf(kind: Kind, { options, words }: Given): ClientCommand {
  const [name = "", ...rest] = words;
  switch (kind) {
    case "ports":
      return { kind, json: options.has("--json"), show: shownPorts(options) };
    case "attach": {
      if (options.has("-r") && options.has("-f")) throw new UsageError("attach: -r only watches, -f takes over");
      const mode = options.has("-r") ? "watch" : options.has("-f") ? "force" : "write";
      const replayBytes = bytesOf(options, "--replay");
      return { kind, name, mode, replayBytes, eightBit: options.has("-8") };
    }
    case "watch":
      return { kind, names: words, timestamps: options.has("--timestamps"), replayBytes: bytesOf(options, "--since") };
    case "who":
      return { kind, name: words[0] ?? null };
    case "doctor": {
      const archive = options.get("--archive")?.at(-1) ?? null;
      return { kind, name: words[0] ?? null, json: options.has("--json"), open: options.has("--open"), archive };
    }
    case "apply": {
      const to = options.get("--to")?.at(-1) ?? null;
      return { kind, file: name, to, confirmSeconds: secondsOf(options, "--confirm") ?? CONFIRM_SECONDS };
    }
    case "reload":
    case "status":
    case "metrics":
    case "help":
      return { kind };
    case "break":
    case "disconnect":
      return { kind, name };
    default:
      return { kind, name, words: rest };
  }
}

function shownPorts(options: Given["options"]): "once" | "watch" | "discover" {
  if (!options.has("--discover")) return options.has("--watch") ? "watch" : "once";
  const other = ["--watch", ...Object.keys(TARGETS)].find(option => options.has(option));
  if (other !== undefined) throw new UsageError(`ports: --discover asks the network, ${other} does not go with it`);
  return "discover";
}

function bytesOf(options: Given["options"], option: string): number | null {
  const text = options.get(option)?.at(-1);
  if (text === undefined) return null;
  if (!/^\d{1,8}$/.test(text) || Number(text) > MAX_REPLAY) {
    throw new UsageError(`${option} takes a number of bytes from 0 to ${MAX_REPLAY}`);
  }
  return Number(text);
}

function secondsOf(options: Given["options"], option: string): number | null {
  const text = options.get(option)?.at(-1);
  if (text === undefined) return null;
  const seconds = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (seconds < 1 || seconds > LONGEST_CONFIRM_SECONDS) {
    throw new UsageError(`${option} takes a number of seconds from 1 to ${LONGEST_CONFIRM_SECONDS}`);
  }
  return seconds;
}

function targetOf(options: Given["options"]): Target {
  const host = options.get("-H")?.at(-1);
  const [instances, sockets] = [options.get("--instance") ?? [], options.get("--socket") ?? []];
  if (host !== undefined && instances.length + sockets.length > 0) {
    throw new UsageError("-H names a control port, --instance and --socket a daemon of this machine");
  }
  const tls = tlsOf(options);
  if (host === undefined && tls !== null) throw new UsageError("--tls is for a control port: -H HOST");
  return { host: host === undefined ? null : { ...hostOf(host), tls }, instances, sockets };
}

function tlsOf(options: Given["options"]): TlsFiles | null {
  const file = (option: keyof typeof TLS_FILES) => options.get(option)?.at(-1) ?? null;
  const [ca, cert, key] = [file("--ca"), file("--cert"), file("--key")];
  if ((cert === null) !== (key === null)) throw new UsageError("--cert and --key belong together");
  if (options.has("--tls")) return { ca, cert, key };
  if (ca !== null || cert !== null) throw new UsageError("--ca, --cert and --key are for --tls");
  return null;
}

/** `host`, `host:2000`, `[::1]`, `[::1]:2000`, and as the daemon writes it `host,2000`. */
function hostOf(text: string): { name: string; port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^\s:,[\]]+))(?:[:,](\d{1,5}))?$/.exec(text) ?? [];
  const name = bracketed ?? plain;
  const port = Number(digits ?? CONTROL_PORT);
  if (name === undefined || port < 1 || port > 65_535) throw new UsageError(`-H takes HOST or HOST:PORT, not ${text}`);
  return { name, port };
}
