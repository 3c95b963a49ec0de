/** The monitor of a control session: one direction of one port at a time. */
import type { ManagedPort, MonitorDirection } from "../port/status.js";

export class Monitor {
  readonly #sink: (bytes: Uint8Array) => void;
  #release: (() => void) | null = null;
  #monitored: { readonly port: string; readonly direction: MonitorDirection } | null = null;

  /** @param sink called with the bytes as they pass; it must take or drop them at once */
  constructor(sink: (bytes: Uint8Array) => void) {
    this.#sink = sink;
  }

  /** True from a successful start to stop, also when the port is gone meanwhile (as in the reference). */
  get active(): boolean {
    return this.#release !== null;
  }

  /** Null: nothing. */
  get monitored(): { readonly port: string; readonly direction: MonitorDirection } | null {
    return this.active ? this.#monitored : null;
  }

  /** False when another session monitors the port. */
  start(port: ManagedPort, direction: MonitorDirection): boolean {
    this.#release?.();
    let over = false; // the port has ended the monitoring itself
    const stop = port.monitor(direction, this.#sink, () => {
      over = true;
    });
    this.#release =
      stop === null
        ? null
        : () => {
            if (!over) stop();
          };
    this.#monitored = { port: port.name, direction };
    return stop !== null;
  }

  /** Idempotent. */
  stop(): void {
    const release = this.#release;
    this.#release = null;
    release?.();
  }
}

export function parseDirection(type: string): MonitorDirection | null {
  return type === "tcp" || type === "term" ? type : null;
}

/** Takes the monitor and releases it at once; no byte passes between. */
export function isMonitored(port: ManagedPort): boolean {
  const stop = port.monitor(
    "tcp",
    () => {},
    () => {},
  );
  stop?.();
  return stop === null;
}
