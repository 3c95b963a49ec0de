/** A document of profile keys -> the profile: what is wrong or contradicts itself is reported and left out. */
import type { Diagnostic } from "../config/diagnostic.js";
import { nearest } from "../config/nearest.js";
import { formatNetworkPort, type NetworkPort, parseNetworkPort } from "../config/network-port.js";
import type { JsonObject, Part } from "./json.js";
import { layProfile } from "./layers.js";
import {
  type BoardLed,
  type BoardMatch,
  type BoardPort,
  type BoardProfile,
  PROFILE,
  type ProfileDocument,
  type WrittenLed,
} from "./profile.js";
import { build, prune, type Reading, startReading } from "./shape.js";

export interface ProfileReading {
  readonly profile: BoardProfile;
  readonly diagnostics: readonly Diagnostic[];
}

/** What to open for a device as the profile has it, and what is wrong with it on this machine. */
export type DeviceLookup = (written: string) => { readonly device: string; readonly problem: string | null };

/** The manual page's, of LED lines. */
const STANDARD_DURATION_MS = 10;

/** `name` is that of the file, and the profile's. What is unsound in the file leaves what it extends as it is. */
export function readProfile(
  name: string,
  root: JsonObject,
  base: JsonObject | null,
  lookUp: DeviceLookup,
): ProfileReading {
  const diagnostics: Diagnostic[] = [];
  const reading = startReading(diagnostics);
  const own = prune(root, PROFILE, reading) ?? root;
  const below = base === null ? undefined : prune(base, PROFILE, reading);
  const document: ProfileDocument = build(below === undefined ? own : layProfile(own, below), PROFILE, reading) ?? {};
  if (document.id !== undefined && document.id !== name) {
    reading.report(placeOf(reading, document, "id"), `the file is that of ${name}`, `expected "${name}"`);
  }
  const leds = soundLeds(document.leds ?? [], reading);
  const profile: BoardProfile = {
    name,
    title: document.title ?? name,
    match: (document.match ?? []).filter(match => saysSomething(match, reading)),
    controlPort: soundControlPort(document, reading),
    ports: soundPorts(document.ports ?? [], leds, lookUp, reading),
    leds,
    enumerate: document.enumerate ?? null,
  };
  return { profile, diagnostics };
}

/** What is left of a profile that is no JSON. */
export function emptyProfile(name: string): BoardProfile {
  return { name, title: name, match: [], controlPort: null, ports: [], leds: [], enumerate: null };
}

function saysSomething(match: BoardMatch, reading: Reading): boolean {
  const { compatible, model, dmi = {} } = match;
  const texts = [compatible, model, ...Object.values(dmi)];
  if (texts.some(text => text !== undefined)) return true;
  reading.report(placeOf(reading, match), "would match every board", "expected compatible, model or dmi");
  return false;
}

function soundControlPort(document: ProfileDocument, reading: Reading): string | null {
  const { controlPort } = document;
  if (controlPort === undefined) return null;
  const parsed = readNetworkPort(controlPort);
  const problem = typeof parsed === "string" ? parsed : parsed.transport === "udp" ? "expected no udp," : null;
  if (problem === null) return controlPort;
  reading.report(placeOf(reading, document, "controlPort"), `"${controlPort}" is no TCP port`, problem);
  return null;
}

function soundLeds(leds: readonly WrittenLed[], reading: Reading): readonly BoardLed[] {
  const sound = new Map<string, BoardLed>();
  for (const led of leds) {
    const { id, sysfs, function: of = "port", durationMs = STANDARD_DURATION_MS, state = 1 } = led;
    if (sound.has(id)) {
      reading.report(placeOf(reading, led, "id"), `there is a LED ${id} already`, "this one is left out");
      continue;
    }
    // What flashes with the traffic belongs to a port; the box's own are switched.
    const trigger = of === "port" ? (led.trigger ?? "transient") : "none";
    if (led.trigger !== undefined && led.trigger !== trigger) {
      reading.report(placeOf(reading, led, "trigger"), `a LED of function "${of}" does not flash`, 'expected "none"');
    }
    sound.set(id, { id, sysfs, function: of, trigger, durationMs, state });
  }
  return [...sound.values()];
}

/** In order: of two that cannot both be, the first is the sound one. */
function soundPorts(
  ports: readonly BoardPort[],
  leds: readonly BoardLed[],
  lookUp: DeviceLookup,
  reading: Reading,
): readonly BoardPort[] {
  const ids = new Set<string>();
  const devices = new Map<string, string>();
  const networkPorts = new Map<string, string>();
  return ports.flatMap(port => {
    if (ids.has(port.id)) {
      reading.report(placeOf(reading, port, "id"), `there is a port ${port.id} already`, "this one is left out");
      return [];
    }
    ids.add(port.id);
    if (port.presence === "absent") return [];
    const { device, problem } = lookUp(port.device);
    const owner = devices.get(device);
    if (owner !== undefined) {
      reading.report(placeOf(reading, port, "device"), `is the device of ${owner} already`, "this port is left out");
      return [];
    }
    devices.set(device, port.id);
    if (problem !== null) reading.report(placeOf(reading, port, "device"), problem, "the port waits for it");
    return [{ ...soundPort(port, leds, networkPorts, reading), device }];
  });
}

type Draft<T> = { -readonly [Key in keyof T]: T[Key] };

function soundPort(
  port: BoardPort,
  leds: readonly BoardLed[],
  networkPorts: Map<string, string>,
  reading: Reading,
): BoardPort {
  const sound: Draft<BoardPort> = { ...port };
  if (port.networkPort !== undefined) {
    const problem = takeNetworkPort(port.id, port.networkPort, networkPorts);
    if (problem !== null) {
      reading.report(placeOf(reading, port, "networkPort"), ...problem);
      delete sound.networkPort;
    }
  }
  if (port.line !== undefined) sound.line = soundLine(port.line, port, reading);
  if (port.leds !== undefined) sound.leds = soundUses(port.leds, leds, reading);
  if (port.rs485 !== undefined && port.electrical !== "rs485" && port.electrical !== "rs422") {
    reading.report(placeOf(reading, port, "rs485"), "the port is not RS-485", 'expected "electrical": "rs485"');
    delete sound.rs485;
  }
  return sound;
}

/** What is wrong and what would be right. */
type Problem = readonly [message: string, expected: string];

function takeNetworkPort(id: string, text: string, taken: Map<string, string>): Problem | null {
  const parsed = readNetworkPort(text);
  if (typeof parsed === "string") return [`"${text}" is no network port`, parsed];
  const key = formatNetworkPort(parsed);
  const owner = taken.get(key);
  if (owner !== undefined) return [`is the network port of ${owner} already`, "this one is left out"];
  taken.set(key, id);
  return null;
}

function soundLine(
  line: NonNullable<BoardPort["line"]>,
  { lines, maxSpeed }: BoardPort,
  reading: Reading,
): NonNullable<BoardPort["line"]> {
  const sound: Draft<typeof line> = { ...line };
  if (line.speed !== undefined && maxSpeed !== undefined && line.speed > maxSpeed) {
    reading.report(
      placeOf(reading, line, "speed"),
      `${line.speed} is too fast`,
      `expected ${maxSpeed} at most (maxSpeed)`,
    );
    delete sound.speed;
  }
  if (line.flowControl === "rtscts" && lines !== undefined && !(lines.includes("rts") && lines.includes("cts"))) {
    reading.report(placeOf(reading, line, "flowControl"), "the port has no RTS and CTS", "expected none or xonxoff");
    delete sound.flowControl;
  }
  return sound;
}

type LedUses = NonNullable<BoardPort["leds"]>;

function soundUses(uses: LedUses, leds: readonly BoardLed[], reading: Reading): LedUses {
  const sound = Object.entries(uses).filter(([use, id]) => {
    const problem = ledProblem(use, id, leds);
    if (problem !== null) reading.report(placeOf(reading, uses, use), ...problem);
    return problem === null;
  });
  return Object.fromEntries(sound);
}

function ledProblem(use: string, id: string, leds: readonly BoardLed[]): Problem | null {
  const led = leds.find(one => one.id === id);
  if (led === undefined) {
    const near = nearest(
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

/** Numbers only: what a service is called differs from system to system. Zero is standard input, no network port. */
function readNetworkPort(text: string): NetworkPort | string {
  const parsed = parseNetworkPort(text, () => null);
  return typeof parsed !== "string" && parsed.port === 0 ? "expected a port number from 1" : parsed;
}

/** Where an object, or the value of one of its keys, was written. */
function placeOf(reading: Reading, object: object, key?: string): Part {
  const origin = reading.origins.get(object);
  const part = key === undefined ? origin : origin?.members.get(key)?.value;
  if (part === undefined) throw new Error("an object of the document has no place");
  return part;
}
