/** Which network ports every address can use, in clear text (docs/security.md). */
import type { PortConfig } from "./configuration.js";
import { isAnyHost, type NetworkPort } from "./network-port.js";

/** Without TLS, without an address of this machine alone and without remaddr. UDP has a warning of its own. */
export function isOpenToAll({ state, networkPort, options }: PortConfig): boolean {
  return state !== "off" && isOnEveryAddress(networkPort) && options.tls === null && options.remaddr === null;
}

export function isOnEveryAddress({ transport, host, port }: NetworkPort): boolean {
  return transport === "tcp" && port !== 0 && isAnyHost(host);
}
