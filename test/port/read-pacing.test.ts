import t from "tap";
import {
  highestTick,
  type NextRead,
  newReadPacing,
  nextRead,
  type ReadPacing,
  TICKS_MS,
} from "../../service/port/read-pacing.js";

/** 9600 8N1. */
const BYTE_MS = 10 / 9.6;

interface Read {
  readonly bytes?: number;
  readonly full?: boolean;
  readonly atMs: number;
  readonly byteMs?: number;
  readonly turned?: boolean;
  readonly lastTick?: number;
}

function readAll(
  reads: readonly Read[],
  pace: ReadPacing = newReadPacing(),
): { verdicts: NextRead[]; ticks: number[] } {
  const verdicts: NextRead[] = [];
  const ticks: number[] = [];
  for (const { bytes = 1, full = false, atMs, byteMs = BYTE_MS, turned = false, lastTick = 3 } of reads) {
    verdicts.push(nextRead(pace, bytes, full, atMs, byteMs, turned, lastTick));
    ticks.push(pace.tick);
  }
  return { verdicts, ticks };
}

t.test("a read is judged by what came before it", async t => {
  const cases: readonly [name: string, reads: readonly Read[], verdicts: NextRead[]][] = [
    ["the first byte is answered at once", [{ atMs: 0 }], ["wait"]],
    ["so is a key after a pause", [{ atMs: 0 }, { atMs: 50 }, { atMs: 100 }], ["wait", "wait", "wait"]],
    ["what keeps coming is read at ticks", [{ atMs: 0 }, { atMs: 1 }, { atMs: 3 }], ["wait", "tick", "tick"]],
    [
      "an answer in a dialogue is not waited for",
      [{ atMs: 0 }, { atMs: 2, turned: true }, { atMs: 4, turned: true }],
      ["wait", "wait", "wait"],
    ],
    [
      "two streams are no dialogue, however they take turns",
      [
        { atMs: 0, bytes: 12 },
        { atMs: 2, bytes: 12, turned: true },
      ],
      ["wait", "tick"],
    ],
    [
      "a short frame is passed on byte by byte, so that its last one does not wait",
      [0, 1, 2, 3, 4, 5, 6, 7].map(at => ({ atMs: at * 0.087, byteMs: 0.087 })),
      Array.from({ length: 8 }, () => "wait"),
    ],
    [
      "but wake-ups are not free: many small ones are a stream",
      Array.from({ length: 20 }, (_, at) => ({ atMs: at * 0.02, byteMs: 0.005 })),
      Array.from({ length: 20 }, (_, at) => (at < 16 ? "wait" : "tick")),
    ],
    ["a full buffer has more behind it", [{ atMs: 0, full: true }], ["again"]],
    [
      "more than the line could have sent comes from a buffer",
      [{ atMs: 0 }, { atMs: 1, bytes: 400 }],
      ["wait", "again"],
    ],
    [
      "-chardelay never waits",
      [
        { atMs: 0, lastTick: -1 },
        { atMs: 1, lastTick: -1 },
      ],
      ["wait", "wait"],
    ],
  ];
  for (const [name, reads, verdicts] of cases) t.same(readAll(reads).verdicts, verdicts, name);
});

t.test("ticks grow as a stream lasts, up to the highest allowed", async t => {
  const reads = [0, 1, 3, 31, 32, 36, 63, 64, 72, 127, 128, 144].map(atMs => ({ atMs }));
  t.same(readAll(reads).ticks, [-1, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3]);
  t.same(readAll(reads.map(read => ({ ...read, lastTick: 1 }))).ticks, [-1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
});

t.test("one step at a time, and anew after a pause", async t => {
  const pace = newReadPacing();
  t.same(readAll([{ atMs: 0 }, { atMs: 1 }, { atMs: 200 }, { atMs: 204 }], pace).ticks, [-1, 0, 1, 2]);
  pace.tick = -1; // nothing had come when it was due
  t.same(readAll([{ atMs: 300 }, { atMs: 301 }, { atMs: 331 }], pace).ticks, [-1, 0, 0]);
});

t.test("a stream that has moved along by ticks goes on so after a short gap", async t => {
  const pace = newReadPacing();
  t.same(readAll([{ atMs: 0 }, { atMs: 1 }, { atMs: 17 }], pace).verdicts, ["wait", "tick", "tick"]);
});

t.test("a full buffer ends the ticks", async t => {
  t.same(readAll([{ atMs: 0 }, { atMs: 1 }, { atMs: 3, full: true }]).ticks, [-1, 0, -1]);
});

t.test("no more gathers between two ticks than was said", async t => {
  const at = (speed: number): number => highestTick(2048, 10_000 / speed);
  t.equal(TICKS_MS[at(9600)], 16);
  t.equal(TICKS_MS[at(115_200)], 16);
  t.equal(TICKS_MS[at(3_000_000)], 4);
  t.equal(at(16_000_000), -1, "at this speed even the shortest would be too long");
});
