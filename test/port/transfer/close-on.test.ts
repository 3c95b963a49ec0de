import t from "tap";
import { createCloseOn } from "../../../service/port/transfer/close-on.js";
import { randomNumbers } from "../../support/random.js";

const SEED = 20_261_123;

function bytes(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

t.test("the text is found wherever a read cuts it", async t => {
  const cases: readonly [text: string, stream: string, end: number][] = [
    ["END\n", "hello END\nafter", 10],
    ["END\n", "END\n", 4],
    ["END\n", "EEND\n", 5],
    ["aab", "aaab", 4], // the reference misses this one
    ["aab", "xaab", 4],
    ["abab", "abaabab", 7],
    ["aaa", "aabaaa", 6],
    ["x", "x", 1],
    ["\xff\x00", "\xff\xff\x00", 3],
    ["END\n", "EN", -1],
    ["END\n", "END END", -1],
  ];
  for (const [text, stream, end] of cases)
    for (let cut = 0; cut <= stream.length; cut++) {
      const closeOn = createCloseOn(bytes(text));
      const first = closeOn.scan(bytes(stream.slice(0, cut)));
      const second = first >= 0 ? -1 : closeOn.scan(bytes(stream.slice(cut)));
      const found = first >= 0 ? first : second >= 0 ? cut + second : -1;
      t.equal(found, end, `${JSON.stringify(text)} in ${JSON.stringify(stream)}, cut at ${cut}`);
    }
});

t.test(`in random streams it is found where a plain search finds it (seed ${SEED})`, async t => {
  const random = randomNumbers(SEED);
  const letters = (count: number): string => Array.from({ length: count }, () => (random() < 0.5 ? "a" : "b")).join("");
  for (let round = 0; round < 2000; round++) {
    const text = letters(1 + Math.floor(random() * 6));
    const stream = letters(Math.floor(random() * 40));
    const closeOn = createCloseOn(bytes(text));
    let found = -1;
    for (let at = 0; at < stream.length && found < 0; ) {
      const size = 1 + Math.floor(random() * 5);
      const end = closeOn.scan(bytes(stream.slice(at, at + size)));
      if (end >= 0) found = at + end;
      at += size;
    }
    const wanted = stream.indexOf(text);
    const right = found === (wanted < 0 ? -1 : wanted + text.length);
    if (!right) t.fail(`${text} in ${stream}: ${found}`);
  }
  t.pass("all streams");
});

t.test("after a match the search starts anew", async t => {
  const closeOn = createCloseOn(bytes("aa"));
  t.equal(closeOn.scan(bytes("aa")), 2);
  t.equal(closeOn.scan(bytes("a")), -1);
});

t.test("the next process goes on at any byte", async t => {
  for (const [text, stream] of [
    ["aab", "aaaaab"],
    ["abcabd", "abcabcabd"],
    ["x", "yyx"],
  ] as const) {
    for (let cut = 0; cut < stream.length; cut++) {
      const before = createCloseOn(Buffer.from(text));
      t.equal(before.scan(Buffer.from(stream.slice(0, cut))), -1);
      const after = createCloseOn(Buffer.from(text));
      t.equal(after.scan(before.seen()), -1);
      t.equal(after.scan(Buffer.from(stream.slice(cut))), stream.length - cut, `${stream} cut at ${cut}`);
    }
  }
});
