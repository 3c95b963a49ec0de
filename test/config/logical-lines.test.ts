import t from "tap";
import { type LogicalLine, logicalLines, physicalTexts, placeOf } from "../../service/config/logical-lines.js";

function read(text: string, file: string | null = "test.conf"): LogicalLine[] {
  return [...logicalLines({ file, text })];
}

function texts(text: string): string[] {
  return read(text).map(line => `${line.number} ${line.text}${line.isUnfinished ? " unfinished" : ""}`);
}

t.test("lines are told with their number, comments and blank lines are left out", async t => {
  const cases: readonly (readonly [title: string, text: string, lines: readonly string[]])[] = [
    ["an empty file", "", []],
    ["no newline at the end", "a\nb", ["1 a", "2 b"]],
    ["a newline at the end is no line more", "a\n", ["1 a"]],
    ["empty lines", "\n\na\n\nb\n", ["3 a", "5 b"]],
    ["a comment", "# a\nb\n", ["2 b"]],
    ["blanks before a comment", " \t# a\nb\n", ["2 b"]],
    ["lines of blanks", "  \n\t\n\r\nb\n", ["4 b"]],
    ["a # later in a line is text", "a # b\n", ["1 a # b"]],
    ["blanks are kept", "  a  \n", ["1   a  "]],
    ["a CR is kept", "a\r\n", ["1 a\r"]],
    ["what follows a NUL is lost", "a\0b\nc\n", ["1 a", "2 c"]],
    ["bytes above 127", "BANNER:x:\xe4\xff\n", ["1 BANNER:x:\xe4\xff"]],
  ];
  for (const [title, text, lines] of cases) t.same(texts(text), lines, title);
});

t.test("a backslash at the end continues the line", async t => {
  const cases: readonly (readonly [title: string, text: string, lines: readonly string[]])[] = [
    ["with the next one", "a\\\nb\nc\n", ["2 ab", "3 c"]],
    ["leading blanks stay", "a \\\n  b\n", ["2 a   b"]],
    ["over many lines", "a\\\nb\\\nc\\\nd\n", ["4 abcd"]],
    ["a comment does not continue", "# a\\\nb\n", ["2 b"]],
    ["a # in a continuation is text", "a\\\n# b\n", ["2 a# b"]],
    ["a lone backslash adds nothing", "\\\n# a\nb\n", ["3 b"]],
    ["two backslashes continue too", "a\\\\\nb\n", ["2 a\\b"]],
    ["an empty line after them eats the second", "a\\\\\n\nb\n", ["3 ab"]],
    ["an empty continuation ends the line", "a\\\n\nb\n", ["2 a", "3 b"]],
    ["at the end of the file", "a\nb\\\n", ["1 a", "2 b unfinished"]],
    ["at the end of the file without newline", "b\\", ["1 b unfinished"]],
    ["at the end of the file with nothing before it", " \\\n\\", []],
    ["a blank behind the backslash: no continuation", "a\\ \nb\n", ["1 a\\ ", "2 b"]],
  ];
  for (const [title, text, lines] of cases) t.same(texts(text), lines, title);
});

t.test("an offset is found in its physical line", async t => {
  const [line] = read("# first\nab\\\n\\\ncde\\\nf\n");
  if (line === undefined) throw new Error("no line");
  t.equal(line.text, "abcdef");
  t.equal(line.number, 5);
  const places = Array.from("abcdef.", (_, offset) => placeOf(line, offset)).map(
    place => `${place.line}:${place.column}`,
  );
  t.same(places, ["2:1", "2:2", "4:1", "4:2", "4:3", "5:1", "5:2"]);
  t.same(physicalTexts(line), ["ab", "cde", "f"]);
});

t.test("a -C line has number 0, also as a place", async t => {
  const [line] = read("3000:rwa:0:x", null);
  if (line === undefined) throw new Error("no line");
  t.equal(line.number, 0);
  t.same(placeOf(line, 5), { line: 0, column: 6 });
  t.match(read("3000:raw:0:x\\", null), [{ number: 0, isUnfinished: true }]);
});

t.test("a line cut anywhere by a continuation is the same line", async t => {
  const whole = "::1,3000:telnet:600:/dev/ttyS0:9600 \\x41 banner # tail";
  for (let cut = 0; cut <= whole.length; cut++) {
    t.same(texts(`${whole.slice(0, cut)}\\\n${whole.slice(cut)}\n`), [`2 ${whole}`], `cut at ${cut}`);
  }
  const pieces = Array.from(whole, character => `${character}\\\n`).join("");
  t.same(texts(`${pieces}\n`), [`${whole.length + 1} ${whole}`], "cut everywhere");
});

t.test("a million continuations are read at once", async t => {
  const [line] = read(`${"12345678\\\n".repeat(1_000_000)}end\n`);
  t.equal(line?.text.length, 8_000_003);
  if (line !== undefined) t.same(placeOf(line, 4_000_000), { line: 500_001, column: 1 });
});
