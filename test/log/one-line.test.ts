import t from "tap";
import { oneLine } from "../../service/log/one-line.js";

t.test("control characters become one space, and none is left at the end", async t => {
  t.equal(oneLine("a\r\nb\0\x1b[31mc\x7f\td\xe9\n"), "a b [31mc d\xe9");
});

t.test("C1 controls go as well, alone or as UTF-8, and other characters keep their bytes", async t => {
  t.equal(oneLine("a\x9b31mb\x85c"), "a 31mb c");
  t.equal(oneLine("a\xc2\x9b\x90\x1b31mb"), "a 31mb");
  for (const text of ["\u0100", "\u2014", "\u00e9", "\u{1f50c}", "\u00a0x"]) {
    const bytes = Buffer.from(text, "utf8").toString("latin1");
    t.equal(oneLine(bytes), bytes, text);
  }
  t.equal(oneLine("\xe2\x80"), "\xe2", "half a character");
});
