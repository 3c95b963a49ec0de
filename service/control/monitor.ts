/** The one thing a control session may monitor. */
import type { ManagedPort, MonitorDirection } from "../port/status.js";

export interface Monitor {
  /** Set from a successful start to stop, also when the port is gone meanwhile (as in the reference). */
  readonly active: boolean;
  /** False when another session monitors the port. */
  start(port: ManagedPort, direction: MonitorDirection): boolean;
  /** Idempotent. */
  stop(): void;
}

/** `sink` is given the bytes as they pass; it must take or drop them at once. */
export function createMonitor(sink: (bytes: Uint8Array) => void): Monitor {
  let release: (() => void) | null = null;

  return {
    get active() {
      return release !== null;
    },
    start(port, direction) {
      release?.();
      let over = false; // then the port wants to hear nothing more
      const stop = port.monitor(direction, sink, () => {
        over = true;
      });
      release =
        stop === null
          ? null
          : () => {
              if (!over) stop();
            };
      return stop !== null;
    },
    stop() {
      const last = release;
      release = null;
      last?.();
    },
  };
}

export function parseDirection(type: string): MonitorDirection | null {
  return type === "tcp" || type === "term" ? type : null;
}

/** Asks by taking the monitor for a moment: nothing passes meanwhile. */
export function isMonitored(port: ManagedPort): boolean {
  const stop = port.monitor(
    "tcp",
    () => {},
    () => {},
  );
  stop?.();
  return stop === null;
}
