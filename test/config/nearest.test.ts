import t from "tap";
import { nearest } from "../../service/config/nearest.js";

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
  for (const [word, near] of cases) t.equal(nearest(word, WORDS), near, word);
});

t.test("of two that are near the nearer one is told, else the first", async t => {
  t.equal(nearest("-remctk", WORDS), "-remctl");
  t.equal(nearest("tx=", ["tr=", "tw="]), "tr=");
  t.equal(nearest("banner3", ["banner11", "banner1"]), "banner1");
});
