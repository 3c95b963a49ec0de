/** The drain of a daemon: its state, its end, and the connections and sessions that are left. */
import type { Cancel, Clock } from "../line/clock.js";
import type { Log } from "../log/log.js";
import type { Activity, Drain } from "../port/drain.js";
import type { ManagedPort } from "../port/status.js";

/** The drain ends by itself after this time, so that a failed update does not keep the ports closed. */
export const LONGEST_DRAIN_MS = 3_600_000;
/** A fixed UDP peer never disconnects: it counts as active while its last data, of either direction, is not older. */
const FIXED_PEER_SECONDS = 60;

const NOTICE = "Port is draining: please end this connection when you can";
const CONTROL_NOTICE = "[Ports are draining: please end this session when you can]";

interface DaemonDrainOptions {
  readonly ports: { list(): readonly ManagedPort[] };
  /** Those of the control port. */
  sessions(asker: object | null): readonly Activity[];
  tellSessions(text: string, asker: object | null): void;
  changed(): void;
  readonly log: Log;
  readonly clock: Clock;
}

export class DaemonDrain implements Drain {
  readonly #options: DaemonDrainOptions;
  #cancelEnd: Cancel | null = null;

  constructor(options: DaemonDrainOptions) {
    this.#options = options;
  }

  get isDraining(): boolean {
    return this.#cancelEnd !== null;
  }

  begin(asker: object | null = null): void {
    const { clock, log, ports, tellSessions, changed } = this.#options;
    const isNew = this.#cancelEnd === null;
    this.#cancelEnd?.();
    this.#cancelEnd = clock.after(LONGEST_DRAIN_MS, () => {
      log.warning("The drain ends, nothing has ended it for an hour");
      this.end();
    });
    if (!isNew) return;
    log.notice(`Draining: new connections are refused, ${this.activities(asker).length} left`);
    for (const port of ports.list()) port.people.tell(NOTICE);
    tellSessions(CONTROL_NOTICE, asker);
    changed();
  }

  end(): void {
    if (this.#cancelEnd === null) return;
    this.#cancelEnd();
    this.#cancelEnd = null;
    this.#options.log.notice("The drain has ended, connections are accepted again");
    this.#options.changed();
  }

  activities(asker: object | null = null): readonly Activity[] {
    const { ports, sessions, clock } = this.#options;
    const nowMs = clock.date().getTime();
    return [...ports.list().flatMap(port => activitiesOf(port, nowMs)), ...sessions(asker)];
  }
}

function activitiesOf(port: ManagedPort, nowMs: number): readonly Activity[] {
  const { phase, slots, name, closingMs } = port.status();
  if (phase === "disabled" || phase === "idle") return [];
  if (phase === "closing") {
    return [{ kind: "closing", port: name, address: "", portNumber: 0, since: nowMs - closingMs }];
  }
  return slots.flatMap(slot =>
    slot === null || (slot.fixed && slot.idleSeconds > FIXED_PEER_SECONDS)
      ? []
      : [{ kind: "connection", port: name, address: slot.address, portNumber: slot.port, since: slot.since }],
  );
}
