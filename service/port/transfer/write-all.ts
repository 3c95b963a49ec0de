/** The close string of a port: all of it, within a time limit. */
import { type Device, DeviceError } from "../../device/device.js";
import type { Clock } from "../../line/clock.js";

/** Writes as the device accepts it, until `endMs` on the clock. A device that is lost ends it. */
export async function writeAll(device: Device, bytes: Uint8Array, endMs: number, clock: Clock): Promise<void> {
  let rest = bytes;
  try {
    while (rest.length > 0 && clock.nowMs() < endMs) {
      rest = rest.subarray(device.write(rest));
      if (rest.length > 0) await writable(device, endMs, clock);
    }
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
  }
}

function writable(device: Device, endMs: number, clock: Clock): Promise<void> {
  return new Promise(resolve => {
    const cancel = clock.after(Math.max(1, endMs - clock.nowMs()), resolve);
    device.whenWritable(() => {
      cancel();
      resolve();
    });
  });
}
