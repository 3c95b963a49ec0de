/** What a board publishes (docs/fleet/asyncapi.yaml). Pure. */
import type { BoardEvent, Row } from "./board-status.js";
import type { SpoolRecord } from "./spool-format.js";
import { topicOf } from "./topics.js";

/** The first levels of the topics. */
export interface BoardName {
  readonly prefix: string;
  readonly board: string;
}

interface Retained {
  readonly topic: string;
  readonly payload: string;
  readonly retain: true;
}

/** The stream of events; each other one is the output of a port. */
export const EVENTS = "event";
const OUTPUT = "output/";

export function clientIdOf({ prefix, board }: BoardName): string {
  return `ser2net-${prefix.replaceAll("/", "-")}-${board}`;
}

export function statusMessage(name: BoardName, status: object): Retained {
  return { topic: topicOf("status", levels(name)), payload: JSON.stringify(status), retain: true };
}

/** What the broker publishes when the connection is lost. */
export function willOf(name: BoardName): Retained & { readonly qos: 1 } {
  return { ...statusMessage(name, { state: "offline", reason: "lost" }), qos: 1 };
}

/** @param row null: the port is not there any more */
export function portStatusMessage(name: BoardName, port: string, row: Row | null): Retained {
  const payload = row === null ? "" : JSON.stringify(row);
  return { topic: topicOf("portStatus", { ...levels(name), port }), payload, retain: true };
}

function levels({ prefix, board }: BoardName): { prefix: string; board: string } {
  return { prefix, board };
}

export function outputStream(port: string): string {
  return OUTPUT + port;
}

/** @param seq in the stream of events */
export function eventPayload(board: string, seq: number, event: BoardEvent): Uint8Array {
  return Buffer.from(JSON.stringify({ seq, board, ...event }));
}

/** A message with a number. @param entry its stream is `EVENTS`, or that of a port's output */
export function streamMessage(name: BoardName, entry: SpoolRecord) {
  const { stream, seq, epoch, time, payload } = entry;
  const [channel, contentType] =
    stream === EVENTS ? (["event", "application/json"] as const) : (["output", "application/octet-stream"] as const);
  const topic = topicOf(channel, { ...levels(name), port: stream.slice(OUTPUT.length) });
  const userProperties = { seq: String(seq), ...(epoch === "" ? {} : { epoch }), time };
  return { topic, payload, properties: { contentType, userProperties } };
}
