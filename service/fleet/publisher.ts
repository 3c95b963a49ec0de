/** From the spool to the broker: in order, a window of messages at a time, each removed when the broker has it. */
import type { Log } from "../log/log.js";
import type { Broker, Message } from "./broker.js";
import type { Entry, Spool } from "./spool.js";

export class Publisher {
  readonly #spool: Spool;
  readonly #broker: Broker;
  readonly #messageOf: (entry: Entry) => Message;
  readonly #log: Log;
  #underWay = 0;
  #told = "";

  constructor(spool: Spool, broker: Broker, messageOf: (entry: Entry) => Message, log: Log) {
    this.#spool = spool;
    this.#broker = broker;
    this.#messageOf = messageOf;
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
    const message = this.#messageOf(entry);
    const refusal = await this.#broker.publish(message);
    if (refusal !== null) this.#refused(entry.stream, `the broker refuses ${message.topic}: ${refusal}`);
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
