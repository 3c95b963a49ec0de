/** Daemons behind a control port or their local sockets, for machines without D-Bus. */
import { type ControlAddress, ControlSession } from "../client/control-session.js";
import { controlAddresses } from "../client/daemons.js";
import { parseNetworkPort } from "../config/network-port.js";
import { type Clock, systemClock } from "../line/clock.js";
import { createServiceLookup } from "../net/services.js";
import type { Activity } from "../port/drain.js";
import { DaemonError, type RunningDaemon } from "./running-daemon.js";

/** As `busy` of the control port prints it (docs/extensions.md, "Drain"). */
const ACTIVITY = /^(connection|control|monitor|closing) (\S+) (?:-|(\S+),(\d+)) (\d{4}-\S+Z)$/;

/** @param spec as the daemon's `-p` */
export async function connectControlPort(spec: string, clock: Clock = systemClock): Promise<RunningDaemon> {
  const port = parseNetworkPort(spec, createServiceLookup());
  if (typeof port === "string" || port.transport !== "tcp" || port.port === 0) {
    throw new DaemonError("failed", `not a control port: ${spec}`);
  }
  const family = ({ ipv4: 4, ipv6: 6, any: 0 } as const)[port.family];
  const address = { name: `control port ${spec}`, host: port.host ?? "localhost", port: port.port, family } as const;
  return openDaemon(address, spec, clock);
}

/** The daemons behind their local sockets. Rejects with DaemonError. @param instances none: all that run */
export async function connectSockets(
  instances: readonly string[],
  clock: Clock = systemClock,
): Promise<readonly RunningDaemon[]> {
  const addresses = controlAddresses({ host: null, instances, sockets: [] });
  const opened = addresses.map(address => openDaemon(address, address.name, clock));
  if (instances.length > 0) return Promise.all(opened);
  const outcomes = await Promise.allSettled(opened);
  const daemons = outcomes.flatMap(outcome => (outcome.status === "fulfilled" ? [outcome.value] : []));
  // A socket that a killed daemon has left is not a daemon.
  const reasons = outcomes.flatMap(outcome => (outcome.status === "rejected" ? [outcome.reason] : []));
  const failure = reasons.find(({ code }) => code !== "absent") ?? (daemons.length === 0 ? reasons[0] : undefined);
  if (failure !== undefined) throw failure;
  return daemons;
}

async function openDaemon(address: ControlAddress, name: string, clock: Clock): Promise<RunningDaemon> {
  const session = await ControlSession.open(address, clock);
  await session.ask(""); // it is there, and is a control port
  return {
    name,
    activities: async () => (await session.ask("busy")).flatMap(readActivity),
    drain: () => change(session, "drain"),
    undrain: () => change(session, "undrain"),
    close: () => session.close(),
  };
}

async function change(session: ControlSession, command: string): Promise<void> {
  const refusal = (await session.ask(command)).find(line => line.startsWith("Permission denied"));
  if (refusal !== undefined) throw new DaemonError("failed", refusal);
}

/** None where the line is something else: an echo, a notice. */
function readActivity(line: string): readonly Activity[] {
  const [, kind, port, address = "", portNumber = "0", since] = ACTIVITY.exec(line) ?? [];
  if (kind === undefined || port === undefined || since === undefined) return [];
  return [{ kind: kind as Activity["kind"], port, address, portNumber: Number(portNumber), since: Date.parse(since) }];
}
