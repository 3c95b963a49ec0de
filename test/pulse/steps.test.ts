import t from "tap";
import { BUILT_IN } from "../../service/pulse/built-in.js";
import { readPulse } from "../../service/pulse/steps.js";
import { messages, readLines } from "../config/read.js";

t.test("lines that stand together are one step, a time ends it", t => {
  t.same(readPulse("DTR=0 RTS=1 100ms\tDTR=1 RTS=0 2s DTR=0"), [
    { lines: { dtr: false, rts: true }, waitMs: 100 },
    { lines: { dtr: true, rts: false }, waitMs: 2000 },
    { lines: { dtr: false }, waitMs: 0 },
  ]);
  t.same(readPulse("5ms 5ms RTS=1 1ms"), [
    { lines: {}, waitMs: 5 },
    { lines: {}, waitMs: 5 },
    { lines: { rts: true }, waitMs: 1 },
  ]);
  for (const [name, text] of BUILT_IN) t.notMatch(readPulse(text), { message: /./ }, name);
  t.end();
});

t.test("what is not a pulse is told with its place", t => {
  const wrong = (text: string): string => {
    const { offset, message, expected } = Object.assign({ offset: -1, message: "", expected: "" }, readPulse(text));
    return `${offset} ${message} (${expected})`;
  };
  t.match(wrong("DTR=0 100ms DRT=1"), /^12 Invalid step of a pulse: DRT=1 \(.*; nearest: DTR=1\)$/);
  t.match(wrong("DTR=2"), /^0 Invalid step of a pulse: DTR=2 /);
  t.match(wrong("DTR=1 100"), /^6 Invalid step of a pulse: 100 .*a time such as 100ms/);
  t.equal(wrong("DTR=1 DTR=0"), "6 DTR twice in one step of a pulse (expected a time between the two)");
  t.equal(wrong("DTR=1 9999ms DTR=0 2ms"), "19 Pulse is too long (expected 10000ms at most in all)");
  t.match(wrong("DTR=1 1ms ".repeat(65)), /^\d+ Pulse has too many steps \(expected 64 at most\)$/);
  t.match(wrong("100ms"), /^5 No steps of the pulse given /);
  t.match(wrong(""), /^0 No steps of the pulse given /);
  t.end();
});

t.test("a PULSE line is a definition; a wrong one has line and column and defines nothing", t => {
  const read = readLines("PULSE:reset:RTS=1 100ms RTS=0", "PULSE:bad:RTS=1 RTS=0", "PULSE:two words:RTS=1", "PULSE:");
  t.same(messages(read), [
    "RTS twice in one step of a pulse on line 2",
    "Invalid pulse name on line 3",
    "No pulse name given on line 4",
  ]);
  t.match(read.diagnostics[0], { line: 2, column: 17 });
  t.same([...read.finalContext.pulses.keys()], ["reset"]);
  t.end();
});
