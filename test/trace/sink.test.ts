/** Trace files with a size, with times, and on a disk that fails. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import t from "tap";
import { LineStamps } from "../../service/trace/line-stamps.js";
import { RotatedFile } from "../../service/trace/rotation.js";
import { type TraceError, TraceSink } from "../../service/trace/sink.js";
import { until } from "../support/wait.js";

const read = (file: string) => readFileSync(file, "latin1");
const report = (error: TraceError): void => void t.fail(error.message);

/** @param keep null: without a rotation */
function sinkOf(file: string, size: number, keep: number | null, nextName = () => file, tell = report): TraceSink {
  const rotation = keep === null ? null : new RotatedFile(file, { size, keep }, nextName);
  return new TraceSink({ file, rotation, report: tell });
}

function lines(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, at) => `line ${from + at}\n`).join("");
}

t.test("rotation loses and doubles no byte, cuts between lines, and bounds the total", async t => {
  const folder = t.testdir({});
  const file = `${folder}/log`;
  const sink = sinkOf(file, 1000, 99);
  for (let at = 0; at < 2000; at += 7) {
    sink.appendText(lines(at, Math.min(2000, at + 7)));
    if (at % 70 === 0) await new Promise(resolve => setImmediate(resolve));
  }
  await sink.close();
  const files = readdirSync(folder).sort((one, other) => age(other) - age(one));
  t.ok(files.length > 15);
  for (const one of files) {
    t.ok(statSync(`${folder}/${one}`).size <= 1000, one);
    t.match(read(`${folder}/${one}`), /^line \d+\n(?:line \d+\n)*$/);
  }
  t.equal(files.map(one => read(`${folder}/${one}`)).join(""), lines(0, 2000));
});

function age(name: string): number {
  return Number(name.split(".")[1] ?? 0);
}

t.test("only so many old files are kept; with keep 0 none; a long line is cut", async t => {
  const folder = t.testdir({});
  for (const keep of [0, 2]) {
    const file = `${folder}/log${keep}`;
    const sink = sinkOf(file, 100, keep);
    sink.appendText("x".repeat(1050));
    await sink.close();
    const names = readdirSync(folder).filter(name => name.startsWith(`log${keep}`));
    t.equal(names.length, keep + 1);
    t.equal(read(file).length, 50);
  }
});

t.test("a name with the time is made anew at a rotation, and old ones go", async t => {
  const folder = t.testdir({});
  let number = 0;
  const sink = sinkOf(`${folder}/log-0`, 20, 1, () => `${folder}/log-${++number}`);
  sink.appendText(lines(0, 9));
  await sink.close();
  t.same(readdirSync(folder).sort(), ["log-3", "log-4"]);
  t.equal(read(`${folder}/log-4`), "line 8\n");
});

t.test("an old name goes with the files that were rotated while it had not changed", async t => {
  const folder = t.testdir({ "log-00.1": "of somebody else" });
  let number = 0;
  const sink = sinkOf(`${folder}/log-0`, 20, 1, () => `${folder}/log-${Math.floor(++number / 3)}`);
  sink.appendText(lines(0, 10));
  await until("the second name", async () => existsSync(`${folder}/log-1`));
  t.ok(existsSync(`${folder}/log-0.1`), "kept with its name");
  sink.appendText(lines(10, 13));
  await sink.close();
  t.same(readdirSync(folder).sort(), ["log-00.1", "log-1", "log-1.1", "log-2"]);
});

t.test("what does not fit while the disk fails is counted and told when it works again", async t => {
  const folder = `${t.testdir({})}/later`;
  const file = `${folder}/log`;
  const reports: string[] = [];
  const sink = sinkOf(file, 0, 0, undefined, ({ message }) => void reports.push(message));
  sink.appendText("first\n");
  await until("the report", async () => reports.length > 0);
  const block = `${"x".repeat(99)}\n`;
  for (let at = 0; at < 1000; at++) sink.appendText(block);
  mkdirSync(folder);
  await until("the file", async () => existsSync(file) && statSync(file).size > 60_000);
  sink.appendText("after\n");
  await sink.close();
  t.same(reports, [`${file}: No such file or directory`]);
  const [, kept = "", dropped = ""] =
    /^first\n((?:x{99}\n)+)\[(\d+) bytes dropped: [^\]]+\]\nafter\n$/.exec(read(file)) ?? [];
  t.equal(kept.length + Number(dropped), 100_000);
});

t.test("a file that was moved away is made anew, and two ports on one file lose nothing", async t => {
  const file = `${t.testdir({})}/log`;
  const make = () => sinkOf(file, 0, 0);
  const [one, two] = [make(), make()];
  one.appendText("one\n");
  two.appendText("two\n");
  await until("both", async () => existsSync(file) && read(file).length === 8);
  renameSync(file, `${file}.old`);
  one.appendText("three\n");
  two.appendText("four\n");
  await Promise.all([one.close(), two.close()]);
  t.same(read(`${file}.old`).split("\n").sort(), ["", "one", "two"]);
  t.same(read(file).split("\n").sort(), ["", "four", "three"]);
});

t.test("each line begins with the time of its first byte", async t => {
  const stamps = new LineStamps();
  const [first, second] = [Buffer.from("1 "), Buffer.from("2 ")];
  const text = (bytes: string, stamp: Buffer) => Buffer.from(stamps.add(Buffer.from(bytes), stamp)).toString();
  t.equal(text("ab\r\nc", first), "1 ab\r\n1 c");
  t.equal(text("d\n", second), "d\n");
  t.equal(text("\n\n", second), "2 \n2 \n");
});

t.test("after reopen, a file that was moved away is made anew, and no byte is lost or doubled", async t => {
  const folder = t.testdir({});
  for (const keep of [null, 3]) {
    const file = `${folder}/log-${keep}`;
    const sink = sinkOf(file, 0, keep);
    const moved: string[] = [];
    for (let at = 0; at < 500; at++) {
      sink.appendText(`line ${at}\n`);
      if (at % 50 === 20)
        await until("some of it is in the file", async () => existsSync(file) && read(file).length > 0);
      if (at % 50 !== 20) continue;
      moved.push(`${file}-${at}`);
      renameSync(file, `${file}-${at}`);
      sink.reopen();
      sink.reopen();
    }
    await sink.close();
    t.equal([...moved, file].map(read).join(""), lines(0, 500));
    t.equal(moved.length, 10);
  }
});

t.test("reopen leaves a file in place that has its name, and a new one takes the mode of who has made it", async t => {
  const file = `${t.testdir({})}/log`;
  const sink = sinkOf(file, 0, null);
  sink.appendText("one\n");
  await until("one", async () => existsSync(file) && read(file) === "one\n");
  const { ino } = statSync(file);
  sink.reopen();
  sink.appendText("two\n");
  await until("two", async () => read(file) === "one\ntwo\n");
  t.equal(statSync(file).ino, ino);
  renameSync(file, `${file}.1`);
  writeFileSync(file, "made by logrotate\n", { mode: 0o640 });
  sink.reopen();
  sink.appendText("three\n");
  await sink.close();
  t.equal(read(file), "made by logrotate\nthree\n");
  t.equal(statSync(file).mode & 0o777, 0o640);
});

t.test(
  "without a rotation, a file that has failed is tried again by reopen, and one that cannot be replaced goes on",
  async t => {
    const folder = t.testdir({});
    const reports: string[] = [];
    const tell = ({ code, message }: TraceError) => void reports.push(`${code} ${message}`);
    const [late, early] = [`${folder}/late/log`, `${folder}/early/log`];
    mkdirSync(`${folder}/early`);
    const [one, two] = [late, early].map(file => sinkOf(file, 0, null, undefined, tell)) as [TraceSink, TraceSink];
    one.appendText("lost\n");
    two.appendText("first\n");
    await until("both have begun", async () => reports.length === 1 && existsSync(early) && read(early).length > 0);
    mkdirSync(`${folder}/late`);
    renameSync(`${folder}/early`, `${folder}/moved`);
    for (const sink of [one, two]) {
      sink.reopen();
      sink.appendText("second\n");
    }
    await Promise.all([one.close(), two.close()]);
    t.equal(read(late), "second\n");
    t.equal(read(`${folder}/moved/log`), "first\nsecond\n");
    t.same(
      reports,
      [late, early].map(file => `open-failed ${file}: No such file or directory`),
    );
  },
);
