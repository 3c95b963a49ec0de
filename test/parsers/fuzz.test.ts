/** A fuzz target for each parser. `scripts/fuzz` runs them for longer, as CI does, or again with the seed that is printed here. */
import t from "tap";
import { fuzz } from "./fuzz.js";
import { PARSERS } from "./parsers.js";

const SECONDS = 1; // for each
const SEED = Date.now() % 2 ** 31;

t.setTimeout(60_000 + PARSERS.length * SECONDS * 2000);
t.comment(`seed ${SEED}`);

t.test("a fault is found, and told with its text", async t => {
  const parse = (text: string): void => {
    if (text.includes("ab")) throw new Error("ab");
  };
  const { fault } = fuzz({ name: "example", parse, samples: ["a", "b"], hurtful: {} }, 1, 10);
  t.match(fault, { input: /ab/, error: { message: "ab" } });
});

for (const parser of PARSERS) {
  t.test(`${parser.name}: any text is read to its end`, async t => {
    t.setTimeout(60_000 + SECONDS * 2000);
    const { inputs, fault } = fuzz(parser, SEED, SECONDS);
    t.equal(fault, null, `${inputs} texts, seed ${SEED}`, { input: JSON.stringify(fault?.input) });
    t.ok(inputs > 10, `${inputs} texts`);
  });
}
