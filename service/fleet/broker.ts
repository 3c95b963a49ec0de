/** The connection to the broker: MQTT 5, made again and again with a growing pause (docs/fleet.md). */
import { connect, type IClientOptions, type IPublishPacket, type MqttClient } from "mqtt";
import { encodeUtf8 } from "../line/bytes.js";
import type { Cancel, Clock } from "../line/clock.js";
import type { Log } from "../log/log.js";
import { reasonOf } from "../native/errors.js";
import { readRegularFile } from "../native/read-file.js";
import type { FleetConfig } from "./config.js";
import { Outbox, SILENT_SECONDS } from "./outbox.js";

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
/** A broker that says nothing for so long does not hold up the end of the process. */
const CLOSE_MS = 2000;
/** Errors of TLS where the clock of the board may be what is wrong. */
const CLOCK_ERRORS = ["CERT_NOT_YET_VALID", "CERT_HAS_EXPIRED"];

export class Broker {
  readonly #config: BrokerConfig;
  readonly #options: Pick<IClientOptions, "clientId" | "will">;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #events: BrokerEvents;
  #client: MqttClient | null = null;
  /** Null: there is no connection. */
  #outbox: Outbox | null = null;
  #connectedMs = 0;
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
    return this.#outbox !== null;
  }

  /** How many messages may wait for their confirmation. */
  get window(): number {
    return this.#outbox?.window ?? 0;
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
      if (this.#client !== client) return;
      const window = Math.min(properties?.receiveMaximum ?? USUAL_WINDOW, MAX_WINDOW);
      this.#outbox = new Outbox(window, this.#clock, () => {
        reason = `the broker has not confirmed a message for ${SILENT_SECONDS} s`;
        client.end(true);
      });
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

  /**
   * Resolves to null when the broker has the message, to the reason where it refuses it. Never where the connection is lost, or
   * where a newer message of a retained topic is sent in its place.
   */
  publish(message: Message): Promise<string | null> {
    const { topic, payload, retain = false, properties } = message;
    const [client, outbox] = [this.#client, this.#outbox];
    return new Promise(resolve => {
      if (client === null || outbox === null || this.#isClosing) return;
      const bytes = typeof payload === "string" ? payload : Buffer.from(payload);
      outbox.add(retain ? topic : null, confirmed => {
        client.publish(topic, bytes, { qos: 1, retain, ...(properties === undefined ? {} : { properties }) }, error => {
          // The end of the client fails what is under way.
          if (this.#outbox !== outbox || client.disconnecting) return;
          confirmed();
          if (error === undefined || error === null) resolve(null);
          else if (isRefusal(error)) resolve(error.message);
        });
      });
    });
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

  /**
   * Resolves when all messages are confirmed, or the connection is lost. The will is not published then. Where the broker does not
   * answer, it resolves too, and the broker publishes the will.
   */
  async close(): Promise<void> {
    this.#cancel();
    this.#isClosing = true;
    const isFinished = (await this.#outbox?.finish(CLOSE_MS)) ?? true;
    this.#cancel();
    const client = this.#client;
    this.#client = null;
    this.#outbox?.close();
    this.#outbox = null;
    if (client === null) return;
    client.on("error", () => {});
    await new Promise<void>(resolve => {
      // The client waits for the broker, and does nothing when it is told a second time to end.
      const cancel = this.#clock.after(CLOSE_MS, () => client.stream.destroy());
      client.end(!isFinished, () => {
        cancel();
        resolve();
      });
    });
  }

  #retry(reason: string, hint = ""): void {
    this.#client = null;
    if (this.#outbox !== null) {
      this.#outbox.close();
      this.#outbox = null;
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
