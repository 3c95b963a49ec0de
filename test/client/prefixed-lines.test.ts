import t from "tap";
import { PrefixedLines } from "../../service/client/prefixed-lines.js";

t.test("each line gets the prefix, however its bytes are cut", async t => {
  const text = "one\r\ntwo\n\nthree\r\n";
  for (let cut = 0; cut <= text.length; cut++) {
    const lines = new PrefixedLines(() => "a: ");
    t.equal(lines.push(text.slice(0, cut)) + lines.push(text.slice(cut)), "a: one\na: two\na: \na: three\n");
  }
});

t.test("a prompt is shown once, and its line goes on or is broken by another port", async t => {
  const lines = new PrefixedLines(() => "a: ");
  t.equal(lines.push("login: "), "");
  t.equal(lines.flush(), "a: login: ");
  t.equal(lines.flush(), "");
  t.equal(lines.push("root\n"), "root\n", "on the same line");
  t.equal(lines.interrupt(), "", "no line is begun");
  lines.push("Password: ");
  lines.flush();
  t.equal(lines.interrupt(), "\n");
  t.equal(lines.push("x\n"), "a: x\n");
});

t.test("a line without an end is shown in parts", async t => {
  const lines = new PrefixedLines(() => "a: ");
  let shown = "";
  for (let block = 0; block < 100; block++) shown += lines.push("x".repeat(100));
  t.match(shown, /^a: x{4096,4200}\na: x{4096,4200}\n$/);
});
