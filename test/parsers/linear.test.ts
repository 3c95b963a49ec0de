/** Every parser of the product takes time in proportion to its input, whatever that is: counted against a quarter of it. */
import t from "tap";
import { growthOf, isLinear, MAX_GROWTH } from "./linear-time.js";
import { PARSERS } from "./parsers.js";

/** One that fails may have met another program: only what fails each time is a fault. */
const TRIES = 3;

t.test("work that is quadratic or exponential is found", async t => {
  const quadratic = (input: string) => {
    let count = 0;
    for (const one of input) for (const other of input) if (one === other) count++;
    return count;
  };
  const isFound = () => !isLinear(growthOf(quadratic, length => "x".repeat(length)));
  t.ok(isFound() || isFound() || isFound(), "in one of three tries: other work may have slowed the quarter down");
  t.ok(
    isLinear(
      growthOf(
        input => void [...input].sort(),
        length => "x".repeat(length),
      ),
    ),
  );
});

for (const { name, parse, hurtful } of PARSERS) {
  t.test(`${name}: linear time`, async t => {
    t.setTimeout(600_000);
    for (const [title, make] of Object.entries(hurtful)) {
      let growth = growthOf(parse, make);
      for (let left = TRIES - 1; left > 0 && growth.ms !== null && !isLinear(growth); left--)
        growth = growthOf(parse, make);
      const { length, ms, quarterMs } = growth;
      const what = `${length} characters ${ms === null ? "do not end" : `take ${Math.round(ms)} ms`}`;
      t.ok(isLinear(growth), `${title}: ${what}, a quarter ${quarterMs.toFixed(1)} ms, at most ${MAX_GROWTH} times`);
    }
  });
}
