/** Random texts, made of right ones, for a parser. The same seed gives the same texts. */
import { createContext, Script } from "node:vm";
import { randomIntegers } from "../support/random.js";
import type { Parser } from "./parser.js";

export interface Outcome {
  readonly inputs: number;
  /** The text that makes the parser throw, or that it does not end with; null when there was none. */
  readonly fault: { readonly input: string; readonly error: unknown } | null;
}

/** For one text. */
const DEADLINE_MS = 5000;
const MAX_SAMPLES = 8;
const MAX_CHANGES = 6;
const MAX_REPEATED = 64;
const SIGNS = [
  "\0",
  "\n",
  "\r",
  "\t",
  " ",
  '"',
  "\\",
  ":",
  ",",
  ";",
  "=",
  "%",
  "/",
  "[",
  "{",
  "\xff",
  "0",
  "9".repeat(20),
];

export function fuzz({ parse, samples }: Parser, seed: number, seconds: number): Outcome {
  const random = randomIntegers(seed);
  let input = "";
  const context = createContext({ work: () => parse(input) });
  const script = new Script("work()");
  const end = performance.now() + seconds * 1000;
  let inputs = 0;
  for (; performance.now() < end; inputs++) {
    input = makeText(random, samples);
    try {
      script.runInContext(context, { timeout: DEADLINE_MS });
    } catch (error) {
      return { inputs: inputs + 1, fault: { input, error } };
    }
  }
  return { inputs, fault: null };
}

type Random = (below: number) => number;

function makeText(random: Random, samples: readonly string[]): string {
  let text = "";
  for (let left = random(MAX_SAMPLES) + 1; left > 0; left--) text += samples[random(samples.length)] ?? "";
  for (let left = random(MAX_CHANGES); left > 0; left--) text = changed(text, random);
  return text;
}

function changed(text: string, random: Random): string {
  const start = random(text.length + 1);
  const end = start + random(Math.min(text.length - start, 20) + 1);
  const [before, middle, behind] = [text.slice(0, start), text.slice(start, end), text.slice(end)];
  switch (random(5)) {
    case 0:
      return before + behind;
    case 1:
      return before + String.fromCharCode(random(256)) + behind;
    case 2:
      return before + (SIGNS[random(SIGNS.length)] ?? "") + middle + behind;
    case 3:
      return before + middle.repeat(random(MAX_REPEATED)) + behind;
    default:
      return before + behind + middle;
  }
}
