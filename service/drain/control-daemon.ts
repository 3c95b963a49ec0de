/** A daemon behind its control port, for machines without D-Bus. */
import { ControlSession } from "../client/control-session.js";
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
  const session = await ControlSession.open(address, clock);
  await session.ask(""); // it is there, and is a control port
  return {
    name: spec,
    activities: async () => (await session.ask("busy")).flatMap(readActivity),
    drain: async () => void (await session.ask("drain")),
    undrain: async () => void (await session.ask("undrain")),
    close: () => session.close(),
  };
}

/** None where the line is something else: an echo, a notice. */
function readActivity(line: string): readonly Activity[] {
  const [, kind, port, address = "", portNumber = "0", since] = ACTIVITY.exec(line) ?? [];
  if (kind === undefined || port === undefined || since === undefined) return [];
  return [{ kind: kind as Activity["kind"], port, address, portNumber: Number(portNumber), since: Date.parse(since) }];
}
