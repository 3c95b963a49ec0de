/** The network ports of port lines, rotators and control ports: those that can be served. */
import { BIT_RATES } from "../ipmi/settings.js";
import type { LineSettings } from "../line/settings.js";
import type { Configuration, DeviceName, PortOptions } from "./configuration.js";
import type { Directive, LineDiagnostic, Span } from "./directive.js";
import { controlPortParts, type NetworkPort, parseNetworkPort, type ServiceLookup } from "./network-port.js";
import { SOL_SPEEDS } from "./option-table.js";
import { isDiagnostic } from "./parse.js";
import { pathWithColons, withComma } from "./slips.js";
import { SOL_PREFIX } from "./sol-target.js";
import { holdsSecret } from "./sol-words.js";

type PortDirective = Extract<Directive, { kind: "port" }>;

/** Why a `-p` or CONTROLPORT text cannot be served; null when it can. */
export function controlPortProblem(text: string, serviceLookup: ServiceLookup): string | null {
  const read = tcpPort({ text: controlPortParts(text).networkPort, offset: 0 }, serviceLookup);
  return isDiagnostic(read) ? read.expected : null;
}

export type ControlPort = Pick<Configuration, "controlPort" | "controlPortPlace" | "controlPortDiagnostic">;

/** A CONTROLPORT line. */
export function controlPortOf({ text, offset }: Span, place: ControlPort["controlPortPlace"], lookup: ServiceLookup) {
  const expected = controlPortProblem(text, lookup);
  const message = `Invalid control port specified: ${text}`;
  const diagnostic = expected === null ? null : { offset, message, expected };
  return { controlPort: text, controlPortPlace: place, diagnostic };
}

const INVALID = "port number was invalid";
const ZERO = "port number was zero";

/** Rotators and control ports are served by TCP alone. */
export function tcpPort({ text, offset }: Span, serviceLookup: ServiceLookup): NetworkPort | LineDiagnostic {
  const read = parseNetworkPort(text, serviceLookup);
  if (typeof read === "string") return { offset, message: INVALID, expected: read };
  if (read.transport === "udp") return { offset, message: INVALID, expected: "expected a TCP port" };
  return read.port > 0 ? read : { offset, message: ZERO, expected: "expected a port number above 0" };
}

/** Only TCP has TLS: such a line is left out, and its port is not served in clear text. */
export function tlsProblem(name: string, { tls }: PortOptions, lookup: ServiceLookup): LineDiagnostic | null {
  const read = tls === null ? null : tcpPort({ text: name, offset: 0 }, lookup);
  return read !== null && isDiagnostic(read) ? read : null;
}

/** A SOL device has fewer speeds than a DEFAULT may set. */
export function speedProblem(device: DeviceName, { speed }: LineSettings, offset: number): LineDiagnostic | null {
  if (device.kind !== "sol" || BIT_RATES.has(speed)) return null;
  const message = `Invalid default speed for SOL ${device.path.slice(SOL_PREFIX.length)}: ${speed}`;
  return { offset, message, expected: SOL_SPEEDS };
}

/** The checks of a port line but for its device and options, in the order of the reference. */
export function servedPort(line: PortDirective, lookup: ServiceLookup): NetworkPort | LineDiagnostic {
  const read = parseNetworkPort(line.name, lookup);
  if (typeof read === "string") return { offset: 0, message: INVALID, expected: nameExpected(line.name, read) };
  const path = pathWithColons(line);
  if (path !== null) {
    const expected = `a device with colons needs a line of its own before this one: DEVICE:<name>:${path}`;
    return { offset: line.device.offset, message: "device configuration invalid", expected };
  }
  // Only a name of zeros alone means standard input.
  if (read.port === 0 && !/^0+$/.test(line.name)) {
    return { offset: 0, message: ZERO, expected: "expected a port number, or 0 alone for standard input" };
  }
  if (!/^[0-9]+$/.test(line.timeout.text)) {
    const expected = "expected seconds, 0 for no timeout";
    return { offset: line.timeout.offset, message: "timeout was invalid", expected };
  }
  return read;
}

/** @param problem what is wrong with the name, which may be a part of a SOL device */
function nameExpected(name: string, problem: string): string {
  return holdsSecret(name) ? "expected a network port before the state" : (withComma(name) ?? problem);
}
