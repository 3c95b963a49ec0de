/** Compares the old and the new configuration to a plan for a reload. Busy ports change when they are free. */
import type { Configuration, LedConfig, PortConfig, RotatorConfig } from "./configuration.js";

interface ReloadPlan {
  readonly ports: readonly PortStep[];
  readonly rotators: readonly RotatorStep[];
  readonly leds: LedSteps;
  /** The configuration in force after the plan, with what was kept: the `old` of the next reload. */
  readonly inForce: Configuration;
}

export type PortStep =
  | { readonly do: "create"; readonly config: PortConfig }
  /** `disconnectReason`: disconnect its peers for that reason first; null: it has none. */
  | { readonly do: "replace-now"; readonly config: PortConfig; readonly disconnectReason: "UDP reconfig" | null }
  | { readonly do: "replace-when-free"; readonly config: PortConfig }
  | { readonly do: "remove-now"; readonly name: string; readonly disconnectReason: "UDP delete" | null }
  | { readonly do: "remove-when-free"; readonly name: string }
  /** Its line has an error in the new file: it stays as it is. */
  | { readonly do: "keep"; readonly name: string };

export type RotatorStep =
  /** `change`: another list of ports. Its network port is its name, so its sockets stay open. */
  | { readonly do: "open" | "change"; readonly config: RotatorConfig }
  | { readonly do: "keep" | "close"; readonly name: string };

interface LedSteps {
  /** No longer in the configuration. A port that still holds one keeps it until it closes or changes. */
  readonly release: readonly LedConfig[];
  /** To be set up, in this order. */
  readonly configure: readonly LedConfig[];
}

export function planReload(old: Configuration, next: Configuration, busy: (portName: string) => boolean): ReloadPlan {
  const before = new Map(old.ports.map(port => [port.name, port]));
  const after = new Set(next.ports.map(port => port.name));
  const gone = old.ports.filter(port => !after.has(port.name));
  const isDamaged = prefixFinder(next.faultyLines);
  const kept = gone.filter(port => isDamaged(`${port.name}:`));
  const keptNames = new Set(kept.map(port => port.name));
  const rotators = planRotators(old, next);
  return {
    ports: [
      ...next.ports.map(port => planPort(before.get(port.name), port, busy(port.name))),
      ...gone.map(port => (keptNames.has(port.name) ? keep(port.name) : planRemoval(port, busy(port.name)))),
    ],
    rotators: rotators.steps,
    leds: planLeds(old.leds, next.leds),
    inForce: {
      ...next,
      ports: [...next.ports, ...kept],
      rotators: [...next.rotators, ...rotators.kept],
      controlPort: controlPortInForce(old, next),
      controlSocket: isDamaged("CONTROLSOCKET:") ? old.controlSocket : next.controlSocket,
      metricsPort: isDamaged("METRICS:") ? old.metricsPort : next.metricsPort,
    },
  };
}

function planPort(old: PortConfig | undefined, config: PortConfig, isBusy: boolean): PortStep {
  // A port that is removed when its peers have gone is in neither configuration, but busy.
  if (!isBusy)
    return old === undefined ? { do: "create", config } : { do: "replace-now", config, disconnectReason: null };
  // A UDP peer may never leave, so a changed UDP port does not wait for that (docs/reference.md, "Reload").
  const isUrgent = config.networkPort.transport === "udp" && old !== undefined && !isSame(old, config);
  return isUrgent
    ? { do: "replace-now", config, disconnectReason: "UDP reconfig" }
    : { do: "replace-when-free", config };
}

function planRemoval({ name, networkPort }: PortConfig, isBusy: boolean): PortStep {
  if (isBusy && networkPort.transport === "tcp") return { do: "remove-when-free", name };
  return { do: "remove-now", name, disconnectReason: isBusy ? "UDP delete" : null };
}

function keep(name: string): { readonly do: "keep"; readonly name: string } {
  return { do: "keep", name };
}

/** Connections through a rotator do not depend on it. */
function planRotators(old: Configuration, next: Configuration): { steps: RotatorStep[]; kept: RotatorConfig[] } {
  const before = new Map(old.rotators.map(rotator => [rotator.name, rotator]));
  const after = new Set(next.rotators.map(rotator => rotator.name));
  const gone = old.rotators.filter(rotator => !after.has(rotator.name));
  const isDamaged = prefixFinder(next.faultyLines.flatMap(line => rotatorIn(line)));
  const kept = gone.filter(({ name }) => isDamaged(`${name}:`));
  const keptNames = new Set(kept.map(({ name }) => name));
  const steps = next.rotators.map((config): RotatorStep => {
    const same = before.get(config.name);
    if (same === undefined) return { do: "open", config };
    return isSame(same, config) ? keep(config.name) : { do: "change", config };
  });
  for (const rotator of gone) {
    steps.push(keptNames.has(rotator.name) ? keep(rotator.name) : { do: "close", name: rotator.name });
  }
  return { steps, kept };
}

/** `name:...` of a ROTATOR line, which may end behind the name. */
function rotatorIn(line: string): string[] {
  const rest = /^ROTATOR:+(.*)$/s.exec(line)?.[1];
  return rest === undefined ? [] : [`${rest}:`];
}

/** Whether one of the lines begins with a text. They are sorted once: there may be many, and many texts. */
function prefixFinder(lines: readonly string[]): (text: string) => boolean {
  const sorted = [...lines].sort();
  return text => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle] ?? "") < text) low = middle + 1;
      else high = middle;
    }
    return sorted[low]?.startsWith(text) === true;
  };
}

/** A CONTROLPORT line with an error keeps the old one in force, as a port line with an error does. */
function controlPortInForce(old: Configuration, next: Configuration): string | null {
  const isDamaged =
    next.controlPortDiagnostic !== null || next.faultyLines.some(line => line.startsWith("CONTROLPORT:"));
  return isDamaged ? old.controlPort : next.controlPort;
}

/**
 * Two names may share one device, and the later definition counts: a device is set up again if any of its definitions
 * changed.
 */
function planLeds(old: readonly LedConfig[], next: readonly LedConfig[]): LedSteps {
  const before = byDevice(old);
  const after = byDevice(next);
  const changed = new Set([...after.keys()].filter(device => before.get(device) !== after.get(device)));
  return {
    release: old.filter(({ device }) => !after.has(device)),
    configure: next.filter(({ device }) => changed.has(device)),
  };
}

function byDevice(leds: readonly LedConfig[]): ReadonlyMap<string, string> {
  const devices = new Map<string, string>();
  for (const led of leds) devices.set(led.device, `${devices.get(led.device) ?? ""}${JSON.stringify(led)}`);
  return devices;
}

/** Equal apart from the place in the file and the names of texts. */
function isSame(one: PortConfig | RotatorConfig, other: PortConfig | RotatorConfig): boolean {
  return comparable(one) === comparable(other);
}

function comparable(config: PortConfig | RotatorConfig): string {
  return JSON.stringify({ ...config, file: null, lineNumber: 0, column: undefined, names: {} });
}
