/** One line of the log for each connect, refusal, kick, take-over and disconnect (docs/units.md, "Journal"). */
import { unmappedText } from "../line/address.js";
import type { LoggedEvent } from "../log/log.js";
import type { Link } from "../net/link.js";
import type { PortEnvironment } from "./environment.js";

/** A connection, or a link that did not become one. */
interface Subject {
  readonly link: Pick<Link, "peer" | "user">;
  readonly bytesFromNet?: number;
  readonly bytesToNet?: number;
  readonly startedMs?: number; // on the clock
}

interface LoggedPort {
  readonly name: string;
  readonly device?: { readonly path: string };
}

/** `logConnection` of one port. */
export type ConnectionNote = (event: keyof typeof SAID, subject: Subject, reason?: string) => void;

const SAID = {
  connect: "connected",
  refuse: "refused",
  kick: "kicked off",
  "take-over": "took over",
  disconnect: "disconnected",
} as const satisfies Partial<Record<LoggedEvent, string>>;

/**
 * Writes `Port 2001 (Router): 192.0.2.7,40112 disconnected: timeout, after 12 s, 120 bytes in, 3400 out`.
 * @param reason why it was refused or ended; of a kick `by 192.0.2.9,5555`, of a take-over `from 192.0.2.9,5555`
 */
export function logConnection(
  environment: Pick<PortEnvironment, "log" | "label" | "time" | "quiet" | "count">,
  port: LoggedPort,
  event: keyof typeof SAID,
  subject: Subject,
  reason: string | null = null,
): void {
  if (event === "connect") environment.count(port.name, "connects");
  if (event === "refuse") environment.count(port.name, "refusals");
  if (environment.quiet && (event === "connect" || event === "disconnect")) return;
  const { link, bytesFromNet: bytesIn, bytesToNet: bytesOut, startedMs } = subject;
  const [peer, user] = [peerText(link), link.user ?? null];
  const label = environment.label(port.name);
  const device = port.device?.path ?? null;
  const why = reason?.trimEnd() ?? null;
  let text = `${portText(port.name, label)}: ${peer}${user === null ? "" : ` (${user})`} ${SAID[event]}`;
  if (event === "connect") text += `, device ${device}`;
  if (why !== null) text += `${event === "kick" || event === "take-over" ? "" : ":"} ${why}`;
  const about = { event, port: port.name, label, device, peer, user, reason: why };
  if (startedMs === undefined || event === "connect" || event === "take-over") {
    environment.log.notice(text, about);
    return;
  }
  const duration = Math.round((environment.time.nowMs() - startedMs) / 1000);
  text += `, after ${duration} s, ${bytesIn} bytes in, ${bytesOut} out`;
  environment.log.notice(text, { ...about, duration, bytesIn, bytesOut });
}

/** `Port 2001 (Router)`. */
export function portText(name: string, label: string | null): string {
  return `Port ${name}${label === null ? "" : ` (${label})`}`;
}

/** `192.0.2.7,40112`. */
export function peerText({ peer: { address, port } }: Pick<Link, "peer">): string {
  return port === 0 ? address : `${unmappedText(address)},${port}`;
}
