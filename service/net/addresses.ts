/** Which numeric addresses a network port means. Only names other than `localhost` need a look-up, and never here. */
import type { NetworkPort } from "../config/network-port.js";
import { loadModule } from "../native/load-module.js";

export interface ListenAddress {
  readonly address: string;
  readonly v6only: boolean;
}

/** Null: the host is a name that must be looked up first (see lookUp). */
export function listenAddresses(spec: NetworkPort): readonly ListenAddress[] | null {
  const { host, family, transport } = spec;
  if (host === null || host === "") return wildcard(spec);
  if (host === "localhost")
    return [...(family === "ipv4" ? [] : only("::1")), ...(family === "ipv6" ? [] : only("127.0.0.1"))];
  // An explicit `::` serves IPv4 peers as well, over TCP (docs/reference.md, "Network addresses").
  if (host.includes(":")) return [{ address: host, v6only: host !== "::" || transport === "udp" || family === "ipv6" }];
  // What else looks like a number (`127.1`, `010.0.0.1`) is left to the resolver, which knows such forms.
  return /^(0|[1-9]\d*)(\.(0|[1-9]\d*)){3}$/.test(host) ? only(host) : null;
}

/**
 * TCP: one dual-stack socket, so that IPv4 peers show as `::ffff:a.b.c.d`; the IPv4 wildcard is then taken already and
 * only serves where there is no IPv6. UDP: one socket each (docs/reference.md, "Network addresses").
 */
function wildcard(spec: NetworkPort): readonly ListenAddress[] {
  const v6: ListenAddress = { address: "::", v6only: spec.transport === "udp" || spec.family === "ipv6" };
  if (spec.family === "ipv6") return [v6];
  if (spec.family === "ipv4") return only("0.0.0.0");
  return [v6, { address: "0.0.0.0", v6only: false }];
}

function only(address: string): readonly ListenAddress[] {
  return [{ address, v6only: true }];
}

/** The addresses of a host name, IPv6 first. Uses the system's resolver off the main thread. Throws as dns.lookup does. */
export async function lookUp(spec: NetworkPort): Promise<readonly ListenAddress[]> {
  const found = await loadModule("node:dns/promises").lookup(spec.host ?? "", {
    all: true,
    family: spec.family === "ipv4" ? 4 : spec.family === "ipv6" ? 6 : 0,
  });
  const sorted = [...found].sort((a, b) => b.family - a.family);
  return sorted.map(entry => ({ address: entry.address, v6only: true }));
}
