/** The words of `ser2net busy`, `drain` and `undrain`. Pure. */
type DrainCommand = "busy" | "drain" | "undrain";

export interface DrainArguments {
  readonly command: DrainCommand;
  /** For `drain`; null: wait for ever. */
  readonly maxSeconds: number | null;
  /** Names of boards; none: all instances. */
  readonly instances: readonly string[];
  /** As the daemon's `--dbus`. */
  readonly dbus: string;
  /** Control ports, each of a daemon; with one, the bus is not used. */
  readonly controlPorts: readonly string[];
}

export const DRAIN_USAGE = `Usage:
  ser2net busy [OPTIONS] - tell whether a reboot would disturb a connection
  ser2net drain [--max SECONDS] [OPTIONS] - refuse new connections, and wait
     until the last one has ended, or for that many seconds
  ser2net undrain [OPTIONS] - accept connections again
Options:
  --instance NAME - only the instance of that board, not all of this machine
  --dbus BUS - system (the default), session or the address of a bus
  -p PORT - reach a daemon by its control port and not over D-Bus
Exit status: 0 no connection is left, 1 one is, 2 a daemon did not answer or
  the words are wrong, 3 no daemon runs
`;

const LONGEST_SECONDS = 2_147_483; // a timer of Node

/** Null: wrong words. */
export function parseDrainArguments([command, ...words]: readonly string[]): DrainArguments | null {
  if (command !== "busy" && command !== "drain" && command !== "undrain") return null;
  const given = new Map<string, string[]>();
  for (let at = 0; at < words.length; at += 2) {
    const [option = "", value] = words.slice(at, at + 2);
    const isKnown = ["--instance", "--dbus", "-p"].includes(option) || (option === "--max" && command === "drain");
    if (!isKnown || value === undefined || value === "") return null;
    given.set(option, [...(given.get(option) ?? []), value]);
  }
  const max = given.get("--max")?.at(-1);
  if (max !== undefined && (!/^\d{1,7}$/.test(max) || Number(max) > LONGEST_SECONDS)) return null;
  const controlPorts = given.get("-p") ?? [];
  if (controlPorts.length > 0 && (given.has("--instance") || given.has("--dbus"))) return null;
  return {
    command,
    maxSeconds: max === undefined ? null : Number(max),
    instances: given.get("--instance") ?? [],
    dbus: given.get("--dbus")?.at(-1) ?? "system",
    controlPorts,
  };
}
