/** From what the daemon tells of its ports to messages: the status of each, and what happened between two of them. Pure. */

/** A row of `ports json`, with all its keys. */
export type Row = Readonly<Record<string, unknown>> & { readonly port: string };

export interface BoardEvent {
  readonly event: string;
  readonly time: string;
  readonly [key: string]: unknown;
}

/** Keys that change with every byte or second: they alone do not make a new status. */
const BUSY_KEYS = ["idle", "bytesIn", "bytesOut", "breaks"];
const WAITING = "waiting for device";

/** What is published of a port; equal texts mean that nothing worth a message has changed. */
export function comparable(row: Row): string {
  const connections = Array.isArray(row.connections) ? row.connections : [];
  const kept = Object.fromEntries(Object.entries(row).filter(([key]) => !BUSY_KEYS.includes(key)));
  return JSON.stringify({ ...kept, connections: connections.map(one => ({ ...one, idle: 0, in: 0, out: 0 })) });
}

/** Devices that were lost or came back, and breaks that a device has sent, between two looks at a port. */
export function eventsBetween(before: Row | undefined, after: Row, time: string): readonly BoardEvent[] {
  if (before === undefined) return [];
  const { port, label, device } = after;
  const event = (name: string, more: object = {}): BoardEvent => ({ event: name, time, port, label, device, ...more });
  const events: BoardEvent[] = [];
  const [was, is] = [before.condition === WAITING, after.condition === WAITING];
  if (is && !was) events.push(event("device-lost", { error: after.error }));
  if (was && !is) events.push(event("device-back"));
  const [earlier, later] = [before.breaks, after.breaks];
  if (typeof earlier === "number" && typeof later === "number" && later > earlier) {
    events.push(event("break", { count: later - earlier }));
  }
  return events;
}

/** A line of the log as an event: what happened to a connection, or `log`. */
export function eventOfLine(line: Readonly<Record<string, unknown>>): BoardEvent {
  const { kind: _, event, time, ...rest } = line;
  return { event: typeof event === "string" ? event : "log", time: typeof time === "string" ? time : "", ...rest };
}
