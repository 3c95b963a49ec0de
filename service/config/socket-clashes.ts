/** Network ports that need the same socket: only one of them can be served. */
import type { Configuration, PortConfig, RotatorConfig } from "./configuration.js";
import type { Diagnostic } from "./diagnostic.js";
import {
  controlPortParts,
  families,
  isAnyHost,
  type NetworkPort,
  parseNetworkPort,
  type ServiceLookup,
} from "./network-port.js";

interface Holder {
  /** `2002 on line 3`. */
  readonly title: string;
  readonly file: string | null;
  readonly line: number;
  readonly column: number;
  readonly networkPort: NetworkPort;
}

/**
 * One diagnostic for each network port that has an address and a number in common with one before it. Names of hosts are
 * compared as texts: nothing is looked up. A port that is off has no socket.
 * @param given the control port of -p, which takes the place of CONTROLPORT; null without one
 */
export function socketClashes(
  configuration: Pick<Configuration, "ports" | "rotators" | "controlPort" | "controlPortPlace">,
  given: string | null,
  serviceLookup: ServiceLookup,
): Diagnostic[] {
  const { ports, rotators, controlPortPlace: place } = configuration;
  const served = [...ports.filter(({ state, networkPort }) => state !== "off" && networkPort.port > 0), ...rotators];
  const controlPort = given ?? configuration.controlPort;
  const control =
    controlPort === null ? "" : parseNetworkPort(controlPortParts(controlPort).networkPort, serviceLookup);
  const first = new Map<string, Holder>();
  const diagnostics: Diagnostic[] = [];
  if (typeof control !== "string") {
    const { file, lineNumber: line, column } = given === null && place !== null ? place : NO_PLACE;
    const title = `the control port ${controlPort} ${given === null ? placeOf(line) : "of -p"}`;
    claim({ title, file, line, column, networkPort: control }, first);
  }
  for (const holder of served.map(holderOf)) {
    const other = claim(holder, first);
    if (other === null) continue;
    const { file, line, column, title } = holder;
    const origin = other.file === file || other.line === 0 ? "" : ` of ${other.file}`;
    const message = `Network port ${title} needs the socket of ${other.title}${origin}`;
    const expected = "expected another number; only one of the two can be served";
    diagnostics.push({ file, line, column, message, expected });
  }
  return diagnostics;
}

function holderOf({ name, networkPort, file, lineNumber: line, column }: PortConfig | RotatorConfig): Holder {
  return { title: `${name} ${placeOf(line)}`, file, line, column, networkPort };
}

function placeOf(line: number): string {
  return line === 0 ? "of -C" : `on line ${line}`;
}

const NO_PLACE = { file: null, lineNumber: 0, column: 1 };

/** Notes the addresses that are not taken yet; returns the owner of one that is taken, or null. */
function claim(holder: Holder, first: Map<string, Holder>): Holder | null {
  const { transport, port } = holder.networkPort;
  let other: Holder | null = null;
  for (const [family, address] of addresses(holder.networkPort)) {
    const number = `${transport} ${port} ${family}`;
    const [any, one] = [`${number} ${ANY}`, `${number} ${address}`];
    // `number` alone is the first of any address: the address of all clashes with each.
    other ??= first.get(address === ANY ? number : any) ?? first.get(one) ?? null;
    for (const key of [number, one]) if (!first.has(key)) first.set(key, holder);
  }
  return other;
}

const ANY = "*";

/** The addresses that it listens on, as far as the text tells. */
function addresses(networkPort: NetworkPort): (readonly ["ipv4" | "ipv6", string])[] {
  const { family, transport } = networkPort;
  const host = networkPort.host?.toLowerCase() ?? "";
  if (host === "::" && family === "any" && transport === "tcp") {
    return [
      ["ipv6", ANY],
      ["ipv4", ANY], // IPv4 peers are served by the same socket
    ];
  }
  return families(networkPort).map(one => {
    if (isAnyHost(host)) return [one, ANY];
    if (host === "localhost") return [one, one === "ipv4" ? "127.0.0.1" : "::1"];
    return [one, host];
  });
}
