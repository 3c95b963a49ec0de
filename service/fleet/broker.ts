/** The connection to the broker: MQTT 5, made again and again with a growing pause (docs/fleet.md). */
import { connect, type IClientOptions, type IPublishPacket, type MqttClient } from "mqtt";
import { encodeUtf8 } from "../line/bytes.js";
import type { Cancel, Clock } from "../line/clock.js";
import type { Log } from "../log/log.js";
import { reasonOf } from "../native/errors.js";
import { readRegularFile } from "../native/read-file.js";
import type { FleetConfig } from "./config.js";

type BrokerConfig = Pick<FleetConfig, "broker" | "tls" | "login">;

export interface Message {
  readonly topic: string;
  readonly payload: Uint8Array | string;
  readonly retain?: boolean;
  readonly properties?: IClientOptions["properties"] & IPublishPacket["properties"];
}

interface BrokerEvents {
  /** What is published and subscribed to from now on reaches the broker. */
  connected(): void;
  /** What was not confirmed is lost. */
  lost(): void;
  received(topic: string, packet: IPublishPacket): void;
}

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** A connection that is lost earlier counts as one more attempt: two boards of one name take it from each other in turn. */
const HELD_MS = 30_000;
const CONNECT_MS = 20_000;
const KEEPALIVE_SECONDS = 20;
/** Messages under way where the broker allows more. */
const MAX_WINDOW = 64;
/** How many a broker takes that does not tell (MQTT 5, Receive Maximum), here as mosquitto is set by default. */
const USUAL_WINDOW = 20;
/** Errors of TLS where the clock of the board may be what is wrong. */
const CLOCK_ERRORS = ["CERT_NOT_YET_VALID", "CERT_HAS_EXPIRED"];

export class Broker {
  readonly #config: BrokerConfig;
  readonly #options: Pick<IClientOptions, "clientId" | "will">;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #events: BrokerEvents;
  #client: MqttClient | null = null;
  #isConnected = false;
  #connectedMs = 0;
  #window = 0;
  #underWay = 0;
  /** Messages that go out when others are confirmed: a broker may end the connection of who sends more than its window. */
  #queue: (() => void)[] = [];
  #emptied: () => void = () => {};
  #isClosing = false;
  #pauseMs = FIRST_PAUSE_MS;
  /** The last thing that was told: each one is told once. */
  #told = "";
  #cancel: Cancel = () => {};

  constructor(
    config: BrokerConfig,
    options: Pick<IClientOptions, "clientId" | "will">,
    log: Log,
    clock: Clock,
    events: BrokerEvents,
  ) {
    this.#config = config;
    this.#options = options;
    this.#log = log;
    this.#clock = clock;
    this.#events = events;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** How many messages may wait for their confirmation. */
  get window(): number {
    return this.#window;
  }

  start(): void {
    let client: MqttClient;
    try {
      client = connect(this.#config.broker, { ...connectionOptions(this.#config), ...this.#options });
    } catch (error) {
      this.#retry(reasonOf(error));
      return;
    }
    let [reason, hint] = ["the connection was closed", ""];
    this.#client = client;
    client.on("connect", ({ properties }) => {
      this.#window = Math.min(properties?.receiveMaximum ?? USUAL_WINDOW, MAX_WINDOW);
      this.#underWay = 0;
      this.#isConnected = true;
      this.#connectedMs = this.#clock.nowMs();
      this.#tell("notice", `connected with ${this.#config.broker}`);
      this.#events.connected();
    });
    client.on("message", (topic, _payload, packet) => this.#events.received(topic, packet));
    client.on("error", error => {
      reason = reasonOf(error);
      hint = this.#clockHint(error);
      client.end(true);
    });
    client.on("disconnect", ({ reasonCode }) => {
      reason = `the broker has ended the connection, reason ${reasonCode}`;
    });
    client.on("close", () => {
      if (this.#client === client) this.#retry(reason, hint);
    });
  }

  /** Resolves to null when the broker has the message, to the reason where it refuses it. Never where the connection is lost. */
  publish(message: Message): Promise<string | null> {
    const { topic, payload, retain = false, properties } = message;
    const client = this.#client;
    return new Promise(resolve => {
      if (client === null || !this.#isConnected || this.#isClosing) return;
      const bytes = typeof payload === "string" ? payload : Buffer.from(payload);
      const send = () => {
        this.#underWay++;
        client.publish(topic, bytes, { qos: 1, retain, ...(properties === undefined ? {} : { properties }) }, error => {
          if (this.#client !== client || !this.#isConnected) return;
          this.#confirmed();
          if (error === undefined || error === null) resolve(null);
          else if (isRefusal(error)) resolve(error.message);
        });
      };
      if (this.#underWay < this.#window) send();
      else this.#queue.push(send);
    });
  }

  #confirmed(): void {
    this.#underWay--;
    this.#queue.shift()?.();
    if (this.#queue.length === 0) this.#emptied();
  }

  /** Messages of the program itself are not received. @param done the broker has agreed */
  subscribe(topic: string, done: () => void = () => {}): void {
    this.#client?.subscribe(topic, { qos: 1, nl: true, rap: true }, error => {
      if (error) this.#log.warning(`cannot subscribe to ${topic}: ${error.message}`);
      else done();
    });
  }

  unsubscribe(topic: string): void {
    this.#client?.unsubscribe(topic);
  }

  /** Resolves when the messages under way are confirmed, or the connection is lost. The will is not published. */
  async close(): Promise<void> {
    this.#cancel();
    this.#isClosing = true;
    if (this.#queue.length > 0) {
      await new Promise<void>(resolve => {
        this.#emptied = resolve;
      });
    }
    this.#cancel();
    const client = this.#client;
    this.#client = null;
    this.#isConnected = false;
    if (client === null) return;
    client.on("error", () => {});
    await new Promise<void>(resolve => client.end(false, () => resolve()));
  }

  #retry(reason: string, hint = ""): void {
    this.#client = null;
    if (this.#isConnected) {
      this.#isConnected = false;
      this.#queue = [];
      this.#emptied();
      if (this.#clock.nowMs() - this.#connectedMs >= HELD_MS) this.#pauseMs = FIRST_PAUSE_MS;
      this.#events.lost();
    }
    this.#tell("warning", `no connection with ${this.#config.broker}: ${reason}; it is tried again`, hint);
    // Boards that lost their broker at the same moment do not return at the same moment.
    const pauseMs = this.#pauseMs * (0.5 + Math.random());
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
    this.#cancel = this.#clock.after(pauseMs, () => this.start());
  }

  /** @param hint may differ each time */
  #tell(level: "notice" | "warning", text: string, hint = ""): void {
    if (text === this.#told) return;
    this.#told = text;
    this.#log[level](text + hint);
  }

  #clockHint(error: Error): string {
    if (!("code" in error) || !CLOCK_ERRORS.includes(String(error.code))) return "";
    return ` (the clock of this board is at ${this.#clock.date().toISOString()})`;
  }
}

/** Files are read for each connection: a certificate that was renewed counts. Throws the system's error. */
function connectionOptions({ tls, login }: BrokerConfig): IClientOptions {
  const files = Object.entries(tls).flatMap(([name, file]) => (file === null ? [] : [[name, read(file)]]));
  const password = login?.passwordFile == null ? null : read(login.passwordFile).toString().trimEnd();
  return {
    ...{ protocolVersion: 5, clean: true, reconnectPeriod: 0, connectTimeout: CONNECT_MS },
    ...{ keepalive: KEEPALIVE_SECONDS, resubscribe: false, queueQoSZero: false },
    ...Object.fromEntries(files),
    ...(login === null ? {} : { username: login.user }),
    ...(password === null ? {} : { password }),
  };
}

/** Throws an Error that names the file. */
function read(file: string): Buffer {
  try {
    return readRegularFile(encodeUtf8(file));
  } catch (error) {
    throw new Error(`cannot read ${file}: ${reasonOf(error)}`, { cause: error });
  }
}

/** The reason codes of MQTT 5 from 0x80 on. */
function isRefusal(error: Error): boolean {
  return "code" in error && typeof error.code === "number" && error.code >= 0x80;
}
