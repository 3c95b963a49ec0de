/** The numbers of RFC 854, and of the options this daemon knows. */

export const SE = 240;
export const DM = 242;
export const BRK = 243;
export const AYT = 246;
export const SB = 250;
export const WILL = 251;
export const WONT = 252;
export const DO = 253;
export const DONT = 254;
export const IAC = 255;

export const BINARY = 0; // RFC 856
export const ECHO = 1; // RFC 857
export const SGA = 3; // RFC 858, SUPPRESS-GO-AHEAD
export const COM_PORT = 44; // RFC 2217, COM-PORT-OPTION

export type Verb = "will" | "wont" | "do" | "dont";

export const VERB_CODES = { will: WILL, wont: WONT, do: DO, dont: DONT } as const satisfies Record<Verb, number>;
