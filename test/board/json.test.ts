import t from "tap";
import { type Json, parseJson } from "../../service/board/json.js";
import { formatDiagnostic } from "../../service/config/diagnostic.js";

const DOCUMENT = `{
  "text": "a\\u0041\\n\\"é",
  "numbers": [0, -1.5, 2e3],
  "words": [true, false, null],
  "empty": [{}, [ ], ""],
  "deep": { "down": [{ "here": 1 }] }
}`;

t.test("what is JSON is read as JSON.parse reads it", async t => {
  for (const text of [DOCUMENT, `\ufeff${DOCUMENT}\r\n`, "{}", " [ ]", '"a"', "-0", "true"]) {
    const { root, diagnostics } = parseJson({ file: "x.json", text });
    t.same(diagnostics, []);
    t.same(root && plain(root), JSON.parse(text.replace("\ufeff", "")));
  }
});

t.test("every part knows its path, line and column", async t => {
  const { root } = parseJson({ file: "x.json", text: DOCUMENT });
  const found = new Map<string, string>();
  if (root !== null) walk(root, part => found.set(part.path, DOCUMENT.slice(part.offset, part.offset + 6)));
  t.equal(found.get("numbers[1]"), "-1.5, ");
  t.equal(found.get("deep.down[0].here"), "1 }] }");
});

t.test("what is no JSON is told with its line and column", async t => {
  const cases = [
    ["", "x.json:1:1: not JSON: the text ends too early (expected a value)"],
    ['{\n  "a": 1,\n}', "x.json:3:1: not JSON (expected a key in double quotes)"],
    ['{ "a": 1 "b": 2 }', "x.json:1:10: not JSON (expected , or })"],
    ["[1 2]", "x.json:1:4: not JSON (expected , or ])"],
    ["[1,]", "x.json:1:4: not JSON (expected a value)"],
    ['{ "a" 1 }', "x.json:1:7: not JSON (expected :)"],
    ["{ a: 1 }", "x.json:1:3: not JSON (expected a key in double quotes)"],
    ["[nul]", "x.json:1:2: not JSON (expected a value)"],
    ["[01]", "x.json:1:3: not JSON (expected , or ])"],
    ['["a\nb"]', 'x.json:1:2: not JSON (expected a text that ends with " on the same line)'],
    ["{}\n{}", "x.json:2:1: not JSON (expected nothing behind the value)"],
    ["// x", "x.json:1:1: not JSON (expected a value)"],
  ] as const;
  for (const [text, told] of cases) {
    const { root, diagnostics } = parseJson({ file: "x.json", text });
    t.equal(root, null, text);
    t.same(diagnostics.map(formatDiagnostic), [told], text);
  }
});

t.test("a text cut anywhere is told once", async t => {
  for (let end = 0; end < DOCUMENT.length; end++) {
    const { root, diagnostics } = parseJson({ file: "x.json", text: DOCUMENT.slice(0, end) });
    t.equal(root, null, `cut at ${end}`);
    t.equal(diagnostics.length, 1, `cut at ${end}`);
  }
});

t.test("of a key given twice the first counts, and the second is told", async t => {
  const { root, diagnostics } = parseJson({ file: "x.json", text: '{ "a": { "b": 1, "b": 2 } }' });
  t.same(root && plain(root), { a: { b: 1 } });
  t.same(diagnostics.map(formatDiagnostic), ["x.json:1:18: a.b: the key is given twice (the first one counts)"]);
});

t.test("there is an end to the depth", async t => {
  t.equal(parseJson({ file: "x.json", text: "[".repeat(100_000) }).root, null);
  t.not(parseJson({ file: "x.json", text: "[[[[1]]]]" }).root, null);
});

function walk(json: Json, visit: (json: Json) => void): void {
  visit(json);
  if (json.kind === "list") for (const item of json.items) walk(item, visit);
  if (json.kind === "object") for (const { value } of json.members.values()) walk(value, visit);
}

function plain(json: Json): unknown {
  if (json.kind === "scalar") return json.value;
  if (json.kind === "list") return json.items.map(plain);
  return Object.fromEntries([...json.members].map(([key, { value }]) => [key, plain(value)]));
}
