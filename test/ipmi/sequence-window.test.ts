import t from "tap";
import { SequenceWindow } from "../../service/ipmi/sequence-window.js";

t.test("the sequence window takes each number once, in any order", async t => {
  for (const isAuthenticated of [true, false]) {
    const window = new SequenceWindow({ isAuthenticated });
    t.notOk(window.accept(0), "0 is never used");
    for (const number of [1, 2, 5, 3]) t.ok(window.accept(number), `${number}`);
    for (const number of [5, 3, 1]) t.notOk(window.accept(number), `${number} again`);
    t.ok(window.accept(4));
    t.ok(window.accept(21), "16 ahead");
    t.notOk(window.accept(4), "more than 16 behind");
    t.ok(window.accept(6), "15 behind");
    t.equal(window.accept(0x7000), isAuthenticated, "far ahead, only with an AuthCode");
  }
  const wrapping = new SequenceWindow({ isAuthenticated: true });
  for (const number of [0xfffffffe, 0xffffffff, 1, 2]) t.ok(wrapping.accept(number), `${number}`);
  for (const number of [0xffffffff, 1]) t.notOk(wrapping.accept(number), `${number} again`);
});

t.test("without an AuthCode the third of three near numbers far ahead moves the window", async t => {
  const window = new SequenceWindow({ isAuthenticated: false });
  const accepted = (...numbers: number[]): boolean[] => numbers.map(number => window.accept(number));
  t.same(accepted(1, 2, 100, 101, 102, 103), [true, true, false, false, true, true], "after an outage");
  t.same(accepted(103, 102, 2), [false, false, false], "each still counts once");
  t.same(accepted(200, 200, 200, 200), [false, false, false, false], "one number that is doubled");
  t.same(accepted(0x40000, 0x900, 0x80000), [false, false, false], "damaged ones that are not near each other");
  t.same(accepted(300, 301, 104, 302, 303, 105), [false, false, true, false, false, true], "true ones between them");
  t.same(accepted(0xfffffffe, 0xffffffff, 1), [false, false, false], "far behind");
  t.same(accepted(400, 410, 426), [false, false, true], "with some lost between them");
});
