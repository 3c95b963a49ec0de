/**
 * What is wrong with a daemon, each fault by itself: in a text with counts, a port that is repaired looks like a new fault, and
 * hides one. Pure.
 */
import type { PortRow } from "./port-rows.js";

/** What is told of each fault, by what has it. */
export type Faults = ReadonlyMap<string, string>;

/** So many faults are told; the others are counted. */
const MOST_TOLD = 4;

/** @param summary the first line of the answer to `status`: the missing devices are its end */
export function faultsOf(summary: string, rows: readonly PortRow[]): Faults {
  const labels = /; required device missing: (.+)$/.exec(summary)?.[1]?.split(", ") ?? [];
  return new Map([
    ...rows.filter(({ condition }) => condition === "not served").map(notServed),
    ...labels.map((label): [string, string] => [`device ${label}`, `required device missing: ${label}`]),
  ]);
}

function notServed({ port, error }: PortRow): [string, string] {
  const reason = error === "" ? "" : `: ${error.charAt(0).toLowerCase()}${error.slice(1)}`;
  return [`port ${port}`, `port ${port} not served${reason}`];
}

/** What is told of the faults that were not there before; null: there are none. */
export function newFaults(before: Faults, now: Faults): string | null {
  const told = [...now].filter(([what]) => !before.has(what)).map(([, text]) => text);
  if (told.length === 0) return null;
  const more = told.length - MOST_TOLD;
  return `${told.slice(0, MOST_TOLD).join("; ")}${more > 0 ? `, and ${more} more` : ""}`;
}
