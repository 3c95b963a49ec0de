// Every citation and link leads to something in this repository. Usage: check-docs.mjs [folder]
// A citation names a page of docs/ and, in quotes, its headings; or a fault of docs/reference.md by its number.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const root = process.argv[2] ?? ".";
const CODE = ["service", "test", "scripts", "units", ".ci", "build.mjs"];
const TEXT = /\.(ts|mjs|c|h|sh|md|conf|rules|service|socket|xml|py)$|\/[^./]+$/;
const PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs"];

const CITATION = /\b(?:docs|doc\/ser2net)\/([\w-]+\.md)((?:,? (?:and )?"[^"\n]+")*)/g;
const FAULT = /\bBUG-(\d+)\b/g;
/** Documents that a reader of the repository does not have. */
const ELSEWHERE = /\b(?:(?:config|runtime|wrappers) spec|[Ss]pec \d)/g;

/** Cites what does not exist, on purpose. */
const OWN_TEST = "test/scripts/check-docs.test.ts";

const problems = [];
const headings = new Map();
const faults = new Set();
for (const page of filesOf("docs", /\.md$/)) headings.set(page, headingsOf(read(page)));
if (existsSync(join(root, "docs/reference.md"))) {
  for (const [, number] of read("docs/reference.md").matchAll(/^\| BUG-(\d+) \|/gm)) faults.add(number);
}

for (const file of CODE.flatMap(path => filesOf(path, TEXT))) if (file !== OWN_TEST) checkCitations(file);
for (const page of PAGES.flatMap(path => filesOf(path, /\.md$/))) {
  checkCitations(page);
  checkLinks(page);
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;

function checkCitations(file) {
  const text = joined(read(file));
  for (const [, page, quoted] of text.matchAll(CITATION)) {
    const known = headings.get(`docs/${page}`);
    if (known === undefined) problems.push(`${file}: no page docs/${page}`);
    else
      for (const [, heading] of quoted.matchAll(/"([^"]+)"/g)) {
        if (!known.includes(heading)) problems.push(`${file}: docs/${page} has no heading "${heading}"`);
      }
  }
  for (const [, number] of text.matchAll(FAULT)) {
    if (!faults.has(number)) problems.push(`${file}: BUG-${number} is not in docs/reference.md`);
  }
  for (const [cited] of text.matchAll(ELSEWHERE)) problems.push(`${file}: not in this repository: ${cited}`);
}

function checkLinks(page) {
  for (const [, link] of withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(link)) continue;
    const [path, anchor] = link.split("#");
    const target = path === "" ? page : relative(root, join(root, dirname(page), path));
    if (!existsSync(join(root, target))) problems.push(`${page}: ${link} does not exist`);
    else if (anchor !== undefined && !headingsOf(read(target)).map(anchorOf).includes(anchor)) {
      problems.push(`${page}: ${link} has no such heading`);
    }
  }
}

function headingsOf(text) {
  return Array.from(withoutCode(text).matchAll(/^#+ (.*)$/gm), ([, title]) => title.trim());
}

/** The anchor that renderers of Markdown give a heading. */
function anchorOf(title) {
  return title
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}

function withoutCode(text) {
  return text.replace(/^```.*?^```/gms, "");
}

/** A comment that goes on in the next line is one text. */
function joined(text) {
  return text.replace(/\n\s*(?:\*(?!\/)|\/\/|#)?[ \t]*/g, " ");
}

function read(file) {
  return readFileSync(join(root, file), "utf8");
}

function filesOf(path, pattern) {
  const whole = join(root, path);
  if (!existsSync(whole)) return [];
  if (statSync(whole).isFile()) return [path];
  return readdirSync(whole, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => relative(root, join(entry.parentPath ?? entry.path, entry.name)))
    .filter(name => pattern.test(name))
    .sort();
}
