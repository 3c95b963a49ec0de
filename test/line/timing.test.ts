import t from "tap";
import { type LineSettings, STANDARD_LINE } from "../../service/line/settings.js";
import { type CharacterWait, chardelayUs } from "../../service/line/timing.js";

const STANDARD: CharacterWait = { enabled: true, scale: 20, minUs: 1000 };

t.test("the wait is that of the characters given by the scale, in whole microseconds", async t => {
  const cases: readonly (readonly [title: string, Partial<LineSettings>, Partial<CharacterWait>, number])[] = [
    ["two characters at 9600 8N1", {}, {}, 2083],
    ["two and a half of them", {}, { scale: 25 }, 2604],
    ["300 baud: the maximum is not its business", { speed: 300 }, {}, 66_666],
    ["parity and a second stop bit count", { parity: "even", stopBits: 2 }, {}, 2500],
    ["never less than the minimum", { speed: 115200 }, {}, 1000],
    ["a minimum of one lets it be short", { speed: 115200 }, { minUs: 1 }, 173],
    [
      "the largest scale at the lowest speed",
      { speed: 300, dataBits: 8, parity: "odd", stopBits: 2 },
      { scale: 1000 },
      4_000_000,
    ],
    ["disabled", {}, { enabled: false }, 0],
    ["no speed at all", { speed: 0 }, {}, 1000],
  ];
  for (const [title, line, wait, us] of cases) {
    t.equal(chardelayUs({ ...STANDARD_LINE, ...line }, { ...STANDARD, ...wait }), us, title);
  }
});
