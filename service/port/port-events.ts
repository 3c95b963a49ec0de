/** What happens at a port while its device is open, as one interface: what notices an event tells the lifecycle of the port. */
import type { LineSettings } from "../line/settings.js";
import type { Connection, ConnectionEvents } from "./peers/connection.js";

/** How a device ends, in the words of the trace files of ser2net 3.5.4. */
export type DeviceLossCause = "closed port" | "dev read error" | "dev write error";

export interface PortEvents extends ConnectionEvents {
  /** The peer has ended its connection in order. */
  peerEnded(connection: Connection): void;
  /** The peer must go for another reason, in the words of the trace files. */
  peerMustGo(connection: Connection, reason: string): void;
  /** So many bytes did not reach the device: those of a peer that goes, or (null) what was left when the port closes. */
  dropped(connection: Connection | null, bytes: number): void;
  /** The closeon text came; what led up to it is sent. */
  closeOnFound(): void;
  /** The settings that are in force now: a peer or an operator changed them. */
  lineChanged(line: LineSettings): void;
  /** @param error a DeviceError, or null where the device ended without one */
  deviceLost(what: DeviceLossCause, error: unknown): void;
}
