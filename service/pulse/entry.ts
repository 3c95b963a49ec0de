/** What the bundle pulse.cjs offers (docs/design.md, "What is loaded when"). */
export { LinePulses } from "./line-pulses.js";
export { readPulse } from "./steps.js";
