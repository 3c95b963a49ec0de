/** The `[ipv4,|ipv6,][tcp,|udp,][host,]port` grammar of port lines, rotators, control port and remaddr. */
export interface NetworkPort {
  readonly family: "ipv4" | "ipv6" | "any";
  readonly transport: "tcp" | "udp";
  /** Null is every address of the machine. Kept as written: a name is never looked up here. */
  readonly host: string | null;
  /** 0: "any port" in remaddr, standard input in a port line. */
  readonly port: number;
}

/** The number of a service (`echo`), null when there is none of that name. */
export type ServiceLookup = (name: string, transport: NetworkPort["transport"]) => number | null;

const HIGHEST_PORT = 65_535;
const PREFIXES = ["ipv4", "ipv6", "tcp", "udp"];

/** The network port, or the reason why the text is not one. */
export function parseNetworkPort(text: string, serviceLookup: ServiceLookup): NetworkPort | string {
  const [, familyWord, transportWord] = /^(?:(ipv4|ipv6),)?(?:(tcp|udp),)?/.exec(text) ?? [];
  const family = familyWord === "ipv4" || familyWord === "ipv6" ? familyWord : "any";
  const transport = transportWord === "udp" ? "udp" : "tcp";
  const rest = text.slice((familyWord ? 5 : 0) + (transportWord ? 4 : 0)).replace(/^,+/, "");
  const comma = rest.indexOf(",");
  // `a,` has no second part: what is there is the port.
  const single = comma < 0 || comma === rest.length - 1;
  const host = single ? null : rest.slice(0, comma);
  const portText = single ? rest.replace(/,$/, "") : rest.slice(comma + 1);
  const problem = host === null ? null : hostProblem(host, family);
  if (problem !== null) return problem;
  const port = readPort(portText, transport, serviceLookup);
  return typeof port === "string" ? port : { family, transport, host, port };
}

/** All addresses of the machine. */
export function isAnyHost(host: string | null): boolean {
  return host === null || host === "" || host === "::" || host === "0.0.0.0";
}

interface ControlPortParts {
  /** Whether it is announced by mDNS. */
  readonly mdns: boolean;
  /** Name of a TLS line; null: clear text. */
  readonly tls: string | null;
  readonly networkPort: string;
}

/** The parts of `mdns:tls:console,localhost,2000`, a `-p` or CONTROLPORT text. */
export function controlPortParts(text: string): ControlPortParts {
  const [, mdns, tls = null, networkPort = ""] = /^(mdns:)?(?:tls:([^,]*),)?(.*)/s.exec(text) ?? [];
  return { mdns: mdns !== undefined, tls, networkPort };
}

/** The shortest text that reads as this network port. */
export function formatNetworkPort({ family, transport, host, port }: NetworkPort): string {
  const prefix = `${family === "any" ? "" : `${family},`}${transport === "udp" ? "udp," : ""}`;
  return `${prefix}${host === null ? "" : `${host},`}${port}`;
}

/** The address families its sockets can have, as far as the text tells. */
export function families({ family, host }: NetworkPort): readonly ("ipv4" | "ipv6")[] {
  if (family !== "any") return [family];
  if (host === null) return ["ipv6", "ipv4"];
  if (host.includes(":")) return ["ipv6"];
  return isIpv4(host) ? ["ipv4"] : ["ipv6", "ipv4"];
}

/** A number as getaddrinfo takes it (blanks before it, none behind, no sign), or the name of a service. */
function readPort(text: string, transport: "tcp" | "udp", serviceLookup: ServiceLookup): number | string {
  if (text === "") return "expected a port number";
  const digits = /^[ \t\n\v\f\r]*([0-9]+)$/.exec(text)?.[1]?.replace(/^0+(?=[0-9])/, "");
  if (digits !== undefined) {
    const port = digits.length > 5 ? Number.POSITIVE_INFINITY : Number(digits);
    return port <= HIGHEST_PORT ? port : `expected a port number up to ${HIGHEST_PORT}`;
  }
  const port = /^[!-+\--~]+$/.test(text) ? serviceLookup(text, transport) : null;
  return port ?? "expected a port number or the name of a service";
}

function hostProblem(host: string, family: NetworkPort["family"]): string | null {
  if (PREFIXES.includes(host)) return "expected [ipv4,|ipv6,][tcp,|udp,][host,]port, in this order";
  if (/[\0- ]/.test(host)) return "expected a host name without blanks";
  if (host.includes(":")) {
    if (!isIpv6(host)) return "expected a host name or address";
    return family === "ipv4" ? "expected an IPv4 address after ipv4," : null;
  }
  if (/^[0-9.]+$/.test(host)) {
    if (!isIpv4(host)) return "expected a host name or address";
    return family === "ipv6" ? "expected an IPv6 address after ipv6," : null;
  }
  return null;
}

/** Numbers and dots as inet_aton takes them: four parts, or fewer with a larger last one. */
function isIpv4(host: string): boolean {
  const parts = host.split(".", 5);
  const last = 256 ** (5 - parts.length) - 1;
  const fits = (part: string, index: number) =>
    /^[0-9]{1,10}$/.test(part) && Number(part) <= (index === parts.length - 1 ? last : 255);
  return parts.length <= 4 && parts.every(fits);
}

/** RFC 4291 §2.2, with a zone behind `%` if need be. */
function isIpv6(host: string): boolean {
  const address = /^([0-9a-fA-F:.]{2,45})(?:%[^%]+)?$/.exec(host)?.[1];
  if (address === undefined) return false;
  const halves = address.split("::", 3);
  const groups = halves.flatMap(half => (half === "" ? [] : half.split(":")));
  const dotted = groups.at(-1)?.includes(".") ? groups.pop() : undefined;
  if (dotted !== undefined && !(/^([0-9]{1,3}\.){3}[0-9]{1,3}$/.test(dotted) && isIpv4(dotted))) return false;
  const count = groups.length + (dotted === undefined ? 0 : 2);
  const complete = halves.length === 1 ? count === 8 : halves.length === 2 && count <= 7;
  return complete && groups.every(group => /^[0-9a-fA-F]{1,4}$/.test(group));
}
