/** A port whose device goes away while it is in use: what the log says, and who waits for it. */
import type { PortConfig } from "../config/configuration.js";
import { type Device, DeviceError } from "../device/device.js";
import type { Log } from "../log/log.js";
import { LastingDevice } from "./lasting-device.js";
import type { PortParts } from "./parts.js";
import type { DeviceEnd } from "./session.js";

export interface HoldEvents {
  /** Another port uses the device meanwhile. */
  isBusy(): boolean;
  /** It went away. False: the port is not in a state to wait for it. */
  lost(reason: string): boolean;
  returned(): void;
  gaveUp(what: DeviceEnd): void;
}

/** The same device for a port that holds its connections when it goes away; null: they are closed. */
export function heldDevice(
  device: Device,
  config: PortConfig,
  outside: PortParts,
  events: HoldEvents,
): LastingDevice | null {
  const seconds = config.options.holdSeconds;
  if (seconds === 0) return null;
  const { path } = config.device;
  const title = `Device ${path} of port ${config.name}`;
  return new LastingDevice({
    device,
    seconds,
    isPresent: () => outside.presence.isPresent(path),
    reopen: line => {
      if (events.isBusy()) throw new DeviceError("locked", path, "another port uses it");
      return outside.openDevice(line === null ? config : { ...config, line });
    },
    lost: (_, error) => {
      const reason = lossReason(error);
      if (!events.lost(reason)) return false;
      outside.log.warning(`${title} is gone (${reason}): its connections wait ${seconds} s for it`);
      return true;
    },
    returned: () => {
      outside.log.notice(`${title} is back`);
      events.returned();
    },
    gaveUp: what => {
      outside.log.error(`${title} did not come back within ${seconds} s`);
      events.gaveUp(what);
    },
  });
}

/** What the reference logs. */
export function reportLoss(log: Log, port: string, what: DeviceEnd, error: unknown): void {
  const reason = lossReason(error);
  if (what === "dev read error") log.error(`dev read error for device ${port}: ${reason}`);
  if (what === "dev write error") log.error(`The dev write for port ${port} had error: ${reason}`);
}

export function lossReason(error: unknown): string {
  return error instanceof DeviceError ? error.reason : "the device was closed";
}
