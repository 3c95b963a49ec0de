/** What the daemon takes from this room: a bundle of its own (docs/design.md, "What is loaded when"). */
export { LinePulses } from "./line-pulses.js";
export { readPulse } from "./steps.js";
