import t, { type Test } from "tap";
import { LineEditor, MAX_LINE } from "../../service/control/command.js";

/** Feeds all, in the given pieces: the echo, and the lines that were finished. */
function type(pieces: readonly string[]): { echo: string; lines: string[] } {
  const editor = new LineEditor();
  const lines: string[] = [];
  let echo = "";
  for (const piece of pieces) {
    let bytes: Uint8Array = Buffer.from(piece, "latin1");
    while (bytes.length > 0) {
      const edited = editor.feed(bytes);
      echo += edited.echo;
      if (edited.line !== null) lines.push(edited.line);
      bytes = bytes.subarray(edited.taken);
    }
  }
  return { echo, lines };
}

/** However the input is cut, it comes to this. */
function check(t: Test, input: string, echo: string, lines: string[]): void {
  t.same(type([input]), { echo, lines }, "whole");
  t.same(type([...input]), { echo, lines }, "byte by byte");
  for (let cut = 1; cut < input.length; cut++) {
    t.same(type([input.slice(0, cut), input.slice(cut)]), { echo, lines }, `cut at ${cut}`);
  }
}

t.test("bytes are kept and echoed as they are until CR", async t => {
  check(t, "version\r", "version\r\n", ["version"]);
  check(t, "a\tb\x1b\x03\x15\xff\xe9c\r", "a\tb\x1b\x03\x15\xff\xe9c\r\n", ["a\tb\x1b\x03\x15\xff\xe9c"]);
});

t.test("CR, CR LF and CR NUL end a line, LF alone does not", async t => {
  check(t, "a\rb\r\nc\r\0d\ne\r", "a\r\nb\r\nc\r\nde\r\n", ["a", "b", "c", "de"]);
  check(t, "\r\r", "\r\n\r\n", ["", ""]);
  check(t, "\n\0", "", []);
});

t.test("BACKSPACE and DELETE take the last character back", async t => {
  check(t, "versiom\x08n\r", "versiom\b \bn\r\n", ["version"]);
  check(t, "abc\x7f\x7f\x7fx\r", "abc\b \b\b \b\b \bx\r\n", ["x"]);
});

t.test("there is nothing to take back on an empty line", async t => {
  check(t, "\x08\x7fxx\x08\x08\x08\x08y\r", "xx\b \b\b \by\r\n", ["y"]);
});

t.test("a line of 254 characters is taken", async t => {
  const line = "a".repeat(254);
  check(t, `${line}\r`, `${line}\r\n`, [line]);
});

t.test("a line of 255 characters is given up at the next byte, which begins a new one", async t => {
  const line = "b".repeat(MAX_LINE);
  check(t, line, line, []);
  check(t, `${line}\r`, `${line}Input line too long\r\n\r\n`, [""]);
  check(t, `${line}C\r`, `${line}Input line too long\r\nC\r\n`, ["C"]);
  check(t, `${line}\x08\r`, `${line}Input line too long\r\n\r\n`, [""]);
  check(t, `${line}\n`, `${line}Input line too long\r\n`, []);
});

t.test("a line that was shortened again counts by what is left of it", async t => {
  const line = `${"a".repeat(254)}${"x\x7f".repeat(20)}`;
  t.same(type([`${line}\r`]).lines, [""], "at 255 it is too late");
  const shorter = "a".repeat(253);
  t.same(type([`${shorter}${"x\x7f".repeat(200)}\r`]).lines, [shorter]);
});

t.test("bytes after the end of a line are not touched", async t => {
  const editor = new LineEditor();
  t.same(editor.feed(Buffer.from("one\rtwo\r")), { taken: 4, echo: "one\r\n", line: "one" });
});
