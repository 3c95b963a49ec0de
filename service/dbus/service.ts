/** The contract between this room and the composition root. */
import type { Diagnostic } from "../config/diagnostic.js";
import type { Clock } from "../line/clock.js";
import type { Log } from "../log/log.js";
import type { Drain } from "../port/drain.js";
import type { ManagedPort } from "../port/status.js";

export interface DbusServiceOptions {
  /** As `busAddress` gives it. */
  readonly address: string;
  /** The well-known name, or that of an instance below it (`instanceName`). */
  readonly busName: string;
  readonly daemon: {
    readonly version: string;
    /** The board profile in force. */
    readonly board: string | null;
    uptimeSeconds(): number;
    /** Returns the diagnostics of the configuration in force, or the reason why nothing was read. */
    reload(): readonly Diagnostic[] | string;
    /** Returns the diagnostics of that text, or (null) of what a reload would read. */
    check(text: string | null): readonly Diagnostic[] | string;
  };
  readonly ports: {
    list(): readonly ManagedPort[];
    find(name: string): ManagedPort | null;
  };
  readonly drain: Drain;
  /** The label beside the connector. */
  readonly label?: (portName: string) => string | null;
  /** Blinks a LED of the port; false: it has none. */
  readonly identify?: (portName: string, seconds: number) => boolean;
  readonly log: Log;
  readonly clock?: Clock;
}

export interface DbusService {
  /** Something about it changed. Cheap: may be called at any rate, from anywhere. */
  portChanged(port: ManagedPort): void;
  /** Ports came or went, or their labels changed. */
  portsChanged(): void;
  /** A drain began or ended. */
  drainChanged(): void;
  /** Resolves when we are off the bus. */
  stop(): Promise<void>;
}
