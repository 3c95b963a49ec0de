/** Warnings for the log about SOL ports that are less safe than their configuration may suggest. */
import type { PortConfig } from "../config/configuration.js";
import { mayBeReadByOthers } from "../native/read-file.js";

export function solWarnings(ports: readonly PortConfig[]): string[] {
  const warnings = ports.flatMap(port => portWarnings(port));
  const sources = new Set(ports.filter(hasInlineSecret).map(({ file }) => file));
  for (const file of sources) {
    if (file === null) warnings.push("A password in an argument -C is shown to other users while the program starts");
    else if (mayBeReadByOthers(file)) {
      warnings.push(`The configuration file ${file} has passwords of SOL devices and can be read by other users`);
    }
  }
  return warnings;
}

function portWarnings({ name, device, options: { sol } }: PortConfig): string[] {
  if (device.kind !== "sol" || sol === null) return [];
  const { proposals } = device.target.login;
  if (proposals.some(({ authentication }) => authentication === 0)) {
    return [`Port ${name} logs in to its BMC without authentication (-Ra rakp_none)`];
  }
  const isAuthenticated = sol.authenticated && proposals.every(({ integrity }) => integrity !== 0);
  const isEncrypted = sol.encrypted && proposals.every(({ confidentiality }) => confidentiality !== 0);
  if (isAuthenticated || isEncrypted) return [];
  return [`The data of port ${name} is neither authenticated nor encrypted on its way to the BMC`];
}

function hasInlineSecret({ device }: PortConfig): boolean {
  return device.kind === "sol" && [device.target.password, device.target.bmcKey].some(({ kind }) => kind === "text");
}
