/** The device of a port line, and of a DEVICE line: a path, or a SOL device with its arguments. */
import type { DeviceName, NamedText, PulseReader } from "./configuration.js";
import type { LineDiagnostic, Span } from "./directive.js";
import type { ServiceLookup } from "./network-port.js";
import { pathWithoutDev } from "./slips.js";
import type { readSolDevice } from "./sol-arguments.js";
import { isSolDevice } from "./sol-target.js";
import { holdsSecret } from "./sol-words.js";
import type { readTls } from "./tls.js";

/** What a configuration is read with. */
export interface ConfigurationEnvironment {
  readonly serviceLookup: ServiceLookup;
  /** Not a part of what reads a configuration without SOL devices: app/sol.ts. */
  readonly readSolDevice: typeof readSolDevice;
  /** As above: app/pulses.ts. Without it every text is taken for a pulse. */
  readonly readPulse?: PulseReader;
  /** As above: app/tls.ts. Without it no text is a TLS line. */
  readonly readTls?: typeof readTls;
}

/** The device text of a line, and the part of it that was cut. */
interface DeviceReading<T> {
  readonly value: T | LineDiagnostic;
  readonly warnings: readonly LineDiagnostic[];
}

const INVALID = "device configuration invalid";

/** The device of a port line: a name that a DEVICE line defined before, or the device itself. */
export function readDeviceName(
  written: Span,
  texts: ReadonlyMap<string, NamedText>,
  environment: ConfigurationEnvironment,
): DeviceReading<DeviceName> {
  const named = texts.get(written.text);
  if (named?.kind !== "device") return readDevice(written, environment);
  const { text: path, target } = named;
  const name = { written: written.text, path };
  if (target === undefined) return { value: { ...name, kind: "tty" }, warnings: [] };
  if (target !== null) return { value: { ...name, kind: "sol", target }, warnings: [] };
  const expected = `the line of DEVICE ${written.text} is wrong`;
  return { value: { offset: written.offset, message: INVALID, expected }, warnings: [] };
}

/**
 * The definition of a DEVICE line. A line with a diagnostic defines its name too, so that the name is not taken for a
 * path.
 */
export function readDeviceText(
  text: Span,
  environment: ConfigurationEnvironment,
): { readonly named: NamedText; readonly diagnostics: readonly LineDiagnostic[] } {
  const { value, warnings } = readDevice(text, environment);
  const named = { kind: "device", bytes: null } as const;
  if ("message" in value) return { named: { ...named, text: "", target: null }, diagnostics: [value] };
  const target = value.kind === "sol" ? { target: value.target } : {};
  return { named: { ...named, text: value.path, ...target }, diagnostics: warnings };
}

function readPath({ text, offset }: Span): DeviceReading<DeviceName> {
  const meant = text.startsWith("/") ? text : pathWithoutDev(text);
  const path = meant ?? text;
  const value: DeviceName = { written: path, path, kind: "tty" };
  if (meant === text || text === "") return { value, warnings: [] };
  const taken = meant === null ? "" : `taken as ${meant}; `;
  const expected = `${taken}expected a whole path${meant === null ? " such as /dev/ttyS0" : ""}, or the name of a DEVICE defined before this line`;
  return { value, warnings: [{ offset, message: `Device ${text} has no path`, expected }] };
}

function readDevice(device: Span, environment: ConfigurationEnvironment): DeviceReading<DeviceName> {
  const { text, offset } = device;
  if (!isSolDevice(text)) {
    // `sol,lan -P ...` would show its password wherever the path of a device is shown.
    const expected = "expected sol.lan before the options of a SOL device";
    if (holdsSecret(text)) return { value: { offset, message: INVALID, expected }, warnings: [] };
    return readPath(device);
  }
  const read = environment.readSolDevice(device, environment.serviceLookup);
  if ("message" in read) return { value: read, warnings: [] };
  const { path, target, warnings } = read;
  return { value: { written: path, path, kind: "sol", target }, warnings };
}

/** All of a SOL device but its secrets is in its path. */
export function isSameDevice(one: DeviceName, other: DeviceName): boolean {
  return one.path === other.path && secretsOf(one) === secretsOf(other);
}

function secretsOf(device: DeviceName): string {
  if (device.kind !== "sol") return "";
  const { password, bmcKey } = device.target;
  return [password, bmcKey].map(secret => (secret.kind === "text" ? secret.value : "")).join("\0");
}
