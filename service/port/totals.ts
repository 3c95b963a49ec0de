/** What has happened at each port since the daemon started, for the metrics (docs/metrics.md). */
import type { Counted } from "./environment.js";

export type PortTotals = Readonly<Partial<Record<Counted, number>>>;

export class Totals {
  readonly #ports = new Map<string, Partial<Record<Counted, number>>>();

  readonly add = (port: string, what: Counted, by = 1): void => {
    const totals = this.#ports.get(port) ?? {};
    totals[what] = (totals[what] ?? 0) + by;
    this.#ports.set(port, totals);
  };

  /** Of a port that has nothing yet: all are 0. */
  of(port: string): PortTotals {
    return this.#ports.get(port) ?? {};
  }
}
