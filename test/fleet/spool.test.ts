/** The spool, where the process ends while a full disk makes it use the space of what the broker has. */
import { readdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Spool } from "../../service/fleet/spool.js";
import { encodeCounters, encodeRecord } from "../../service/fleet/spool-format.js";
import { temporaryFolder } from "../support/daemon.js";
import { FakeClock } from "../support/fake-clock.js";

const MAX_BYTES = 1024 * 1024;
const MESSAGES = 5;

function append(spool: Spool, text: string): void {
  spool.append("event", "2026-01-01T00:00:00Z", seq => Buffer.from(`${seq} ${text}`));
}

t.test("an end between any two steps of it: the numbers go on, and nothing old comes again", async t => {
  const counters = encodeCounters(new Map([["event", MESSAGES]]));
  const steps: readonly [string, (path: string) => void][] = [
    ["before it", () => {}],
    [
      "it is written",
      path => writeFileSync(path, Buffer.concat([counters, readFileSync(path).subarray(counters.length)])),
    ],
    ["it is cut", path => truncateSync(path, counters.length)],
    ["it is renamed", path => renameSync(path, path.replace("1.seg", "2.seg"))],
  ];
  for (const [last, [state]] of steps.entries()) {
    const folder = temporaryFolder(t);
    const spool = new Spool(folder, MAX_BYTES, new FakeClock());
    for (let at = 0; at < MESSAGES; at++) append(spool, "old");
    for (let entry = spool.next(); entry !== null; entry = spool.next()) spool.confirm(entry);
    spool.close();
    const [name = ""] = readdirSync(folder).filter(one => one.endsWith(".seg"));
    for (const [, step] of steps.slice(0, last + 1)) step(join(folder, name));

    const after = new Spool(folder, MAX_BYTES, new FakeClock());
    append(after, "new");
    const entry = after.next();
    t.match(entry, { seq: MESSAGES + 1 }, state);
    t.equal(Buffer.from(entry?.payload ?? []).toString(), `${MESSAGES + 1} new`);
    t.equal(after.next(), null);
    after.close();
  }
});

t.test(
  "numbers that a power failure takes back are given again in another epoch; what is left keeps its own",
  async t => {
    const folder = temporaryFolder(t);
    const spool = new Spool(folder, MAX_BYTES, new FakeClock());
    append(spool, "kept");
    const sizeOfKept = spool.bytes;
    append(spool, "lost");
    const before = [spool.next(), spool.next()];
    spool.close();
    const [name = ""] = readdirSync(folder).filter(one => one.endsWith(".seg"));
    truncateSync(join(folder, name), sizeOfKept);

    const after = new Spool(folder, MAX_BYTES, new FakeClock());
    append(after, "new");
    const [kept, other] = [after.next(), after.next()];
    t.match(kept, { seq: 1, epoch: before[0]?.epoch }, "known as a repeat");
    t.match(other, { seq: before[1]?.seq, epoch: /^[0-9a-f]{8}$/ });
    t.not(other?.epoch, before[1]?.epoch, "not taken for a repeat");
    after.close();
  },
);

t.test("a record of a version without epochs is read", async t => {
  const folder = temporaryFolder(t);
  const { epoch: _, ...older } = { stream: "event", seq: 7, epoch: "", time: "", payload: Buffer.from("old") };
  writeFileSync(join(folder, `${"1".padStart(12, "0")}.seg`), encodeRecord(older as never));
  const spool = new Spool(folder, MAX_BYTES, new FakeClock());
  append(spool, "new");
  t.match(spool.next(), { seq: 7, epoch: "" });
  t.match(spool.next(), { seq: 8, epoch: /./ });
  spool.close();
});
