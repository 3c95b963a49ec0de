/** The serial devices found on a machine -> ports. */
import type { BoardPort, Enumeration } from "./profile.js";
import type { SerialDevice } from "./serial-devices.js";

const HIGHEST_PORT = 65_535;
/** As many as a profile may list. */
const MAX_PORTS = 256;

/** One after the other from the first network port on, past those that the listed ports have. */
export function enumeratePorts(
  { firstNetworkPort, ...service }: Enumeration,
  found: readonly SerialDevice[],
  listed: readonly BoardPort[],
): BoardPort[] {
  const ids = new Set(listed.map(port => port.id));
  const taken = new Set(listed.map(port => port.networkPort));
  const ports: BoardPort[] = [];
  let number = firstNetworkPort;
  for (const { tty, path, usb } of found.slice(0, MAX_PORTS)) {
    while (taken.has(String(number))) number++;
    if (number > HIGHEST_PORT) break;
    const id = ids.has(tty) ? `found-${tty}` : tty;
    ports.push({ ...service, id, device: path, networkPort: String(number), ...(usb ? { electrical: "usb" } : {}) });
    number++;
  }
  return ports;
}
