/** A daemon behind its control port, for machines without D-Bus. */
import { connect, type Socket } from "node:net";
import { parseNetworkPort } from "../config/network-port.js";
import { toBytes, toText } from "../line/bytes.js";
import { type Clock, systemClock } from "../line/clock.js";
import { createServiceLookup } from "../net/services.js";
import type { Activity } from "../port/drain.js";
import { TelnetDecoder } from "../telnet/decoder.js";
import { ANSWER_MS, DaemonError, type RunningDaemon } from "./running-daemon.js";

/** As `busy` of the control port prints it (docs/extensions.md, "Drain"). */
const ACTIVITY = /^(connection|control|monitor|closing) (\S+) (?:-|(\S+),(\d+)) (\d{4}-\S+Z)$/;
/** Asked for after each command, to see where its answer ends: a notice to the session has a prompt of its own. */
const LAST = "version";
const LAST_ANSWER = "\nser2net version ";
const PROMPT = "-> ";
/** The longest answer taken, in bytes. */
const MAX_ANSWER = 4_194_304;

/** @param spec as the daemon's `-p` */
export async function connectControlPort(spec: string, clock: Clock = systemClock): Promise<RunningDaemon> {
  const port = parseNetworkPort(spec, createServiceLookup());
  if (typeof port === "string" || port.transport !== "tcp" || port.port === 0) {
    throw new DaemonError("failed", `not a control port: ${spec}`);
  }
  const family = { ipv4: 4, ipv6: 6, any: 0 }[port.family];
  const session = new Session(connect({ host: port.host ?? "localhost", port: port.port, family }), spec, clock);
  await session.ask(""); // it is there, and is a control port
  return {
    name: spec,
    activities: async () => (await session.ask("busy")).flatMap(readActivity),
    drain: async () => void (await session.ask("drain")),
    undrain: async () => void (await session.ask("undrain")),
    close: () => session.close(),
  };
}

class Session {
  readonly #socket: Socket;
  readonly #name: string;
  readonly #clock: Clock;
  readonly #decoder = new TelnetDecoder();
  #received = "";
  #connected = false;
  /** It has shown that it is a control port. */
  #answered = false;
  #failure: DaemonError | null = null;
  #changed: () => void = () => {};

  constructor(socket: Socket, name: string, clock: Clock) {
    this.#clock = clock;
    this.#socket = socket;
    this.#name = name;
    socket.on("connect", () => {
      this.#connected = true;
    });
    socket.on("data", bytes => {
      for (const event of this.#decoder.push(bytes)) if (event.kind === "data") this.#received += toText(event.bytes);
      if (this.#received.length > MAX_ANSWER) this.#fail("failed", "its answer has no end");
      this.#changed();
    });
    socket.on("error", error => this.#ended(error.message));
    // A refusal is its last line: access denied, too many sessions.
    socket.on("close", () => this.#ended(this.#received.trim().split("\n").at(-1) || "it has ended"));
  }

  /** All lines that come until it is answered, without prompts. */
  async ask(command: string): Promise<readonly string[]> {
    this.#received = "";
    if (this.#failure === null) this.#socket.write(toBytes(`${command}\r${LAST}\r`));
    await this.#untilLast();
    const lines = this.#received.split("\r\n").map(line => line.replaceAll(PROMPT, ""));
    const unknown = lines.find(line => line.startsWith("Unknown command"));
    if (unknown !== undefined) throw new DaemonError("failed", `control port ${this.#name}: ${unknown}`);
    return lines;
  }

  close(): void {
    this.#socket.destroy();
  }

  get #isAnswered(): boolean {
    return this.#received.endsWith(PROMPT) && this.#received.includes(LAST_ANSWER);
  }

  async #untilLast(): Promise<void> {
    const cancel = this.#clock.after(ANSWER_MS, () => this.#fail("failed", "it does not answer"));
    try {
      while (this.#failure === null && !this.#isAnswered) {
        await new Promise<void>(resolve => {
          this.#changed = resolve;
        });
      }
    } finally {
      cancel();
    }
    if (this.#failure !== null) throw this.#failure;
    this.#answered = true;
  }

  /** A daemon that takes the connection and refuses the session is there, but cannot be asked. */
  #ended(reason: string): void {
    this.#fail(this.#connected && !this.#answered ? "failed" : "absent", reason);
  }

  #fail(code: DaemonError["code"], reason: string): void {
    this.#failure ??= new DaemonError(code, `control port ${this.#name}: ${reason}`);
    this.#changed();
  }
}

/** None where the line is something else: an echo, a notice. */
function readActivity(line: string): readonly Activity[] {
  const [, kind, port, address = "", portNumber = "0", since] = ACTIVITY.exec(line) ?? [];
  if (kind === undefined || port === undefined || since === undefined) return [];
  return [{ kind: kind as Activity["kind"], port, address, portNumber: Number(portNumber), since: Date.parse(since) }];
}
