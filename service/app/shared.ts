/**
 * What bundles take from the daemon in place of a copy of their own (build.mjs): modules that have a state, and classes that
 * `instanceof` compares. A name that a bundle needs and that is not here is an error of the build.
 */
export { reasonOf } from "../native/errors.js";
export { readRegularFile } from "../native/read-file.js";
export { LinkError } from "../net/link.js";
export { refuse } from "../port/peers/admission.js";
export { TelnetDecoder } from "../telnet/decoder.js";
export { CONTROL_PORT_POLICY, Negotiation } from "../telnet/negotiation.js";
