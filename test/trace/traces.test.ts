import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { TraceConfig } from "../../service/config/configuration.js";
import { systemClock } from "../../service/line/clock.js";
import type { TraceError } from "../../service/trace/sink.js";
import { describeTraceError, openTraces, type TraceConfigs, type Traces } from "../../service/trace/traces.js";
import { until } from "../support/wait.js";

const nothing: TraceConfigs = { read: null, write: null, both: null };
const peer = { address: "::ffff:127.0.0.1", port: 57548 };
const noon = { ...systemClock, date: () => new Date(2026, 10, 23, 12, 0, 0) };
const stamp = "2026/11/23 12:00:00 ";

t.test("nothing configured is nothing opened", async t => {
  t.equal(
    openTraces(nothing, name => name, failsTest(t)),
    null,
  );
});

t.test("each role has its direction, raw", async t => {
  const directory = t.testdir({});
  const traces = open(t, {
    read: plain(`${directory}/read`),
    write: plain(`${directory}/write`),
    both: plain(`${directory}/both`),
  });
  traces.netToDevice(latin1("ls\r"));
  traces.deviceToNet(latin1("ls\r\n\xff"));
  traces.netToDevice(latin1("q"));
  traces.opened(peer);
  traces.closedPort("program shutdown");
  await traces.close();
  t.equal(text(`${directory}/read`), "ls\r\n\xff");
  t.equal(text(`${directory}/write`), "ls\rq");
  t.equal(text(`${directory}/both`), "ls\rls\r\n\xffq", "no line where timestamps are off");
  t.equal(statSync(`${directory}/read`).mode & 0o777, 0o600);
});

t.test("a whole life, with hexdump and timestamp", async t => {
  const file = join(t.testdir({}), "both");
  const traces = open(t, { ...nothing, both: { file, hexdump: true, timestamp: true } });
  traces.opened(peer);
  traces.netToDevice(latin1("hello"));
  traces.deviceToNet(latin1("\n"));
  traces.closedConnection("network read close");
  traces.closedPort("All network connections free");
  await traces.close();
  t.same(text(file).split("\n"), [
    `${stamp}OPEN (::ffff:127.0.0.1:57548)`,
    `${stamp}tcp  68 65 6c 6c 6f           |hello|`,
    `${stamp}term 0a                       |.|`,
    `${stamp}CLOSE netcon (network read close)`,
    `${stamp}CLOSE port (All network connections free)`,
    "",
  ]);
});

t.test("timestamps without hexdump: the lines stand in the raw data; standard input is unknown", async t => {
  const file = join(t.testdir({}), "read");
  const traces = open(t, { ...nothing, read: { file, hexdump: false, timestamp: true } });
  traces.opened({ address: "unknown", port: 0 });
  traces.deviceToNet(latin1("abc"));
  traces.closedConnection("network read close");
  await traces.close();
  t.equal(text(file), `${stamp}OPEN (unknown:unknown)\nabc${stamp}CLOSE netcon (network read close)\n`);
});

t.test("equal templates share one file and the flags of the first of tw, tr, tb", async t => {
  const directory = t.testdir({});
  const expanded: string[] = [];
  const traces = open(
    t,
    {
      read: { file: "\\p", hexdump: false, timestamp: false },
      write: { file: "\\p", hexdump: true, timestamp: true },
      both: { file: "\\p", hexdump: false, timestamp: false },
    },
    template => {
      expanded.push(template);
      return `${directory}/file`;
    },
  );
  traces.opened(peer);
  traces.netToDevice(latin1("n"));
  traces.deviceToNet(latin1("d"));
  await traces.close();
  const net = `${stamp}tcp  6e                       |n|\n`;
  const device = `${stamp}term 64                       |d|\n`;
  t.equal(text(`${directory}/file`), `${stamp}OPEN (::ffff:127.0.0.1:57548)\n${net}${net}${device}${device}`);
  t.same(expanded, ["\\p"]);
});

t.test("other templates that expand to one name append to it side by side, behind what it had", async t => {
  const file = join(t.testdir({ file: "before\n" }), "file");
  const traces = open(t, { ...nothing, read: plain("a"), write: plain("b") }, () => file);
  traces.netToDevice(latin1("n"));
  traces.deviceToNet(latin1("d"));
  await traces.close();
  t.match(text(file), /^before\n(nd|dn)$/);
});

t.test("every byte is there, in order, however it comes", async t => {
  const file = join(t.testdir({}), "both");
  const traces = open(t, { ...nothing, both: plain(file) });
  const block = new Uint8Array(1000);
  let expected = "";
  for (let i = 0; i < 300; i++) {
    const part = block.subarray(0, 1 + ((i * 37) % 1000)).fill(i % 251); // one buffer for all: it has to be copied
    expected += Buffer.from(part).toString("latin1");
    if (i % 2 === 0) traces.deviceToNet(part);
    else traces.netToDevice(part);
    if (i % 50 === 49) await until("the file has all of it", () => statSync(file).size === expected.length);
  }
  await traces.close();
  t.ok(text(file) === expected);
});

t.test("a block larger than the queue is written whole", async t => {
  const file = join(t.testdir({}), "both");
  const traces = open(t, { ...nothing, both: { file, hexdump: true, timestamp: true } });
  traces.deviceToNet(new Uint8Array(65536).fill(0x41));
  await traces.close();
  const line = `${stamp}term 41 41 41 41 41 41 41 41  |AAAAAAAA|\n`;
  t.ok(text(file) === line.repeat(8192));
});

t.test("what comes faster than it is written is dropped in whole blocks, told once, and the file goes on", async t => {
  const file = join(t.testdir({}), "both");
  const errors: TraceError[] = [];
  const traces = open(t, { ...nothing, both: plain(file) }, undefined, error => errors.push(error));
  const block = new Uint8Array(1024).fill(0x61);
  for (let i = 0; i < 1000; i++) traces.deviceToNet(block); // the loop never turns: no write can end
  await traces.close();
  const { size } = statSync(file);
  t.equal(size, 65536, "as much as may wait");
  t.match(errors, [{ code: "overrun", file }]);
  t.equal(
    describeTraceError(errors[0] as TraceError, "2000"),
    `Trace file ${file} on port 2000 is written too slowly, data is lost`,
  );
});

t.test("a full disk stops that file only, and is told once", async t => {
  const directory = t.testdir({});
  const errors: TraceError[] = [];
  const configs = { ...nothing, read: plain("/dev/full"), both: plain(`${directory}/both`) };
  const traces = open(t, configs, undefined, error => errors.push(error));
  traces.deviceToNet(latin1("a"));
  traces.deviceToNet(latin1("b"));
  await traces.close();
  t.equal(text(`${directory}/both`), "ab");
  t.match(errors, [{ code: "write-failed", reason: "No space left on device" }]);
  t.equal(
    describeTraceError(errors[0] as TraceError, "2000"),
    "Unable to write to trace file on port 2000: No space left on device",
  );
});

t.test("a file that cannot be opened is told once for all its roles; the others are written", async t => {
  const directory = t.testdir({});
  const errors: TraceError[] = [];
  const missing = plain(`${directory}/gone/file`);
  const traces = open(t, { read: missing, write: plain(`${directory}/write`), both: missing }, undefined, error =>
    errors.push(error),
  );
  traces.deviceToNet(latin1("d"));
  traces.netToDevice(latin1("n"));
  await traces.close();
  t.notOk(existsSync(`${directory}/gone`));
  t.equal(text(`${directory}/write`), "n");
  t.match(errors, [{ code: "open-failed" }]);
  t.equal(
    describeTraceError(errors[0] as TraceError, "2000"),
    `Unable to open trace file ${directory}/gone/file: No such file or directory`,
  );
});

t.test("a directory that vanishes under an open file does not matter", async t => {
  const directory = join(t.testdir({}), "below");
  mkdirSync(directory);
  const traces = open(t, { ...nothing, both: plain(`${directory}/file`) });
  traces.deviceToNet(latin1("a"));
  await until("the file is there", () => existsSync(`${directory}/file`));
  rmSync(directory, { recursive: true });
  traces.deviceToNet(latin1("b"));
  await traces.close();
  t.notOk(existsSync(directory));
});

t.test("the name is latin1 and ends at a NUL", async t => {
  const directory = t.testdir({});
  const traces = open(t, { ...nothing, both: plain(`${directory}/caf\xe9\0rest`) });
  traces.deviceToNet(latin1("a"));
  await traces.close();
  t.equal(readFileSync(Buffer.from(`${directory}/caf\xe9`, "latin1"), "latin1"), "a");
});

t.test("closing twice is closing once, and nothing is written after it", async t => {
  const file = join(t.testdir({}), "both");
  writeFileSync(file, "");
  const traces = open(t, { ...nothing, both: plain(file) });
  traces.deviceToNet(latin1("a"));
  const both = Promise.all([traces.close(), traces.close()]);
  traces.deviceToNet(latin1("b"));
  await both;
  await traces.close();
  t.equal(text(file), "a");
});

function plain(file: string): TraceConfig {
  return { file, hexdump: false, timestamp: false };
}

function open(
  t: Test,
  configs: TraceConfigs,
  expand: (template: string) => string = name => name,
  failed: (error: TraceError) => void = failsTest(t),
): Traces {
  const traces = openTraces(configs, expand, failed, noon);
  if (traces === null) throw new Error("nothing opened");
  return traces;
}

function failsTest(t: Test): (error: TraceError) => void {
  return error => t.fail(error.message);
}

function text(file: string): string {
  return readFileSync(file, "latin1");
}

function latin1(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}
