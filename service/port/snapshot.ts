/** The status of a port, put together from the objects that know each part. */
import type { PortDefinition } from "./definition.js";
import type { PortLifecycle } from "./lifecycle.js";
import { type PortCondition, type PortStatus, portCondition, type TransferPhase } from "./status.js";

interface SnapshotSource {
  readonly definition: PortDefinition;
  readonly lifecycle: PortLifecycle;
  /** Of the heartbeat. */
  readonly second: number;
  readonly listenError: string | null;
}

/** Each field is named: with a spread V8 makes a dictionary of 5 KB, for each port of a listing. */
export function snapshot(observed: SnapshotSource): PortStatus {
  const { definition, lifecycle, second, listenError } = observed;
  const { config, state, timeoutSeconds, pending } = definition;
  const { device, line, name, networkPort } = config;
  const { phase, openPort } = lifecycle;
  const open = phase === "open" ? openPort : null;
  return {
    name,
    networkPort,
    state,
    timeoutSeconds,
    pending: typeof pending === "string" ? pending : "reconfigure",
    devicePresent: lifecycle.device.isPresent,
    phase,
    closingMs: lifecycle.closingMs,
    writer: config.options.writer,
    slots: lifecycle.slots.all.map(connection => connection?.status(second) ?? null),
    devicePath: device.path,
    deviceWritten: device.written,
    line: (open?.config.state ?? state) === "rawlp" ? null : line,
    lineInForce: open?.device.line?.settings ?? null,
    control: device.kind === "sol" ? null : (open?.device.line?.control ?? null),
    modemState: open?.device.line?.modemState() ?? null,
    lineCounters: open?.device.line?.counters() ?? null,
    toDevice: flow(lifecycle, "toDevice"),
    toNet: flow(lifecycle, "toNet"),
    bytesFromDevice: openPort?.toNet.bytes ?? 0,
    bytesToDevice: openPort?.toDevice.bytes ?? 0,
    listenError,
    lastError: listenError ?? lifecycle.device.lastError,
  };
}

/** Without making a status, which has a place for each slot. */
export function conditionOf(lifecycle: PortLifecycle, listenError: string | null): PortCondition {
  const { phase, device, slots } = lifecycle;
  return portCondition({ phase, slots: slots.all, devicePresent: device.isPresent, listenError });
}

function flow({ phase, openPort }: PortLifecycle, direction: "toDevice" | "toNet"): TransferPhase {
  if (phase === "closing") return direction === "toNet" ? "closing" : "waiting output";
  if (openPort === null) return "unconnected";
  const waiting = direction === "toDevice" ? openPort.toDevice.blocked : openPort.toNet.blocked;
  return waiting ? "waiting output" : "waiting input";
}
