/**
 * Events of a port while its device is open, as one interface. The object that notices an event calls the lifecycle of
 * the port.
 */
import type { LineSettings } from "../line/settings.js";
import type { Connection, ConnectionEvents } from "./peers/connection.js";

/** Why a device was lost, in the words of the reference's trace files. */
export type DeviceLossCause = "closed port" | "dev read error" | "dev write error";

/** Whether a port ends for that reason because its device was lost. */
export function isLoss(reason: string): boolean {
  return reason === "closed port" || reason === "dev read error" || reason === "dev write error";
}

export interface PortEvents extends ConnectionEvents {
  /** The peer has ended its connection in order. */
  peerEnded(connection: Connection): void;
  /** The connection ends for another reason, in the words of the trace files. */
  peerMustGo(connection: Connection, reason: string): void;
  /** `bytes` of a peer that disconnected, or (null) of the output when the port closes, did not reach the device. */
  dropped(connection: Connection | null, bytes: number): void;
  /** The closeon text has arrived; the data up to its end is sent. */
  closeOnFound(): void;
  /** A peer or an operator changed the settings; these are in force now. */
  lineChanged(line: LineSettings): void;
  /** @param error a DeviceError, or null where the device ended without one */
  deviceLost(what: DeviceLossCause, error: unknown): void;
}
