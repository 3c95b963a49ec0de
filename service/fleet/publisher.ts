/** From the spool to the broker: in order, a window of messages at a time, each removed when the broker has it. */
import type { Log } from "../log/log.js";
import type { Broker } from "./broker.js";
import type { Entry, Spool } from "./spool.js";

const CONSOLE_TYPE = "application/octet-stream";
const EVENT_TYPE = "application/json";

export class Publisher {
  readonly #spool: Spool;
  readonly #broker: Broker;
  readonly #topic: (stream: string) => string;
  readonly #log: Log;
  #underWay = 0;
  #told = "";

  /** @param topic of a stream */
  constructor(spool: Spool, broker: Broker, topic: (stream: string) => string, log: Log) {
    this.#spool = spool;
    this.#broker = broker;
    this.#topic = topic;
    this.#log = log;
  }

  /** The connection is new. */
  begin(): void {
    this.#underWay = 0;
    this.#spool.rewind();
    this.proceed();
  }

  /** Something was appended. */
  proceed(): void {
    while (this.#broker.isConnected && this.#underWay < this.#broker.window) {
      const entry = this.#spool.next();
      if (entry === null) return;
      this.#underWay++;
      void this.#publish(entry);
    }
  }

  async #publish(entry: Entry): Promise<void> {
    const { stream, seq, time, payload } = entry;
    const topic = this.#topic(stream);
    const contentType = stream === "event" ? EVENT_TYPE : CONSOLE_TYPE;
    const properties = { contentType, userProperties: { seq: String(seq), time } };
    const refusal = await this.#broker.publish({ topic, payload, properties });
    if (refusal !== null) this.#refused(stream, `the broker refuses ${topic}: ${refusal}`);
    this.#underWay--;
    this.#spool.confirm(entry);
    this.proceed();
  }

  /** The messages behind it would wait for ever. */
  #refused(stream: string, text: string): void {
    this.#spool.countDropped(stream);
    if (text !== this.#told) this.#log.warning(text);
    this.#told = text;
  }
}
