/** Pulses of the modem lines: a bundle of its own, loaded where one is defined, when one is played, or for esp-auto-reset. */
import type { PulseReader } from "../config/configuration.js";
import { loadModule } from "../native/load-module.js";

export function loadPulses() {
  return loadModule<typeof import("../pulse/entry.js")>("./pulse.cjs");
}

export const readPulse: PulseReader = text => loadPulses().readPulse(text);
