/** What the lifecycle of a port needs of the port. */
import type { PortConfig } from "../config/configuration.js";
import type { PortEnvironment } from "./environment.js";
import type { DataObservers } from "./observers.js";

export interface PortLifecycleOptions {
  readonly environment: PortEnvironment;
  readonly observers: DataObservers;
  /** The definition in force, with the state new connections get. */
  readonly config: () => PortConfig;
  timeoutSeconds(): number; // 0: none
  /** The device is open without a connection too. */
  staysOpen(): boolean;
  /** Another port holds the device. */
  readonly deviceBusy: () => boolean;
  /** The device is about to be closed: new connections wait from now on. */
  closing(): void;
  /** The device is closed and no connection is left. `opened` is false when the device could not be opened. */
  freed(opened: boolean): void;
  readonly changed: () => void;
  nodeChanged(isPresent: boolean): void;
}
