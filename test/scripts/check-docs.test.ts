import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t, { type Test } from "tap";

const REFERENCE =
  "# The reference\n\n## Trace files\n\n### Trace `format`\n\n| | |\n| --- | --- |\n| BUG-7 | refused |\n";

t.test("citations and links that lead somewhere pass", async t => {
  const checked = check(t, {
    "docs/reference.md": REFERENCE,
    "docs/units.md": "[faults](reference.md#trace-files) and [self](#units)\n# Units\n```\n[no link](nowhere)\n```\n",
    "README.md": "[docs](docs/units.md), [scheme](https://example.org/x.md)",
    "service/trace/one.ts":
      '/** Files (docs/reference.md, "Trace files",\n * "Trace `format`"), and docs/units.md (BUG-7). */',
    "scripts/plain": "# docs/units.md",
    "units/one.service": "Documentation=file:///usr/share/doc/ser2net/units.md",
  });
  t.same([checked.stderr, checked.status], ["", 0]);
});

t.test("everything that leads nowhere is reported, with its file", async t => {
  const checked = check(t, {
    "docs/reference.md": REFERENCE,
    "docs/units.md": "[gone](gone.md) [part](reference.md#trace) see BUG-8\n",
    "README.md": "[page](gone.md)",
    "service/one.ts": '// docs/reference.md, "Traces"; docs/gone.md\n// runtime spec 2.2\n',
    "test/one.test.ts": 't.test("a name (BUG-70)")',
    "units/one.service": "Documentation=file:///usr/share/doc/ser2net/gone.md",
  });
  t.equal(checked.status, 1);
  t.same(checked.stderr.trimEnd().split("\n"), [
    'service/one.ts: docs/reference.md has no heading "Traces"',
    "service/one.ts: no page docs/gone.md",
    "service/one.ts: not in this repository: runtime spec",
    "test/one.test.ts: BUG-70 is not in docs/reference.md",
    "units/one.service: no page docs/gone.md",
    "README.md: gone.md does not exist",
    "docs/units.md: BUG-8 is not in docs/reference.md",
    "docs/units.md: gone.md does not exist",
    "docs/units.md: reference.md#trace has no such heading",
  ]);
});

/** Runs the check over a repository of these files. */
function check(t: Test, files: Readonly<Record<string, string>>) {
  const root = t.testdir();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return spawnSync(process.execPath, ["scripts/check-docs.mjs", root], { encoding: "utf8" });
}
