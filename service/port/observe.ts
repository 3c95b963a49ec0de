/** A port as others may see it, put together from where each thing is known. */
import type { PortConfig, PortState } from "../config/configuration.js";
import type { FlowState, PortFacts } from "./facts.js";
import type { Life } from "./life.js";

export interface Observed {
  readonly config: PortConfig;
  readonly state: PortState;
  readonly timeoutSeconds: number;
  readonly life: Life;
  /** Of the heartbeat. */
  readonly second: number;
  readonly devicePresent: boolean;
  readonly pending: PortFacts["pending"];
  readonly listenError: string | null;
}

/** Each field is named: with a spread V8 makes a dictionary of 5 KB, for each port of a listing. */
export function observe(observed: Observed): PortFacts {
  const { config, state, life, second, listenError } = observed;
  const { device, line, name, networkPort } = config;
  const { phase, session } = life;
  const open = phase === "open" ? session : null;
  return {
    name,
    networkPort,
    state,
    timeoutSeconds: observed.timeoutSeconds,
    pending: observed.pending,
    devicePresent: observed.devicePresent,
    phase,
    slots: life.seats.facts(second),
    devicePath: device.path,
    deviceWritten: device.written,
    line: (open?.config.state ?? state) === "rawlp" ? null : line,
    lineInForce: open?.device.line?.settings ?? null,
    control: open?.device.line?.control ?? null,
    modemState: open?.device.line?.modemState() ?? null,
    toDevice: flow(life, "toDevice"),
    toNet: flow(life, "toNet"),
    bytesFromDevice: session?.pump.bytesFromDevice ?? 0,
    bytesToDevice: session?.pump.bytesToDevice ?? 0,
    lastError: listenError ?? life.lastError,
  };
}

function flow({ phase, session }: Life, direction: "toDevice" | "toNet"): FlowState {
  if (phase === "closing") return direction === "toNet" ? "closing" : "waiting output";
  if (session === null) return "unconnected";
  const waiting = direction === "toDevice" ? session.pump.waitsForDevice : session.pump.waitsForNet;
  return waiting ? "waiting output" : "waiting input";
}
