/** Observers of the data of a port: monitor, traces, LEDs. Unset ones cost nothing. Bytes are valid only during the call. */

import type { PortLed, PortReplay, PortTraces } from "./environment.js";
import type { Observed } from "./status.js";

type Sink = (bytes: Uint8Array) => void;

export class DataObservers {
  /** Monitors of bytes from the device and to it, and those that stream the output of the device. */
  term: Sink | null = null;
  tcp: Sink | null = null;
  output: Sink | null = null;
  traces: PortTraces | null = null;
  replay: PortReplay | null = null;
  /** Flashed for bytes from the device, and to it. */
  ledRx: PortLed | null = null;
  ledTx: PortLed | null = null;
  /** Of the monitor, and of the stream. */
  #ended: ((() => void) | null)[] = [];

  /** Null when there is such a one already. It stays over connections and reloads, and ends with the port. */
  monitor(what: Observed, sink: Sink, ended: () => void): (() => void) | null {
    const place = what === "output" ? 1 : 0;
    if (this.#ended[place]) return null;
    this[what] = sink;
    this.#ended[place] = ended;
    return () => {
      if (this.#ended[place] !== ended) return;
      this[what] = null;
      this.#ended[place] = null;
    };
  }

  /** @param open gives the one that is to be used instead of the one in use */
  replayFrom(open: (before: PortReplay | null) => PortReplay | null): void {
    this.replay = open(this.replay);
  }

  end(): void {
    this.replay?.close();
    this.replay = this.term = this.tcp = this.output = null;
    for (const ended of this.#ended.splice(0)) ended?.();
  }
}
