/** The session with the daemon by its local socket: the ports again and again, and events as they come. */
import { connect, type Socket } from "node:net";
import { decodeUtf8, toText } from "../line/bytes.js";
import type { Cancel, Clock } from "../line/clock.js";
import { type JsonObject, readJsonObject } from "../line/json-object.js";
import type { Row } from "./board-status.js";

interface DaemonEvents {
  /** All ports, each time they were asked for. */
  rows(rows: readonly Row[]): void;
  /** A line of the log. */
  logged(line: JsonObject): void;
  /** Output of a device. @param time when the daemon read it, RFC 3339 */
  output(port: string, bytes: Uint8Array, time: string): void;
  /** Events that the daemon dropped, since they were not read. */
  dropped(count: number): void;
  connected(): void;
  /** The daemon is gone or cannot be reached; it is tried again. */
  away(reason: string): void;
}

const RETRY_MS = 250;
/** The daemon has not answered for so long: it is taken for gone. */
const SILENCE_MS = 20_000;
/** A line of output is below 100 KB. */
const LONGEST_LINE = 4 * 1024 * 1024;
const LAST_ANSWER = "ser2net version ";

export class DaemonSession {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #pollMs: number;
  readonly #events: DaemonEvents;
  #socket: Socket | null = null;
  #received = "";
  #rows: Row[] = [];
  #isTold = false;
  #cancel: Cancel = () => {};
  #cancelSilence: Cancel = () => {};

  constructor(path: string, pollMs: number, clock: Clock, events: DaemonEvents) {
    this.#path = path;
    this.#pollMs = pollMs;
    this.#clock = clock;
    this.#events = events;
  }

  start(): void {
    const socket = connect({ path: this.#path });
    this.#socket = socket;
    this.#received = "";
    let reason = "it has ended the session";
    socket.on("connect", () => this.#ask("events\r"));
    socket.on("data", bytes => this.#receive(bytes));
    socket.on("error", error => {
      reason = error.message;
    });
    socket.on("close", () => {
      this.#cancel();
      this.#cancelSilence();
      if (this.#socket !== socket) return;
      if (this.#isTold) this.#events.away(reason);
      this.#isTold = false;
      this.#cancel = this.#clock.after(RETRY_MS, () => this.start());
    });
    this.#watchSilence(socket);
  }

  /** Asks for the output of a port, from now on. */
  follow(port: string): void {
    this.#socket?.write(`events ${port}\r`);
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#cancel();
    this.#cancelSilence();
    socket?.destroy();
  }

  #watchSilence(socket: Socket): void {
    this.#cancelSilence();
    this.#cancelSilence = this.#clock.after(SILENCE_MS, () => socket.destroy(new Error("it does not answer")));
  }

  /** What follows it asks for the ports, and its answer ends with the version. */
  #ask(before: string): void {
    this.#rows = [];
    this.#socket?.write(`${before}ports json\rversion\r`);
  }

  #receive(bytes: Uint8Array): void {
    this.#received += toText(bytes);
    const lines = this.#received.split("\r\n");
    this.#received = lines.pop() ?? "";
    if (this.#received.length > LONGEST_LINE) this.#socket?.destroy(new Error("its line has no end"));
    for (const line of lines) this.#takeLine(line.replace(/^(-> )+/, ""));
  }

  #takeLine(line: string): void {
    if (line.startsWith(LAST_ANSWER)) {
      this.#answered();
      return;
    }
    const value = line.startsWith("{") ? readJsonObject(decodeUtf8(line)) : null;
    if (value === null) return;
    if (isRow(value)) this.#rows.push(value);
    else this.#takeEvent(value);
  }

  #answered(): void {
    const socket = this.#socket;
    if (socket === null) return;
    if (!this.#isTold) this.#events.connected();
    this.#isTold = true;
    this.#events.rows(this.#rows);
    this.#watchSilence(socket);
    this.#cancel();
    this.#cancel = this.#clock.after(this.#pollMs, () => this.#ask(""));
  }

  #takeEvent(value: JsonObject): void {
    const { kind, port, data, time, dropped, ...rest } = value;
    if (typeof dropped === "number") this.#events.dropped(dropped);
    if (kind === "log") this.#events.logged({ ...(port === undefined ? {} : { port }), time, ...rest });
    if (kind === "output" && typeof port === "string" && typeof data === "string") {
      this.#events.output(port, Buffer.from(data, "base64"), typeof time === "string" ? time : "");
    }
  }
}

function isRow(value: JsonObject): value is Row {
  return typeof value.port === "string" && value.kind === undefined;
}
