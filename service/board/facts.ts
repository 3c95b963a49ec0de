/** What a profile knows of the ports of a configuration beyond their lines: for D-Bus and LEDs. */
import type { PortConfig } from "../config/configuration.js";
import type { Diagnostic } from "../config/diagnostic.js";
import type { BoardLed, BoardPort, BoardProfile } from "./profile.js";

export interface ProfileFacts {
  readonly board: string;
  /** By port name. A configuration line may serve the device under another network port: the device decides. */
  readonly ports: ReadonlyMap<string, PortHardware>;
  /** Every connector of the board, served or not. */
  readonly hardware: readonly PortHardware[];
  /** Those that tell the state of the whole box: function ok or fault. */
  readonly boxLeds: readonly BoardLed[];
}

export interface PortHardware {
  /** As printed on the case. */
  readonly label: string;
  readonly device: string;
  readonly maxSpeed: number | null; // bits per second
  /** The board is healthy only while the device is there. */
  readonly required: boolean;
  readonly leds: PortLeds;
}

/** rx and tx flash by their LED lines; link is on while a connection exists, fault while the device fails. */
export interface PortLeds {
  readonly rx: BoardLed | null;
  readonly tx: BoardLed | null;
  readonly link: BoardLed | null;
  readonly fault: BoardLed | null;
}

export function profileFacts(profile: BoardProfile, ports: readonly PortConfig[]): ProfileFacts {
  const hardware = profile.ports.map(port => portHardware(port, profile.leds));
  const byDevice = new Map(hardware.map(one => [one.device, one]));
  const served = ports.flatMap(({ name, device }): [string, PortHardware][] => {
    const one = byDevice.get(device.path);
    return one === undefined ? [] : [[name, one]];
  });
  return {
    board: profile.name,
    ports: new Map(served),
    hardware,
    boxLeds: profile.leds.filter(led => led.function !== "port"),
  };
}

/** The lines, of the profile or of a file, that ask for more than their connector can do. */
export function tooFastPorts(facts: ProfileFacts, ports: readonly PortConfig[]): Diagnostic[] {
  return ports.flatMap(({ name, line, file, lineNumber }) => {
    const hardware = facts.ports.get(name);
    if (hardware === undefined || hardware.maxSpeed === null || line.speed <= hardware.maxSpeed) return [];
    const message = `${line.speed} is too fast for port ${hardware.label} of ${facts.board} on line ${lineNumber}`;
    return [{ file, line: lineNumber, column: 1, message, expected: `expected ${hardware.maxSpeed} at most` }];
  });
}

function portHardware(port: BoardPort, leds: readonly BoardLed[]): PortHardware {
  const { id, device, leds: uses = {} } = port;
  const ledOf = (use: string | undefined) => leds.find(led => led.id === use) ?? null;
  return {
    label: port.label ?? id,
    device,
    maxSpeed: port.maxSpeed ?? null,
    required: port.presence === "required",
    leds: { rx: ledOf(uses.rx), tx: ledOf(uses.tx), link: ledOf(uses.link), fault: ledOf(uses.fault) },
  };
}
