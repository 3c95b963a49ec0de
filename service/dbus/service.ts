/** What the room is made with, and what the composition root tells it. */
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
    /** What is wrong with the configuration that is now in force; a text: why nothing was read. */
    reload(): readonly Diagnostic[] | string;
    /** What would be wrong with that text, or (null) with what a reload would read. */
    check(text: string | null): readonly Diagnostic[] | string;
  };
  readonly ports: {
    list(): readonly ManagedPort[];
    find(name: string): ManagedPort | null;
  };
  readonly drain: Drain;
  /** What is printed beside the connector. */
  readonly label?: (portName: string) => string | null;
  /** Blinks at the connector; false: the port has no LED. */
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
