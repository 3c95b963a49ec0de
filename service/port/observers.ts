/** Observers of the data of a port: monitor, traces, LEDs. Unset ones cost nothing. Bytes are valid only during the call. */

import type { PortLed, PortReplay, PortTraces } from "./environment.js";
import type { MonitorDirection } from "./status.js";

export class DataObservers {
  monitorTerm: ((bytes: Uint8Array) => void) | null = null;
  monitorTcp: ((bytes: Uint8Array) => void) | null = null;
  traces: PortTraces | null = null;
  replay: PortReplay | null = null;
  /** Flashed for bytes from the device, and to it. */
  ledRx: PortLed | null = null;
  ledTx: PortLed | null = null;
  #monitorEnded: (() => void) | null = null;

  /** Sets the monitor; null when there is one already. It stays over connections and reloads, and ends with the port. */
  monitor(direction: MonitorDirection, sink: (bytes: Uint8Array) => void, ended: () => void): (() => void) | null {
    if (this.#monitorEnded !== null) return null;
    if (direction === "term") this.monitorTerm = sink;
    else this.monitorTcp = sink;
    this.#monitorEnded = ended;
    return () => {
      if (this.#monitorEnded === ended) this.#forgetMonitor();
    };
  }

  /** @param open gives the one that is to be used instead of the one in use */
  replayFrom(open: (before: PortReplay | null) => PortReplay | null): void {
    this.replay = open(this.replay);
  }

  end(): void {
    this.replay?.close();
    this.replay = null;
    const ended = this.#monitorEnded;
    this.#forgetMonitor();
    ended?.();
  }

  #forgetMonitor(): void {
    this.#monitorEnded = null;
    this.monitorTerm = null;
    this.monitorTcp = null;
  }
}
