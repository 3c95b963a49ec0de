/** A broker, a daemon with pseudo-terminals as devices, and the fleet process between them. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { IClientOptions } from "mqtt";
import type { Teardown } from "./client.js";
import { type ConsoleStage, consoleStage } from "./console-stage.js";
import { type Running, run, temporaryFolder } from "./daemon.js";
import { Mosquitto, type Received, Subscriber } from "./mosquitto.js";
import { portNumbers } from "./ports.js";

export const BOARD = "rack7";

export interface FleetStage {
  readonly broker: Mosquitto;
  readonly daemon: ConsoleStage;
  readonly configFile: string;
  readonly state: string;
  start(): Running;
  subscribe(topic?: string, options?: IClientOptions): Promise<Subscriber>;
  /** A topic of the board. */
  topic(rest: string): string;
}

/**
 * Nothing but the daemon runs.
 * @param lines of the fleet configuration, beside the broker and the socket; PORT is the first port
 * @param ports as of `consoleStage`
 */
export async function fleetStage(
  t: Teardown,
  lines: readonly string[] = [],
  ports: readonly string[] = ["telnet:0:DEVICE:9600 always-open"],
  brokerLines?: readonly string[],
): Promise<FleetStage> {
  const next = await portNumbers(t as never);
  const broker = new Mosquitto(t, await next(), brokerLines);
  const daemon = await consoleStage(t, ports);
  const configFile = join(daemon.folder, "fleet-rack7.conf");
  const state = temporaryFolder(t);
  const scheme = lines.some(line => line.startsWith("TLS:")) ? "mqtts://localhost" : "mqtt://127.0.0.1";
  const own = [`BROKER:${scheme}:${broker.port}`, `SOCKET:${daemon.socket}`];
  const named = lines.map(line => line.replaceAll("PORT", daemon.names[0] ?? ""));
  writeFileSync(configFile, [...own, ...named].map(line => `${line}\n`).join(""));
  return {
    ...{ broker, daemon, configFile, state },
    start: () => run(t, ["fleet", "run", BOARD, "-c", configFile], { env: { STATE_DIRECTORY: state } }),
    subscribe: (topic = "#", options = {}) => Subscriber.to(t, broker.port, topic, options),
    topic: rest => `ser2net/${BOARD}/${rest}`,
  };
}

/** All bytes of the spool's segments. */
export function spooled(folder: string): string {
  return readdirSync(folder)
    .filter(name => name.endsWith(".seg"))
    .sort()
    .map(name => readFileSync(join(folder, name), "latin1"))
    .join("");
}

/** The messages of a stream in the order in which they came; one that was repeated is there once. */
export function streamOf(
  all: readonly Received[],
  topic: string,
): readonly { readonly seq: number; readonly text: string }[] {
  const byNumber = new Map<number, string>();
  for (const one of all) {
    if (one.topic === topic) byNumber.set(Number(one.properties?.userProperties?.seq), one.payload.toString("latin1"));
  }
  return Array.from(byNumber, ([seq, text]) => ({ seq, text }));
}
