import t from "tap";
import { suggest } from "../../service/config/suggest.js";
import { randomNumbers } from "../support/random.js";

const WORDS = ["9600", "19200", "EVEN", "NONE", "remctl", "-remctl", "kickolduser", "max-connections="];

t.test("a misspelt word has a nearest one, a strange one has none", async t => {
  const cases: readonly (readonly [word: string, near: string | null])[] = [
    ["remctrl", "remctl"],
    ["rmctl", "remctl"],
    ["-remctrl", "-remctl"],
    ["REMCTL", "remctl"],
    ["KickOldUser", "kickolduser"],
    ["kickoldusers", "kickolduser"],
    ["kckoldusr", "kickolduser"],
    ["kckoldus", null], // three edits
    ["9601", "9600"],
    ["EVNE", "EVEN"], // two neighbours swapped are one edit
    ["kikcoldsuer", "kickolduser"],
    ["960", "9600"],
    ["9700", "9600"],
    ["9701", null], // two edits are too many for four characters
    ["even", "EVEN"],
    ["EVENT", "EVEN"],
    ["max-connections", "max-connections="],
    ["#9600", null],
    ["#", null],
    ["x", null],
    ["", null],
    ["nothing-like-it", null],
    ["9".repeat(41), null],
  ];
  for (const [word, near] of cases) t.equal(suggest(word, WORDS), near, word);
});

t.test("of two that are near the nearer one is told, else the first", async t => {
  t.equal(suggest("-remctk", WORDS), "-remctl");
  t.equal(suggest("tx=", ["tr=", "tw="]), "tr=");
  t.equal(suggest("banner3", ["banner11", "banner1"]), "banner1");
});

t.test("two words are near exactly when their edit distance is small", async t => {
  const seed = 20180411;
  t.comment(`seed ${seed}`);
  const random = randomNumbers(seed);
  const word = () =>
    Array.from({ length: 2 + Math.floor(random() * 6) }, () => "abc"[Math.floor(random() * 3)]).join("");
  let near = 0;
  for (let round = 0; round < 20_000; round++) {
    const [one, other] = [word(), word()];
    const isNear = editDistance(one, other) <= (one.length <= 4 ? 1 : 2);
    if (isNear) near++;
    if (suggest(one, [other]) !== (isNear ? other : null)) t.fail(`${one} and ${other}`);
  }
  t.ok(near > 1000, `${near} were near`);
});

/** By the textbook's table ("optimal string alignment"). */
function editDistance(one: string, other: string): number {
  const table = [Array.from({ length: other.length + 1 }, (_, column) => column)];
  const at = (i: number, j: number): number => table[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= one.length; i++) {
    const row = [i];
    table.push(row);
    for (let j = 1; j <= other.length; j++) {
      const replaced = at(i - 1, j - 1) + (one[i - 1] === other[j - 1] ? 0 : 1);
      const swapped = one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1] ? at(i - 2, j - 2) + 1 : replaced;
      row.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replaced, swapped));
    }
  }
  return at(one.length, other.length);
}
