/** A broker of Debian (mosquitto), and a subscriber that keeps what it receives. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { connect, type IClientOptions, type IPublishPacket, type MqttClient } from "mqtt";
import type { Teardown } from "./client.js";
import { temporaryFolder } from "./daemon.js";
import { until } from "./wait.js";

const MOSQUITTO = "/usr/sbin/mosquitto";

export class Mosquitto {
  readonly port: number;
  readonly #configFile: string;
  #process: ChildProcess | null = null;

  /** @param lines of its configuration, beside the listener */
  constructor(t: Teardown, port: number, lines: readonly string[] = ["allow_anonymous true"]) {
    this.port = port;
    this.#configFile = join(temporaryFolder(t), "mosquitto.conf");
    const all = [`listener ${port} 127.0.0.1`, "user root", "persistence false", ...lines];
    writeFileSync(this.#configFile, all.map(line => `${line}\n`).join(""));
    t.teardown(() => this.kill());
  }

  /** Resolves when it takes connections. */
  async start(): Promise<this> {
    this.#process = spawn(MOSQUITTO, ["-c", this.#configFile], { stdio: "ignore" });
    await until("the broker listens", () => canConnect(this.port));
    return this;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** At once, without a word to its clients. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
}

export interface Received {
  readonly topic: string;
  readonly payload: Buffer;
  readonly text: string;
  readonly retain: boolean;
  readonly properties: IPublishPacket["properties"];
}

/** Of MQTT 5; connects again by itself. */
export class Subscriber {
  readonly client: MqttClient;
  readonly received: Received[] = [];

  private constructor(client: MqttClient) {
    this.client = client;
    client.on("error", () => {});
    client.on("message", (topic, payload, { retain, properties }) => {
      this.received.push({ topic, payload, text: payload.toString(), retain, properties });
    });
  }

  static async to(t: Teardown, port: number, topic: string, options: IClientOptions = {}): Promise<Subscriber> {
    const own = { protocolVersion: 5, reconnectPeriod: 20, ...options } as const;
    const subscriber = new Subscriber(connect({ host: "127.0.0.1", port, ...own }));
    t.teardown(() => subscriber.client.endAsync(true));
    const connected = new Promise(resolve => subscriber.client.once("connect", resolve));
    subscriber.client.on("connect", () => void subscriber.client.subscribe(topic, { qos: 1 }));
    await connected;
    return subscriber;
  }

  /** The first message that fits, of all that came. */
  expect(what: string, fits: (one: Received) => boolean): Promise<Received> {
    return until(what, () => this.received.find(fits));
  }

  /** The objects that came on a topic. */
  objects(topic: string): Readonly<Record<string, unknown>>[] {
    return this.received.filter(one => one.topic === topic && one.text !== "").map(one => JSON.parse(one.text));
  }
}

function canConnect(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connectTcp(port, "127.0.0.1");
    socket.on("error", () => resolve(false));
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}
