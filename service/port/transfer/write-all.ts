/** The close string of a port: all of it, within a time limit. */
import { type Device, DeviceError } from "../../device/device.js";

/** Writes as the device accepts it, until `endMs` on the clock of performance.now(). A device that is lost ends it. */
export async function writeAll(device: Device, bytes: Uint8Array, endMs: number): Promise<void> {
  let rest = bytes;
  try {
    while (rest.length > 0 && performance.now() < endMs) {
      rest = rest.subarray(device.write(rest));
      if (rest.length > 0) await writable(device, endMs);
    }
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
  }
}

function writable(device: Device, endMs: number): Promise<void> {
  return new Promise(resolve => {
    const limit = setTimeout(resolve, Math.max(1, endMs - performance.now()));
    device.whenWritable(() => {
      clearTimeout(limit);
      resolve();
    });
  });
}
