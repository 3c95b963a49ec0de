/** The words of `ser2net fleet`. Pure. */

export type FleetCommand =
  | { readonly kind: "help" }
  | { readonly kind: "run" | "check"; readonly name: string; readonly file: string | null }
  | {
      readonly kind: "console";
      readonly board: string;
      readonly port: string;
      readonly name: string | null;
      readonly file: string | null;
      /** In place of a file. */
      readonly lines: readonly string[];
    };

const VALUES = ["-c", "--instance", "--broker", "--prefix", "--ca", "--cert", "--key"];

/** A string: what is wrong. @param argv behind `fleet` */
export function parseFleetArguments(argv: readonly string[]): FleetCommand | string {
  const [options, words] = [new Map<string, string>(), [] as string[]];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? "";
    if (word === "-h" || word === "--help") return { kind: "help" };
    if (!word.startsWith("-")) words.push(word);
    else if (!VALUES.includes(word)) return `no such option: ${word}`;
    else {
      const value = argv[++at];
      if (value === undefined || value === "") return `${word} needs a value`;
      options.set(word, value);
    }
  }
  const [kind, subject, ...more] = words;
  if (kind !== "run" && kind !== "check" && kind !== "console")
    return kind === undefined ? "run, check or console?" : `not run, check or console: ${kind}`;
  if (subject === undefined) return kind === "console" ? "console: which BOARD/PORT?" : `${kind}: which instance?`;
  if (more.length > 0) return `one word too many: ${more[0]}`;
  const file = options.get("-c") ?? null;
  if (kind !== "console") {
    return /^[^/]+$/.test(subject) ? { kind, name: subject, file } : `not the name of an instance: ${subject}`;
  }
  const [, board, port] = /^([^/]+)\/(.+)$/s.exec(subject) ?? [];
  if (board === undefined || port === undefined) return `console takes BOARD/PORT, not ${subject}`;
  return { kind, board, port, name: options.get("--instance") ?? null, file, lines: linesOf(options) };
}

function linesOf(options: ReadonlyMap<string, string>): readonly string[] {
  const files = ["ca", "cert", "key"].flatMap(key => {
    const file = options.get(`--${key}`);
    return file === undefined ? [] : [`${key}=${file}`];
  });
  const of = (directive: string, value: string | undefined) => (value === undefined ? [] : [`${directive}:${value}`]);
  return [
    ...of("BROKER", options.get("--broker")),
    ...of("PREFIX", options.get("--prefix")),
    ...of("TLS", files.length === 0 ? undefined : files.join(" ")),
  ];
}
