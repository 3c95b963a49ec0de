/** Commands that come from the broker: what is allowed is carried out, each is answered, and each is an event. */
import type { IPublishPacket } from "mqtt";
import { ControlSession } from "../client/control-session.js";
import { findPort } from "../client/daemons.js";
import { DaemonError } from "../drain/running-daemon.js";
import { decodeUtf8, encodeUtf8 } from "../line/bytes.js";
import type { Clock } from "../line/clock.js";
import { type JsonObject, readJsonObject } from "../line/json-object.js";
import type { BoardEvent, Row } from "./board-status.js";
import type { Broker } from "./broker.js";
import { COMMAND_NAMES, type CommandName, type FleetConfig } from "./config.js";

/** Commands under way; more are refused. */
const MOST_UNDER_WAY = 16;
const LONGEST_PAYLOAD = 4096; // bytes
const LONGEST_IDENTIFY = 3600; // seconds
const STATES = ["off", "raw", "rawlp", "telnet"];

/** Why a command is not carried out. The message holds bytes, as those of the daemon do. */
class Refusal extends Error {
  override readonly name = "Refusal";
}

export class CommandRunner {
  readonly #config: FleetConfig;
  readonly #rows: ReadonlyMap<string, Row>;
  readonly #broker: Broker;
  readonly #note: (event: BoardEvent) => void;
  readonly #clock: Clock;
  #underWay = 0;

  /** @param note gets an event for each command */
  constructor(
    config: FleetConfig,
    rows: ReadonlyMap<string, Row>,
    broker: Broker,
    note: (event: BoardEvent) => void,
    clock: Clock,
  ) {
    this.#config = config;
    this.#rows = rows;
    this.#broker = broker;
    this.#note = note;
    this.#clock = clock;
  }

  /** Carries out the command of that topic, and answers where the message says where to. */
  async run(topic: string, { payload, properties, retain }: IPublishPacket): Promise<void> {
    const command = topic.split("/").at(-1) ?? "";
    this.#underWay++;
    let answer: { ok: boolean; port?: string; error?: string; lines?: readonly string[] };
    try {
      if (retain) throw new Refusal("a command must not be retained: it would be repeated");
      answer = { ok: true, ...(await this.#carryOut(command, wordsOf(payload))) };
    } catch (error) {
      if (!(error instanceof Refusal || error instanceof DaemonError)) throw error;
      answer = { ok: false, error: decodeUtf8(error.message) };
    } finally {
      this.#underWay--;
    }
    this.#note({ event: "command", time: this.#clock.date().toISOString(), command, ...answer });
    if (properties?.responseTopic === undefined) return;
    const { responseTopic, correlationData } = properties;
    const about = { contentType: "application/json", ...(correlationData === undefined ? {} : { correlationData }) };
    const text = JSON.stringify({ board: this.#config.board, command, ...answer });
    await this.#broker.publish({ topic: responseTopic, payload: text, properties: about });
  }

  async #carryOut(name: string, words: JsonObject): Promise<{ port?: string; lines?: readonly string[] }> {
    const command = COMMAND_NAMES.find(one => one === name);
    if (command === undefined) throw new Refusal(`not a command: ${encodeUtf8(name)}`);
    if (!this.#config.allowed.has(command)) throw new Refusal(`${command} is not allowed`);
    if (this.#underWay > MOST_UNDER_WAY) throw new Refusal("too many commands at a time");
    if (command === "drain" || command === "undrain") return { lines: await this.#ask(command) };
    const port = await this.#portOf(command, words.port);
    const refusal = await this.#ask(lineOf(command, port, words));
    if (refusal.length > 0) throw new Refusal(refusal.join(" ").trim());
    return { port: decodeUtf8(port) };
  }

  /** The network port; a name that is allowed stands for the same port by its other names. */
  async #portOf(command: CommandName, wanted: unknown): Promise<string> {
    if (typeof wanted !== "string" || wanted === "") throw new Refusal(`${command} needs "port"`);
    const { port } = await findPort([this.#address], encodeUtf8(wanted));
    const row = this.#rows.get(decodeUtf8(port));
    const names: readonly unknown[] = [decodeUtf8(port), row?.label, row?.id, "*"];
    const isAllowed = this.#config.allowed.get(command)?.some(one => names.includes(one)) === true;
    if (!isAllowed) throw new Refusal(`${command} is not allowed for ${encodeUtf8(wanted)}`);
    return port;
  }

  get #address() {
    return { name: this.#config.board, path: encodeUtf8(this.#config.socket) };
  }

  async #ask(line: string): Promise<readonly string[]> {
    const session = await ControlSession.open(this.#address, this.#clock);
    try {
      return await session.ask(line);
    } finally {
      session.close();
    }
  }
}

/** The line of the control port. Throws Refusal: a value is missing or wrong. */
function lineOf(command: Exclude<CommandName, "drain" | "undrain">, port: string, words: JsonObject): string {
  switch (command) {
    case "disconnect":
    case "break":
      return `${command} ${port}`;
    case "pulse": {
      if (typeof words.name !== "string" || !/^[\w-]+$/.test(words.name)) throw new Refusal('pulse needs "name"');
      return `pulse ${port} ${words.name}`;
    }
    case "set": {
      const state = STATES.find(one => one === words.state);
      if (state === undefined) throw new Refusal(`set needs "state": ${STATES.join(", ")}`);
      return `setportenable ${port} ${state}`;
    }
    case "identify": {
      const { seconds = 30 } = words;
      if (typeof seconds !== "number" || !Number.isInteger(seconds) || seconds < 1 || seconds > LONGEST_IDENTIFY) {
        throw new Refusal(`"seconds" is a number from 1 to ${LONGEST_IDENTIFY}`);
      }
      return `identify ${port} ${seconds}`;
    }
    default:
      return command satisfies never;
  }
}

/** An empty payload has no words. Throws Refusal. */
function wordsOf(payload: string | Buffer): JsonObject {
  if (payload.length > LONGEST_PAYLOAD) throw new Refusal(`the payload is longer than ${LONGEST_PAYLOAD} bytes`);
  const text = payload.toString();
  const words = text === "" ? {} : readJsonObject(text);
  if (words === null) throw new Refusal("the payload is not an object of JSON");
  return words;
}
