/** Rows as Markdown: a table for each section, then the targets. */
import type { Machine } from "./machine.js";
import { COLUMNS, type Column, type Fault, judge, type Row, type Verdict } from "./rows.js";
import { type Summary, summarize } from "./statistics.js";

/** The line that is printed when a metric is measured. */
export function formatRow(row: Row): string {
  const values = COLUMNS.flatMap(column => {
    const summary = summarize(row.values[column] ?? []);
    return summary === null ? [] : [`${column} ${formatSummary(summary)}`];
  });
  const verdicts = judge(row).map(formatVerdict);
  const note = row.note === undefined ? [] : [`(${row.note})`];
  return [`${row.section}: ${row.cell}: ${row.metric}:`, values.join(", "), ...verdicts, ...note].join(" ");
}

export function formatReport(machine: Machine, rows: readonly Row[], faults: readonly Fault[]): string {
  const sections = [...new Set(rows.map(row => row.section))];
  return [
    formatMachine(machine),
    ...sections.map(section => formatSection(section, rows)),
    formatTargets(rows),
    formatFaults(faults),
  ].join("\n");
}

function formatMachine(machine: Machine): string {
  const { date, cpu, kernel, node, ser2net, socat, commit, loadAverage, level, rounds, seconds } = machine;
  return `${date} UTC, commit ${commit}; ${cpu}, Linux ${kernel}, Node ${node}, ser2net ${ser2net}, socat ${socat}.
${level}: ${rounds} rounds of ${seconds} s for each peer; load average at the start ${loadAverage.toFixed(1)}.
`;
}

function formatSection(section: string, all: readonly Row[]): string {
  const rows = all.filter(row => row.section === section);
  const columns = COLUMNS.filter(column => rows.some(row => (row.values[column] ?? []).length > 0));
  const lines = rows.map(row => [
    named(row),
    row.metric,
    ...columns.map(column => formatValues(row, column)),
    judge(row).map(formatVerdict).join("; "),
  ]);
  return `### ${section}\n\n${table([section, "", ...columns, "target"], lines)}`;
}

function formatTargets(rows: readonly Row[]): string {
  const verdicts = rows.flatMap(row => judge(row).map(verdict => ({ row, verdict })));
  const missed = verdicts.filter(({ verdict }) => !verdict.met);
  const lines = missed.map(
    ({ row, verdict }) => `- ${row.section}: ${named(row)}: ${row.metric}: ${formatVerdict(verdict)}`,
  );
  return [`### targets\n`, `${verdicts.length - missed.length} of ${verdicts.length} met.`, ...lines, ""].join("\n");
}

function formatFaults(faults: readonly Fault[]): string {
  if (faults.length === 0) return "Every byte arrived, once and in its place.\n";
  return ["### faults\n", ...faults.map(one => `- ${one.cell}: ${one.column}: ${one.message}`), ""].join("\n");
}

function named(row: Row): string {
  return row.note === undefined ? row.cell : `${row.cell} (${row.note})`;
}

function formatValues(row: Row, column: Column): string {
  const summary = summarize(row.values[column] ?? []);
  return summary === null ? "" : formatSummary(summary);
}

function formatVerdict({ target, value, met }: Verdict): string {
  const limit = target.atMost === undefined ? `>= ${target.atLeast}` : `<= ${target.atMost}`;
  const of = target.of === undefined ? "" : `${target.of} `;
  const against = target.against === undefined ? "" : ` of ${target.against}`;
  return `${met ? "met" : "**MISSED**"}: ${of}${formatSummary(value)}${against}, ${limit}`;
}

function formatSummary({ median, least, most, rounds }: Summary): string {
  return rounds === 1 ? short(median) : `${short(median)} (${short(least)}-${short(most)})`;
}

/** Three digits that mean something. */
function short(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return Number(value.toPrecision(3)).toString();
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return [row(head), row(head.map(() => "---")), ...lines.map(row)].join("");
}
