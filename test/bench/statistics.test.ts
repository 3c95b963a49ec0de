import t from "tap";
import { judge, type Row } from "./rows.js";
import { ratios, summarize } from "./statistics.js";

t.test("rounds become their median and how far apart they lay", async t => {
  t.same(summarize([5, 1, 3]), { median: 3, least: 1, most: 5, rounds: 3 });
  t.same(summarize([4, 1, 3, 2]), { median: 2.5, least: 1, most: 4, rounds: 4 });
  t.equal(summarize([]), null);
});

t.test("a ratio is taken round by round; a round the other side does not have is left out", async t => {
  t.same(ratios([2, 8, 5], [4, 4]), [0.5, 2]);
});

t.test("a target is met by the median of the rounds, never by nothing", async t => {
  const row = (edge: number[]): Row => ({
    section: "bulk",
    cell: "raw",
    metric: "MB/s",
    values: { edge, ser2net: [1, 1, 1], floor: [] },
    targets: [{ against: "ser2net", atLeast: 5 }, { against: "floor", atLeast: 0.5 }, { atMost: 9 }],
  });
  t.match(judge(row([4, 6, 10])), [{ met: true, value: { median: 6 } }, { met: true }]);
  t.match(judge(row([4, 4.9, 10])), [{ met: false, value: { median: 4.9 } }, { met: true }]);
  t.match(judge(row([10, 10, 10])), [{ met: true }, { met: false }]);
});
