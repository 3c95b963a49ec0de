/** `ser2net fleet console`: what a device sends, read from the broker. */
import type { IPublishPacket } from "mqtt";
import { onEndingSignal, writeWhole } from "../client/io.js";
import type { Cancel, Clock } from "../line/clock.js";
import { type JsonObject, readJsonObject } from "../line/json-object.js";
import type { Log } from "../log/log.js";
import { Broker } from "./broker.js";
import type { FleetConfig } from "./config.js";
import { StreamNumbers } from "./stream-numbers.js";
import { topicOf } from "./topics.js";

interface Wanted {
  readonly board: string;
  /** Network port, label or id. */
  readonly port: string;
}

/** A broker sends what it keeps at once: where no status of another port comes for so long, it has sent them all. */
const STATUSES_MS = 2000;

export class FleetConsole {
  readonly #config: FleetConfig;
  readonly #wanted: Wanted;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #broker: Broker;
  /** The topic of the output; null while the port is not known. */
  #output: string | null = null;
  readonly #numbers = new StreamNumbers();
  #state = "";
  /** Topics of the statuses that came while the port is not known. */
  readonly #others = new Set<string>();
  /** Null: it does not wait for the statuses, or has told that the port is not among them. */
  #cancelMissing: Cancel | null = null;
  #isMissingTold = false;

  constructor(config: FleetConfig, wanted: Wanted, log: Log, clock: Clock) {
    this.#config = config;
    this.#wanted = wanted;
    this.#log = log;
    this.#clock = clock;
    const clientId = `ser2net-console-${process.pid}-${Math.floor(Math.random() * 1e9)}`;
    this.#broker = new Broker(config, { clientId }, log, clock, {
      connected: () => this.#connected(),
      lost: () => this.#stopWaiting(),
      received: (topic, packet) => this.#received(topic, packet),
    });
  }

  /** Resolves to the exit status at a signal. */
  async run(): Promise<number> {
    this.#broker.start();
    await new Promise<void>(resolve => void onEndingSignal(() => resolve()));
    this.#stopWaiting();
    await this.#broker.close();
    return 0;
  }

  #topic(channel: Parameters<typeof topicOf>[0], port?: string): string {
    const { board } = this.#wanted;
    return topicOf(channel, { prefix: this.#config.prefix, board, ...(port === undefined ? {} : { port }) });
  }

  #connected(): void {
    this.#broker.subscribe(this.#topic("status"));
    if (this.#output === null) this.#broker.subscribe(this.#topic("portStatus"), () => this.#waitForPort());
    else this.#follow(this.#output);
  }

  #received(topic: string, packet: IPublishPacket): void {
    if (topic === this.#output) this.#show(packet);
    else if (topic === this.#topic("status")) this.#boardIs(readJsonObject(packet.payload.toString()) ?? {});
    else if (this.#output === null) {
      this.#findPort(readJsonObject(packet.payload.toString()) ?? {});
      if (this.#cancelMissing !== null && !this.#others.has(topic)) this.#waitForPort();
      this.#others.add(topic);
    }
  }

  /** Tells once where the port is not there; it may come later. */
  #waitForPort(): void {
    this.#stopWaiting();
    if (this.#output !== null || this.#isMissingTold) return;
    this.#cancelMissing = this.#clock.after(STATUSES_MS, () => {
      const { board, port } = this.#wanted;
      const what = this.#state === "" ? `the broker knows no board ${board} yet` : `${board} has no port ${port} yet`;
      this.#log.warning(`${what}; it is waited for`);
      [this.#cancelMissing, this.#isMissingTold] = [null, true];
    });
  }

  #stopWaiting(): void {
    this.#cancelMissing?.();
    this.#cancelMissing = null;
  }

  #boardIs({ state, daemon }: JsonObject): void {
    const what = state === "online" ? (daemon === "running" ? "online" : "online, its daemon is away") : "offline";
    if (what !== this.#state) this.#log.warning(`${this.#wanted.board} is ${what}`);
    this.#state = what;
  }

  #findPort({ port, label, id }: JsonObject): void {
    if (typeof port !== "string" || ![port, label, id].includes(this.#wanted.port)) return;
    this.#stopWaiting();
    this.#output = this.#topic("output", port);
    this.#broker.unsubscribe(this.#topic("portStatus"));
    this.#follow(this.#output);
  }

  #follow(output: string): void {
    const { board, port } = this.#wanted;
    this.#broker.subscribe(output, () => this.#log.warning(`the output of ${board}/${port} follows`));
  }

  /** A message that comes twice is shown once. */
  #show({ payload, properties }: IPublishPacket): void {
    const { seq, epoch = "" } = properties?.userProperties ?? {};
    const taken = this.#numbers.take(String(epoch), Number(seq));
    if (taken.kind === "repeat") return;
    if (taken.kind === "anew") this.#log.warning("the board has begun anew: messages may be missing here");
    else if (taken.missing > 0) this.#log.warning(`${taken.missing} messages are missing here`);
    writeWhole(1, Buffer.from(payload));
  }
}
