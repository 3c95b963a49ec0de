/** Which messages of a stream are repeats, and where some are missing. */
import t from "tap";
import { StreamNumbers } from "../../service/fleet/stream-numbers.js";

const LONG_AGO = 1_000_000;

/** What becomes of each message: `repeat`, `anew`, or how many are missing before it. */
function taken(...messages: readonly (readonly [epoch: string, seq: number])[]): readonly (string | number)[] {
  const numbers = new StreamNumbers();
  return messages.map(([epoch, seq]) => {
    const one = numbers.take(epoch, seq);
    return one.kind === "new" ? one.missing : one.kind;
  });
}

t.test("messages in order, one that is repeated, and a gap", async t => {
  t.same(taken(["a", 5], ["a", 6], ["a", 5], ["a", 6], ["a", 7], ["a", 10]), [0, 0, "repeat", "repeat", 0, 2]);
});

t.test("the numbers go on in the next epoch: nothing is missing", async t => {
  t.same(taken(["a", 5], ["b", 6], ["b", 7]), [0, 0, 0]);
});

t.test("numbers that are used again in another epoch are not repeats", async t => {
  t.same(taken(["a", 98], ["a", 99], ["b", 97], ["b", 98]), [0, 0, "anew", 0], "after a power failure");
  t.same(taken(["a", 50_000], ["b", 1], ["b", 2], ["b", 2]), [0, "anew", 0, "repeat"], "of a new spool");
  t.same(taken(["a", 5], ["b", 60]), [0, "anew"], "a number that is greater does not say how many are missing");
});

t.test("a window that is repeated over two epochs", async t => {
  t.same(taken(["a", 5], ["b", 6], ["a", 5], ["b", 6], ["b", 7]), [0, 0, "repeat", "repeat", 0]);
});

t.test("a board without epochs: repeats, and numbers that begin anew far behind", async t => {
  t.same(taken(["", 5], ["", 4], ["", 5], ["", 6]), [0, "repeat", "repeat", 0]);
  t.same(taken(["", LONG_AGO + 1], ["", 1], ["", 2]), [0, "anew", 0]);
  t.same(taken(["", 5], ["a", 6]), [0, 0], "it is upgraded");
});

t.test("epochs without end: the oldest is forgotten", async t => {
  const many = Array.from({ length: 65 }, (_, at) => [String(at), at] as const);
  t.same(taken(...many, ["1", 1]).at(-1), "repeat");
  t.same(taken(...many, ["0", 0]).at(-1), "anew");
});
