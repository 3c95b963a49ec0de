/** How a port is, in words for STATUS= and D-Bus. */
import type { PortFacts } from "./facts.js";
import type { Phase } from "./phase.js";

export type PortCondition = "disabled" | "waiting for device" | "idle" | "opening" | "connected" | "closing";

/** A device that is not there is no error: who calls is told, and the port serves as soon as it appears. */
export function portCondition({ phase, devicePresent }: Pick<PortFacts, "phase" | "devicePresent">): PortCondition {
  if (!devicePresent && (phase === "idle" || phase === "opening")) return "waiting for device";
  return phase === "open" ? "connected" : (phase satisfies Exclude<Phase, "open">);
}
