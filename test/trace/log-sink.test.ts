/** Trace files with a size, with times, and on a disk that fails. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync } from "node:fs";
import t from "tap";
import { LineStamps } from "../../service/trace/line-stamps.js";
import { LogSink } from "../../service/trace/log-sink.js";
import type { TraceError } from "../../service/trace/sink.js";
import { until } from "../support/wait.js";

const read = (file: string) => readFileSync(file, "latin1");
const report = (error: TraceError) => t.fail(error.message);

function lines(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, at) => `line ${from + at}\n`).join("");
}

t.test("rotation loses and doubles no byte, cuts between lines, and bounds the total", async t => {
  const folder = t.testdir({});
  const file = `${folder}/log`;
  const sink = new LogSink({ name: () => file, file, rotation: { size: 1000, keep: 99 }, report });
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
    const sink = new LogSink({ name: () => file, file, rotation: { size: 100, keep }, report });
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
  const sink = new LogSink({
    name: () => `${folder}/log-${++number}`,
    file: `${folder}/log-0`,
    rotation: { size: 20, keep: 1 },
    report,
  });
  sink.appendText(lines(0, 9));
  await sink.close();
  t.same(readdirSync(folder).sort(), ["log-3", "log-4"]);
  t.equal(read(`${folder}/log-4`), "line 8\n");
});

t.test("what does not fit while the disk fails is counted and told when it works again", async t => {
  const folder = `${t.testdir({})}/later`;
  const file = `${folder}/log`;
  const reports: string[] = [];
  const sink = new LogSink({
    name: () => file,
    file,
    rotation: { size: 0, keep: 0 },
    report: ({ message }) => void reports.push(message),
  });
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
  const make = () => new LogSink({ name: () => file, file, rotation: { size: 0, keep: 0 }, report });
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
