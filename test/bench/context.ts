/** Values for every part of the benchmark. */
import type { Level } from "./cells.js";
import type { PeerName, Places } from "./peers.js";
import type { Fault, Row } from "./rows.js";

export interface Bench {
  readonly places: Places;
  readonly level: Level;
  readonly rounds: number;
  /** One run of one peer. */
  readonly seconds: number;
  readonly peers: readonly PeerName[];
  add(row: Row): void;
  fault(fault: Fault): void;
}

export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
