import t from "tap";
import { JournalWriter, readJournal, SLOT_HEADER_BYTES } from "../../service/handover/journal.js";

const SLOT_BYTES = SLOT_HEADER_BYTES + 40;
const SIZES = [SLOT_BYTES] as const;

function text(pair: Uint8Array): string | null {
  const found = readJournal([pair], SIZES);
  return found === null ? null : Buffer.from(found.record).toString();
}

/** The pair of slots after so many bytes of the write. */
function written(pair: Uint8Array, writer: JournalWriter, record: string, cut = Number.POSITIVE_INFINITY): Uint8Array {
  const write = writer.next(Buffer.from(record));
  if (write === null) throw new Error(`${record} does not fit`);
  const after = Uint8Array.from(pair);
  after.set(write.bytes.subarray(0, cut), write.offset);
  return after;
}

t.test("an empty journal has no record", async t => {
  t.equal(text(new Uint8Array(2 * SLOT_BYTES)), null);
  t.equal(text(new Uint8Array(0)), null);
});

t.test("a write that is cut off at any byte leaves the record before it", async t => {
  const writer = new JournalWriter(SIZES);
  let pair: Uint8Array = new Uint8Array(2 * SLOT_BYTES);
  let before: string | null = null;
  for (const record of ["one", "two is longer", "", "four", "x".repeat(40), "six"]) {
    const length = SLOT_HEADER_BYTES + record.length;
    for (let cut = 0; cut < length; cut++) {
      const again = new JournalWriter(SIZES, readJournal([pair], SIZES)?.sequence ?? 0n);
      t.equal(text(written(pair, again, record, cut)), before, `${record}, cut after ${cut} bytes`);
    }
    pair = written(pair, writer, record);
    t.equal(text(pair), record);
    before = record;
  }
});

t.test("any damaged byte makes the older record count", async t => {
  const writer = new JournalWriter(SIZES);
  const pair = written(written(new Uint8Array(2 * SLOT_BYTES), writer, "older"), writer, "newer");
  for (let at = 0; at < SLOT_HEADER_BYTES + "newer".length; at++) {
    const damaged = Uint8Array.from(pair);
    damaged[at] = (damaged[at] ?? 0) ^ 0x80;
    t.equal(text(damaged), "older", `byte ${at}`);
  }
});

t.test("a writer goes on where the one before it ended", async t => {
  const pair = written(new Uint8Array(2 * SLOT_BYTES), new JournalWriter(SIZES), "old");
  const next = new JournalWriter(SIZES, readJournal([pair], SIZES)?.sequence ?? 0n);
  t.equal(text(written(pair, next, "new")), "new");
});

t.test("a record that does not fit is not written", async t => {
  const writer = new JournalWriter(SIZES);
  t.equal(writer.next(new Uint8Array(41)), null);
  t.equal(text(written(new Uint8Array(2 * SLOT_BYTES), writer, "fits")), "fits");
});

t.test("records of any length follow each other, in pairs of two sizes", async t => {
  const sizes = [SLOT_HEADER_BYTES + 10, SLOT_BYTES];
  const pairs = sizes.map(size => new Uint8Array(2 * size));
  const writer = new JournalWriter(sizes);
  let before: string | null = null;
  const read = () => {
    const found = readJournal(pairs, sizes);
    return found === null ? null : Buffer.from(found.record).toString();
  };
  for (const length of [3, 30, 31, 5, 40, 10, 11, 0, 1, 2, 39, 38]) {
    const record = "x".repeat(length);
    const write = writer.next(Buffer.from(record));
    const pair = pairs[write?.pair ?? 0];
    if (write === null || pair === undefined) throw new Error("it does not fit");
    pair.set(write.bytes.subarray(0, -1), write.offset);
    pair[write.offset + write.bytes.length - 1] = 1;
    t.equal(read(), before, `${length} bytes, cut off`);
    pair.set(write.bytes, write.offset);
    t.equal(read(), record);
    before = record;
  }
});

t.test("lengths and numbers that cannot be are no record", async t => {
  t.equal(text(new Uint8Array(2 * SLOT_BYTES).fill(0xff)), null);
});
