/** The bundle open-ports.cjs: warnings about ports that every address can use, one for all of TCP in clear text (docs/security.md). */
import type { PortConfig } from "../config/configuration.js";
import { controlPortParts, isAnyHost, type NetworkPort, parseNetworkPort } from "../config/network-port.js";
import { toText } from "../line/bytes.js";
import type { Log } from "../log/log.js";
import { readRegularFile } from "../native/read-file.js";
import { createServiceLookup } from "../net/services.js";

export { forgedSourceWarnings } from "../config/forged-sources.js";

/** Ports that the line names. */
const NAMED_PORTS = 8;

/** Logs the warning, once for as long as the same ports are open. */
export class OpenPorts {
  readonly #log: Log;
  #last: string | null = null;

  constructor(log: Log) {
    this.#log = log;
  }

  configure(ports: readonly PortConfig[], controlPort: string | null): void {
    const warning = openPortsWarning(ports, controlPort);
    if (warning !== null && warning !== this.#last) this.#log.warning(warning);
    this.#last = warning;
  }
}

/** Null: there are none, or the TCP wrappers have rules. @param controlPort as -p and CONTROLPORT have it */
export function openPortsWarning(ports: readonly PortConfig[], controlPort: string | null): string | null {
  const { tls, networkPort } = controlPortParts(controlPort ?? "");
  const controlled = tls === null ? parseNetworkPort(networkPort, createServiceLookup()) : "";
  const open = [
    ...ports.filter(isOpenToAll).map(({ name }) => name),
    ...(typeof controlled !== "string" && isOnEveryAddress(controlled) ? [`the control port ${controlPort}`] : []),
  ];
  if (open.length === 0 || hasAccessRules()) return null;
  const named =
    open.slice(0, NAMED_PORTS).join(" ") + (open.length > NAMED_PORTS ? ` and ${open.length - NAMED_PORTS} more` : "");
  return `warning: every address can connect, in clear text, to ${named} (an address before the number, remaddr=, tls= or hosts.deny limits that)`;
}

/** Without TLS, without an address of this machine alone and without remaddr. UDP has a warning of its own. */
function isOpenToAll({ state, networkPort, options }: PortConfig): boolean {
  return state !== "off" && isOnEveryAddress(networkPort) && options.tls === null && options.remaddr === null;
}

function isOnEveryAddress({ transport, host, port }: NetworkPort): boolean {
  return transport === "tcp" && port !== 0 && isAnyHost(host);
}

/** The TCP wrappers may refuse some peers: a table has more than comments, or cannot be read. */
function hasAccessRules(): boolean {
  return ["/etc/hosts.allow", "/etc/hosts.deny"].some(file => {
    try {
      return /^[ \t]*[^#\s]/m.test(toText(readRegularFile(file)));
    } catch (error) {
      return !(error instanceof Error && "code" in error && error.code === "ENOENT");
    }
  });
}
