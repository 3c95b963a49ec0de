/** The subscriber of scripts/fleet-load: counts what a central view would receive. */
import { readFileSync } from "node:fs";
import { connect } from "mqtt";

/** Counts since the start. */
export interface Seen {
  readonly ready: boolean;
  /** Boards whose last status was that. */
  readonly online: number;
  readonly lost: number;
  /** Messages that came, by what they are. */
  readonly statuses: number;
  readonly portStatuses: number;
  readonly events: number;
  readonly output: number;
  /** Ports whose status has come since the last message `forget`. */
  readonly ports: number;
  /** Numbers of streams that were left out. */
  readonly gaps: number;
  /** What the broker tells of itself, by the topic behind `$SYS/broker/`. */
  readonly broker: Readonly<Record<string, number>>;
}

const REPORT_MS = 20;

export function runSubscriber(url: string, ca: string | null): void {
  const states = new Map<string, string>();
  const ports = new Set<string>();
  const numbers = new Map<string, number>();
  const broker: Record<string, number> = {};
  const counts = { statuses: 0, portStatuses: 0, events: 0, output: 0, gaps: 0 };
  let ready = false;
  const client = connect(url, {
    ...{ protocolVersion: 5, reconnectPeriod: 100, clientId: "fleet-load-subscriber", resubscribe: false },
    ...(ca === null ? {} : { ca: readFileSync(ca) }),
  });
  client.on("error", () => {});
  client.on("connect", async () => {
    await client.subscribeAsync(["ser2net/#", "$SYS/#"], { qos: 1 });
    ready = true;
  });
  client.on("message", (topic, payload, { properties }) => {
    const [first = "", , board = "", kind, port] = [topic.split("/")[0], ...topic.split("/")];
    if (first === "$SYS") broker[topic.slice("$SYS/broker/".length)] = Number(payload.toString().split(" ")[0]);
    else if (kind === "status") {
      counts.statuses++;
      states.set(board, JSON.parse(payload.toString()).state);
    } else if (topic.endsWith("/status")) {
      counts.portStatuses++;
      ports.add(`${board}/${port}`);
    } else {
      if (kind === "event") counts.events++;
      else counts.output++;
      const seq = Number(properties?.userProperties?.seq);
      counts.gaps += Math.max(0, seq - (numbers.get(topic) ?? seq - 1) - 1);
      numbers.set(topic, seq);
    }
  });
  process.on("message", () => {
    states.clear();
    ports.clear();
  });
  setInterval(() => {
    const of = (state: string) => [...states.values()].filter(one => one === state).length;
    process.send?.({
      ready,
      online: of("online"),
      lost: of("offline"),
      ports: ports.size,
      ...counts,
      broker,
    } satisfies Seen);
  }, REPORT_MS);
}
