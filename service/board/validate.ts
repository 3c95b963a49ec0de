/** Makes the profile of a document. Invalid and contradictory parts are reported and left out. */
import type { Diagnostic } from "../config/diagnostic.js";
import { formatNetworkPort, type NetworkPort, parseNetworkPort } from "../config/network-port.js";
import { isSolDevice } from "../config/sol-target.js";
import { suggest } from "../config/suggest.js";
import type { Json, JsonObject, Part } from "./json.js";
import { mergeProfiles } from "./merge.js";
import {
  type BoardLed,
  type BoardMatch,
  type BoardPort,
  type BoardProfile,
  type BoardPulse,
  PROFILE,
  type ProfileDocument,
  type WrittenLed,
} from "./profile.js";
import { createValidationContext, toValue, type ValidationContext, validate } from "./schema.js";
import { leaveOutOtherKind, solDeviceProblem } from "./sol-port.js";

interface ProfileResult {
  readonly profile: BoardProfile;
  readonly diagnostics: readonly Diagnostic[];
  /** The valid parts with their positions, those of the extended profile too. */
  readonly document: Json;
}

/** The path to open for a device of the profile, and the problem with it on this machine or null. */
export type DeviceLookup = (written: string) => { readonly device: string; readonly problem: string | null };

/** The default of LED lines (manual page). */
const STANDARD_DURATION_MS = 10;

/** `name` is that of the file and of the profile. An invalid value leaves the inherited one in place. */
export function readProfile(
  name: string,
  root: JsonObject,
  base: JsonObject | null,
  lookUp: DeviceLookup,
): ProfileResult {
  const diagnostics: Diagnostic[] = [];
  const context = createValidationContext(diagnostics);
  const own = validate(root, PROFILE, context) ?? root;
  const below = base === null ? undefined : validate(base, PROFILE, context);
  const merged = below === undefined ? own : mergeProfiles(own, below);
  const document: ProfileDocument = toValue(merged, PROFILE, context) ?? {};
  if (document.id !== undefined && document.id !== name) {
    context.report(placeOf(context, document, "id"), `the file is that of ${name}`, `expected "${name}"`);
  }
  const leds = validateLeds(document.leds ?? [], context);
  const profile: BoardProfile = {
    name,
    title: document.title ?? name,
    match: (document.match ?? []).filter(match => saysSomething(match, context)),
    controlPort: validateControlPort(document, context),
    ports: validatePorts(document.ports ?? [], leds, lookUp, context),
    leds,
    pulses: validatePulses(document.pulses ?? [], context),
    enumerate: document.enumerate ?? null,
  };
  return { profile, diagnostics, document: merged };
}

/** The profile of a file that is not JSON. */
export function emptyProfile(name: string): BoardProfile {
  return { name, title: name, match: [], controlPort: null, ports: [], leds: [], pulses: [], enumerate: null };
}

function saysSomething(match: BoardMatch, context: ValidationContext): boolean {
  const { compatible, model, dmi = {} } = match;
  const texts = [compatible, model, ...Object.values(dmi)];
  if (texts.some(text => text !== undefined)) return true;
  context.report(placeOf(context, match), "would match every board", "expected compatible, model or dmi");
  return false;
}

function validateControlPort(document: ProfileDocument, context: ValidationContext): string | null {
  const { controlPort } = document;
  if (controlPort === undefined) return null;
  const parsed = readNetworkPort(controlPort);
  const problem = typeof parsed === "string" ? parsed : parsed.transport === "udp" ? "expected no udp," : null;
  if (problem === null) return controlPort;
  context.report(placeOf(context, document, "controlPort"), `"${controlPort}" is not a TCP port`, problem);
  return null;
}

/** Ids are names of pulses: the first of each counts. */
function validatePulses(pulses: readonly BoardPulse[], context: ValidationContext): readonly BoardPulse[] {
  const ids = new Set<string>();
  return pulses.filter(pulse => {
    const isNew = !ids.has(pulse.id);
    ids.add(pulse.id);
    if (!isNew)
      context.report(placeOf(context, pulse, "id"), `${pulse.id} is defined already`, "this pulse is left out");
    return isNew;
  });
}

function validateLeds(leds: readonly WrittenLed[], context: ValidationContext): readonly BoardLed[] {
  const valid = new Map<string, BoardLed>();
  for (const led of leds) {
    const { id, sysfs, function: of = "port", durationMs = STANDARD_DURATION_MS, state = 1 } = led;
    if (valid.has(id)) {
      context.report(placeOf(context, led, "id"), `there is a LED ${id} already`, "this one is left out");
      continue;
    }
    // LEDs that flash with the traffic belong to a port; those of the whole box are switched.
    const trigger = of === "port" ? (led.trigger ?? "transient") : "none";
    if (led.trigger !== undefined && led.trigger !== trigger) {
      context.report(placeOf(context, led, "trigger"), `a LED of function "${of}" does not flash`, 'expected "none"');
    }
    valid.set(id, { id, sysfs, function: of, trigger, durationMs, state });
  }
  return [...valid.values()];
}

/** In order: of two that contradict each other, the first one counts. */
function validatePorts(
  ports: readonly BoardPort[],
  leds: readonly BoardLed[],
  lookUp: DeviceLookup,
  context: ValidationContext,
): readonly BoardPort[] {
  const ids = new Set<string>();
  const devices = new Map<string, string>();
  const networkPorts = new Map<string, string>();
  return ports.flatMap(port => {
    if (ids.has(port.id)) {
      context.report(placeOf(context, port, "id"), `there is a port ${port.id} already`, "this one is left out");
      return [];
    }
    ids.add(port.id);
    if (port.presence === "absent") return [];
    const solProblem = solDeviceProblem(port.device);
    if (solProblem !== null) {
      context.report(placeOf(context, port, "device"), ...solProblem);
      return [];
    }
    const asWritten = { device: port.device, problem: null };
    const { device, problem } = isSolDevice(port.device) ? asWritten : lookUp(port.device);
    const owner = devices.get(device);
    if (owner !== undefined) {
      context.report(placeOf(context, port, "device"), `is the device of ${owner} already`, "this port is left out");
      return [];
    }
    devices.set(device, port.id);
    if (problem !== null) context.report(placeOf(context, port, "device"), problem, "the port waits for it");
    return [{ ...validatePort(port, leds, networkPorts, context), device }];
  });
}

type Draft<T> = { -readonly [Key in keyof T]: T[Key] };

function validatePort(
  port: BoardPort,
  leds: readonly BoardLed[],
  networkPorts: Map<string, string>,
  context: ValidationContext,
): BoardPort {
  const valid: Draft<BoardPort> = { ...port };
  if (port.networkPort !== undefined) {
    const problem = takeNetworkPort(port.id, port.networkPort, networkPorts);
    if (problem !== null) {
      context.report(placeOf(context, port, "networkPort"), ...problem);
      delete valid.networkPort;
    }
  }
  if (port.line !== undefined) valid.line = validateLine(port.line, port, context);
  if (port.leds !== undefined) valid.leds = validateLedUses(port.leds, leds, context);
  if (port.rs485 !== undefined && port.electrical !== "rs485" && port.electrical !== "rs422") {
    context.report(placeOf(context, port, "rs485"), "the port is not RS-485", 'expected "electrical": "rs485"');
    delete valid.rs485;
  }
  leaveOutOtherKind(valid, port, ([object, key], ...problem) => {
    context.report(placeOf(context, object, key), ...problem);
  });
  return valid;
}

/** The error and what was expected. */
type Problem = readonly [message: string, expected: string];

function takeNetworkPort(id: string, text: string, taken: Map<string, string>): Problem | null {
  const parsed = readNetworkPort(text);
  if (typeof parsed === "string") return [`"${text}" is not a network port`, parsed];
  const key = formatNetworkPort(parsed);
  const owner = taken.get(key);
  if (owner !== undefined) return [`is the network port of ${owner} already`, "this one is left out"];
  taken.set(key, id);
  return null;
}

function validateLine(
  line: NonNullable<BoardPort["line"]>,
  { lines, maxSpeed }: BoardPort,
  context: ValidationContext,
): NonNullable<BoardPort["line"]> {
  const valid: Draft<typeof line> = { ...line };
  if (line.speed !== undefined && maxSpeed !== undefined && line.speed > maxSpeed) {
    context.report(
      placeOf(context, line, "speed"),
      `${line.speed} is too fast`,
      `expected ${maxSpeed} at most (maxSpeed)`,
    );
    delete valid.speed;
  }
  if (line.flowControl === "rtscts" && lines !== undefined && !(lines.includes("rts") && lines.includes("cts"))) {
    context.report(placeOf(context, line, "flowControl"), "the port has no RTS and CTS", "expected none or xonxoff");
    delete valid.flowControl;
  }
  return valid;
}

type LedUses = NonNullable<BoardPort["leds"]>;

function validateLedUses(uses: LedUses, leds: readonly BoardLed[], context: ValidationContext): LedUses {
  const valid = Object.entries(uses).filter(([use, id]) => {
    const problem = ledProblem(use, id, leds);
    if (problem !== null) context.report(placeOf(context, uses, use), ...problem);
    return problem === null;
  });
  return Object.fromEntries(valid);
}

function ledProblem(use: string, id: string, leds: readonly BoardLed[]): Problem | null {
  const led = leds.find(one => one.id === id);
  if (led === undefined) {
    const near = suggest(
      id,
      leds.map(one => one.id),
    );
    return [`there is no LED ${id}`, near === null ? "expected the id of one of the leds" : `nearest: ${near}`];
  }
  if (led.function !== "port") return [`${id} tells the state of the whole box`, 'expected a LED of function "port"'];
  const wanted = use === "rx" || use === "tx" ? "transient" : "none";
  return led.trigger === wanted
    ? null
    : [`${id} has the trigger ${led.trigger}`, `expected one of trigger "${wanted}"`];
}

/** Numbers only, since service names differ between systems. Zero means standard input, which is not a network port. */
function readNetworkPort(text: string): NetworkPort | string {
  const parsed = parseNetworkPort(text, () => null);
  return typeof parsed !== "string" && parsed.port === 0 ? "expected a port number from 1" : parsed;
}

/** Where an object, or the value of one of its keys, was written. */
function placeOf(context: ValidationContext, object: object, key?: string): Part {
  const origin = context.origins.get(object);
  const part = key === undefined ? origin : origin?.members.get(key)?.value;
  if (part === undefined) throw new Error("an object of the document has no place");
  return part;
}
