import t from "tap";
import { translateCloseon } from "../../service/config/escapes.js";
import { type ClockReading, expandTemplate, type TemplateFacts } from "../../service/config/template.js";
import { STANDARD_LINE } from "../../service/line/settings.js";

const NOW: ClockReading = {
  epochMs: 1_795_428_909_007,
  microseconds: 7042,
  year: 2026,
  month: 10,
  dayOfMonth: 3,
  dayOfWeek: 1,
  dayOfYear: 306,
  hours: 9,
  minutes: 5,
  seconds: 7,
};

const FACTS: TemplateFacts = {
  deviceWritten: "dd/modem",
  devicePath: "/dev/ttyS0",
  portName: "127.0.0.1,2000",
  line: { ...STANDARD_LINE, speed: 19200, parity: "even" },
  remoteAddress: "::ffff:10.0.0.1",
  now: NOW,
};

function string(text: string, facts: Partial<TemplateFacts> = {}): string {
  return expandTemplate(text, "string", { ...FACTS, ...facts });
}

function at(hours: number): Partial<TemplateFacts> {
  return { now: { ...NOW, hours } };
}

t.test("every escape stands for its text", async t => {
  const cases: readonly (readonly [text: string, inString: string, inFile?: string])[] = [
    ["plain text: %d", "plain text: %d"],
    ["\\a\\b\\f\\n\\r\\t\\v", "\x07\b\f\n\r\t\v"],
    ["\\\\ \\? \\' \\\"", "\\ ? ' \""],
    ["\\d", "/dev/ttyS0", "ttyS0"],
    ["\\o", "dd/modem", "modem"],
    ["\\p", "127.0.0.1,2000"],
    ["\\B", "19200 E81"],
    ["\\s", "19200 E81", "07"],
    ["\\Y", "2026"],
    ["\\y", "306"],
    ["\\M", "Nov"],
    ["\\m", "10"],
    ["\\A", "Mon"],
    ["\\D", "3"],
    ["\\H", "09"],
    ["\\h", "09"],
    ["\\i", "05"],
    ["\\S", "07"],
    ["\\q", "am"],
    ["\\P", "AM"],
    ["\\T", "09:05:07"],
    ["\\e", "1795428909"],
    ["\\U", "007042"],
    ["\\I", "::ffff:10.0.0.1"],
    ["\\z\\8\\:\\%", "z8:%"],
    ["end\\", "end"],
    ["\\\\d", "\\d"],
    ["a\\pb\\pc", "a127.0.0.1,2000b127.0.0.1,2000c"],
    ["", ""],
    ["\\", ""],
    ["\\\n", "\n"],
  ];
  for (const [text, inString, inFile = inString] of cases) {
    t.equal(string(text), inString, `${text} in a string`);
    t.equal(expandTemplate(text, "file", FACTS), inFile, `${text} in a file name`);
  }
});

t.test("octal and hex bytes are read as C does", async t => {
  const cases: readonly (readonly [text: string, expanded: string])[] = [
    ["\\101", "A"],
    ["\\1012", "A2"],
    ["\\7x", "\x07x"],
    ["<\\12>", "<\n>"],
    ["\\12", "\n"],
    ["\\18", "\x018"],
    ["\\189", "\x0189"],
    ["\\377", "\xff"],
    ["\\400", "\0"],
    ["\\777", "\xff"],
    ["\\0", "\0"],
    ["\\x41", "A"],
    ["\\x4a", "J"],
    ["\\xA0\\xff", "\xa0\xff"],
    ["\\xFF", "\xff"],
    ["\\x414", "A4"],
    ["\\x4", "\x04"],
    ["\\x4g", "\x04g"],
    ["\\xg", "g"],
    ["\\x", ""],
  ];
  for (const [text, expanded] of cases) t.equal(string(text), expanded, text);
});

t.test("a NUL is sent in a string and ends a file name", async t => {
  t.equal(string("a\\0b\\x00c"), "a\0b\0c");
  t.equal(expandTemplate("/tmp/a\\0b", "file", FACTS), "/tmp/a");
});

t.test("the hour runs from 01 to 12 and from 00 to 23", async t => {
  const cases: readonly (readonly [hours: number, text: string])[] = [
    [0, "00 12 am AM"],
    [1, "01 01 am AM"],
    [11, "11 11 am AM"],
    [12, "12 12 pm PM"],
    [13, "13 01 pm PM"],
    [23, "23 11 pm PM"],
  ];
  for (const [hours, text] of cases) t.equal(string("\\H \\h \\q \\P", at(hours)), text);
});

t.test("days and months count from 0, in words they have names", async t => {
  const months = Array.from({ length: 12 }, (_, month) => string("\\m\\M", { now: { ...NOW, month } }));
  t.same(months, "0Jan 1Feb 2Mar 3Apr 4May 5Jun 6Jul 7Aug 8Sep 9Oct 10Nov 11Dec".split(" "));
  const days = Array.from({ length: 7 }, (_, dayOfWeek) => string("\\A", { now: { ...NOW, dayOfWeek } }));
  t.same(days, "Sun Mon Tue Wed Thu Fri Sat".split(" "));
});

t.test("without a connection there is no address; a device without directory is whole", async t => {
  t.equal(string("<\\I>", { remoteAddress: null }), "<>");
  t.equal(expandTemplate("\\d \\o", "file", { ...FACTS, devicePath: "x", deviceWritten: "/a/b/" }), "x ");
});

t.test("CLOSEON has its own, stricter escapes", async t => {
  const good: readonly (readonly [text: string, bytes: string])[] = [
    ["", ""],
    ["bye", "bye"],
    ["\\\\ \\r\\n\\t\\v\\a", "\\ \r\n\t\v\x07"],
    ["\\r\\n", "\r\n"],
    ["abc\\r\\n", "abc\r\n"],
    ["\\101\\102\\103", "ABC"],
    ["\\004\\x03\\n", "\x04\x03\n"],
    ["\\000x\\x00", "\0x\0"],
    ["\\777\\xfF", "\xff\xff"],
    ["\\1011", "A1"],
    ["\\x411", "A1"],
  ];
  for (const [text, bytes] of good) t.same(translateCloseon(text), { text: bytes }, text);
});

t.test("a bad CLOSEON escape is told with the text from its backslash on", async t => {
  const short = "end of string right after a \\ (starting at )";
  const bad: readonly (readonly [text: string, offset: number, fault: string])[] = [
    ["\\q", 0, "Unknown escape sequence (starting at \\q)"],
    ["ab\\qcd", 2, "Unknown escape sequence (starting at \\qcd)"],
    ["\\n\\f", 2, "Unknown escape sequence (starting at \\f)"],
    ["\\8", 0, "Unknown escape sequence (starting at \\8)"],
    ["\\X41", 0, "Unknown escape sequence (starting at \\X41)"],
    ["a\\18z", 1, "Invalid octal sequence (starting at \\18z)"],
    ["a\\1zz", 1, "Invalid octal sequence (starting at \\1zz)"],
    ["\\xg1x", 0, "Invalid octal sequence (starting at \\xg1x)"],
    ["\\x1g", 0, "Invalid octal sequence (starting at \\x1g)"],
    ["a\\", 1, short],
    ["\\1", 0, short],
    ["\\12", 0, short],
    ["\\x", 0, short],
    ["\\x4", 0, short],
  ];
  for (const [text, offset, fault] of bad) t.same(translateCloseon(text), { fault, offset }, text);
});

t.test("what a template comes to has a limit", async t => {
  t.equal(string("\\d".repeat(1000), { devicePath: "x".repeat(10_000) }), "x".repeat(1 << 20));
});
