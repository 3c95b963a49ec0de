/** `scripts/fuzz`: see its help. */
import { parseArgs } from "node:util";
import { fuzz } from "./fuzz.js";
import { PARSERS } from "./parsers.js";

const HELP = `Usage: scripts/fuzz [--minutes N] [--seed N] [PARSER]
Gives random texts to each parser of the product, or to those whose names contain PARSER: 10 s for each, or N minutes
for all together. The seed is printed; the same seed gives the same texts. Status 1 when one throws or does not end.
`;
const STANDARD_SECONDS = 10;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: "string" }, seed: { type: "string" }, help: { type: "boolean", short: "h" } },
});
const chosen = PARSERS.filter(({ name }) => name.includes(positionals[0] ?? ""));
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
const seconds = values.minutes === undefined ? STANDARD_SECONDS : (Number(values.minutes) * 60) / chosen.length;

if (values.help || chosen.length === 0 || positionals.length > 1 || !Number.isInteger(seed) || !(seconds > 0)) {
  process.stdout.write(HELP);
  process.exitCode = values.help ? 0 : 2;
} else {
  console.log(`seed ${seed}`);
  for (const parser of chosen) {
    const { inputs, fault } = fuzz(parser, seed, seconds);
    console.log(`${fault === null ? "ok" : "FAULT"} ${parser.name}: ${inputs} texts`);
    if (fault === null) continue;
    console.log(`${JSON.stringify(fault.input)}\n${fault.error instanceof Error ? fault.error.stack : fault.error}`);
    process.exitCode = 1;
  }
}
