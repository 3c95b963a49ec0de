/** The bundle sol.cjs: RMCP+ and Serial over LAN, loaded when the first SOL device is opened. */
import { randomBytes } from "node:crypto";
import { SolSession, type SolSessionEvents, type SolSessionOptions } from "./sol-session.js";

/** A session that has not started yet. */
export function createSession(options: Omit<SolSessionOptions, "random">, events: SolSessionEvents): SolSession {
  return new SolSession({ ...options, random: randomBytes }, events);
}
