/** The words of `ser2net busy`, `drain` and `undrain`. Pure. */
type DrainCommand = "busy" | "drain" | "undrain";

export interface DrainArguments {
  readonly command: DrainCommand;
  /** For `drain`; null: wait for ever. */
  readonly maxSeconds: number | null;
  /** Names of boards; none: all instances. */
  readonly instances: readonly string[];
  /** As the daemon's `--dbus`; null: the system bus, and the local sockets where no daemon is on it. */
  readonly dbus: string | null;
  /** Control ports, each of a daemon; with one, the bus is not used. */
  readonly controlPorts: readonly string[];
}

const LONGEST_SECONDS = 2_147_483; // a timer of Node

/** Wrong words. */
interface DrainMistake {
  readonly mistake: string;
  /** What may be misspelt, or null. */
  readonly word: string | null;
}

export function parseDrainArguments([command, ...words]: readonly string[]): DrainArguments | DrainMistake {
  if (command !== "busy" && command !== "drain" && command !== "undrain") return wrong("not a command", command);
  const given = new Map<string, string[]>();
  for (let at = 0; at < words.length; at += 2) {
    const [option = "", value] = words.slice(at, at + 2);
    const isKnown = ["--instance", "--dbus", "-p"].includes(option) || (option === "--max" && command === "drain");
    if (!isKnown) return wrong("wrong word", option);
    if (value === undefined || value === "") return wrong("value missing behind", option, null);
    given.set(option, [...(given.get(option) ?? []), value]);
  }
  const max = given.get("--max")?.at(-1);
  if (max !== undefined && (!/^\d{1,7}$/.test(max) || Number(max) > LONGEST_SECONDS)) {
    return wrong("not a number of seconds", max, null);
  }
  const controlPorts = given.get("-p") ?? [];
  if (controlPorts.length > 0 && (given.has("--instance") || given.has("--dbus"))) {
    return wrong("the bus is not used with", "-p", null);
  }
  return {
    command,
    maxSeconds: max === undefined ? null : Number(max),
    instances: given.get("--instance") ?? [],
    dbus: given.get("--dbus")?.at(-1) ?? null,
    controlPorts,
  };
}

function wrong(what: string, word = "", misspelt: string | null = word): DrainMistake {
  return { mistake: `${what}: ${word}`, word: misspelt };
}
