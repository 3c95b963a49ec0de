/** The table of connections and sessions that an update would end. Pure. */
import type { Activity } from "../port/drain.js";

export interface TableRow extends Activity {
  readonly instance: string;
}

const HEAD = ["INSTANCE", "PORT", "PEER", "SINCE (UTC)", "WHAT"];

export function formatTable(rows: readonly TableRow[]): string {
  return alignedLines([HEAD, ...rows.map(cellsOf)]);
}

/** Rows with their cells below each other. @param cells the first row has the heads */
export function alignedLines(cells: readonly (readonly string[])[]): string {
  const widths = cells[0]?.map((_, column) =>
    cells.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0),
  );
  return cells
    .map(
      row =>
        `${row
          .map((cell, column) => cell.padEnd(widths?.[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

function cellsOf({ instance, port, address, portNumber, since, kind }: TableRow): readonly string[] {
  const peer = address === "" ? "-" : `${address},${portNumber}`;
  return [instance, port, peer, new Date(since).toISOString().slice(0, 19).replace("T", " "), WHAT[kind]];
}

const WHAT: Readonly<Record<Activity["kind"], string>> = {
  connection: "connection",
  control: "control session",
  monitor: "control session with a monitor",
  closing: "output to the device",
};
