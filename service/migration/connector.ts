/** Connectors of ser2net 4 as device and option words of a port line. */
import { isSpeed } from "../config/defaults.js";
import type { ImportContext } from "./context.js";
import { SERIAL_FLAGS, type SerialDraft, serialWords, solWord, startSerial, takeSerialWord } from "./serial-words.js";
import { readStack, type Stack, splitWords } from "./stack.js";
import type { Place } from "./tree.js";

export interface Connector {
  readonly device: string;
  readonly isSol: boolean;
  readonly isPrinter: boolean;
  readonly words: readonly string[];
  readonly rs485: string | null;
}

/** A text says why the connector cannot be carried over. */
export function readConnector(text: string, context: ImportContext, place: Place): Connector | string {
  const stack = readStack(text);
  const [layer, ...more] = stack?.layers ?? [];
  if (stack === null || layer === undefined) return "a bracket or a quote is not closed";
  if (more.length > 0) return "connections to other hosts have no counterpart";
  if (layer.name === "serialdev" || layer.name === "sdev") return serialConnector(stack, context, place);
  if (layer.name === "ipmisol") return solConnector(stack, context, place);
  return layer.name === "tcp"
    ? "expected serialdev,<device> or ipmisol,<arguments>"
    : `${layer.name} has no counterpart`;
}

function serialConnector({ rest }: Stack, context: ImportContext, place: Place): Connector | string {
  const path = /^(?:\\[\s\S]|[^,\\])*/.exec(rest)?.[0] ?? "";
  const device = path.trim();
  const behind = rest.slice(path.length + 1);
  if (device === "") return "it has no device";
  const draft = startSerial();
  const take = (word: string) => {
    const problem = takeSerialWord(word, draft);
    if (problem !== null) context.lost(place, "A word of the connector is not carried over", problem);
  };
  for (const word of defaultWords(context)) take(word);
  for (const word of splitWords(behind, /[,\s]/)) take(word);
  const { isPrinter, rs485 } = draft;
  return { device: unquoted(device), isSol: false, isPrinter, words: serialWords(draft), rs485 };
}

/** The defaults of a serial device. */
export function serialDefaults(context: ImportContext): SerialDraft {
  const draft = startSerial();
  for (const word of defaultWords(context)) takeSerialWord(word, draft);
  return draft;
}

export const SERIAL_DEFAULTS: readonly string[] = ["speed", ...SERIAL_FLAGS.keys(), "dtr", "rts", "wronly", "rs485"];

function* defaultWords(context: ImportContext): Generator<string> {
  for (const name of SERIAL_DEFAULTS) {
    const value = context.default("serialdev", name);
    if (value !== undefined && value !== "") yield `${name}=${value}`;
  }
}

function solConnector({ rest }: Stack, context: ImportContext, place: Place): Connector {
  const [target = "", ...words] = rest.split(",");
  const speed = context.default("ipmisol", "speed") ?? "9600";
  const read = [speed, ...words.flatMap(word => splitWords(word, /\s/))].flatMap(word => {
    const one = solWord(word);
    if ("word" in one) return [one.word];
    context.lost(place, "A word of the connector is not carried over", one.problem);
    return [];
  });
  const rate = read.findLast(isSpeed) ?? speed;
  const all = [rate, ...read.filter(word => !isSpeed(word))];
  return { device: `sol.${target.trim()}`, isSol: true, isPrinter: false, words: all, rs485: null };
}

function unquoted(text: string): string {
  return text.replace(/\\([\s\S])/g, "$1").replace(/^(["'])(.*)\1$/, "$2");
}
