/** Measurements as rows: one metric of one cell, with the values of all rounds for each peer. */
import type { PeerName } from "./peers.js";
import { ratios, type Summary, summarize } from "./statistics.js";

/**
 * `stored`: edge with a descriptor store; `console`: edge with `always-open replay=65536`; `stunnel`: edge in clear text with
 * stunnel before it; `node`: an empty Node process.
 */
export type Column = PeerName | "stored" | "console" | "stunnel" | "node";
export const COLUMNS: readonly Column[] = [
  "edge",
  "edge+dbus",
  "stored",
  "console",
  "stunnel",
  "ser2net",
  "socat",
  "floor",
  "node",
];

/** A limit for `of`, absolute or as a ratio to another column. */
export interface Target {
  readonly of?: Column;
  readonly against?: Column;
  readonly atMost?: number;
  readonly atLeast?: number;
}

export interface Row {
  readonly section: string;
  readonly cell: string;
  readonly metric: string;
  readonly values: Partial<Record<Column, readonly number[]>>;
  readonly targets: readonly Target[];
  readonly note?: string;
}

/** A byte went wrong, or a program did not do its part. */
export interface Fault {
  readonly cell: string;
  readonly column: Column;
  readonly message: string;
}

export interface Verdict {
  readonly target: Target;
  readonly value: Summary;
  readonly met: boolean;
}

export function judge(row: Row): Verdict[] {
  return row.targets.flatMap(target => {
    const values = row.values[target.of ?? "edge"] ?? [];
    const value = summarize(target.against === undefined ? values : ratios(values, row.values[target.against] ?? []));
    if (value === null) return [];
    const { atMost = Number.POSITIVE_INFINITY, atLeast = Number.NEGATIVE_INFINITY } = target;
    return [{ target, value, met: value.median <= atMost && value.median >= atLeast }];
  });
}
