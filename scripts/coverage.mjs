// Prints what the tests ran of the given rooms of service/: lines and branches of all, and the five least covered files.
// node scripts/coverage.mjs SUMMARY ROOM...; SUMMARY is the json-summary report of tap --coverage-report.
import { readFileSync } from "node:fs";
import { relative } from "node:path";

const NAMED = 5;
const [summary = "", ...rooms] = process.argv.slice(2);

const files = Object.entries(JSON.parse(readFileSync(summary, "utf8")))
  .map(([path, { lines, branches }]) => ({ path: relative(process.cwd(), path), lines, branches }))
  .filter(({ path }) => rooms.some(room => path.startsWith(`service/${room}/`)));

console.log(`coverage of ${rooms.join(" ")}: ${figures(total("lines"), total("branches"))}`);
console.log("least covered:");
const byLines = files.sort((a, b) => a.lines.pct - b.lines.pct || a.branches.pct - b.branches.pct);
for (const { path, lines, branches } of byLines.slice(0, NAMED)) console.log(`  ${path}: ${figures(lines, branches)}`);

function total(kind) {
  const [covered, all] = ["covered", "total"].map(key => files.reduce((sum, file) => sum + file[kind][key], 0));
  return { pct: (100 * covered) / all };
}

function figures(lines, branches) {
  return `lines ${lines.pct.toFixed(1)} %, branches ${branches.pct.toFixed(1)} %`;
}
