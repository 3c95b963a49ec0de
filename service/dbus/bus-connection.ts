/** One connection to the bus, from Hello to its loss: what is sent and called ends with it. */
import type { Clock } from "../line/clock.js";
import { CALL, ERROR, encode, encodeDictionaryStart, REPLY, type Received, type Sent, SIGNAL } from "./codec.js";
import { Transport, type TransportEvents } from "./transport.js";

/** Calls to the bus that may wait for their answer. */
const MAX_PENDING_CALLS = 64;
const BUS = "org.freedesktop.DBus";
const BUS_PATH = "/org/freedesktop/DBus";

export interface BusConnectionEvents {
  /** The bus knows us. */
  started(connection: BusConnection): void;
  called(call: Received, whole: boolean, connection: BusConnection): void;
  /** NameAcquired, NameLost; NameOwnerChanged where it was asked for. */
  named(member: string, name: string): void;
  /** A signal of another program than the bus, which was asked for. */
  signalled?(signal: Received): void;
  /** Called once, the last of all. */
  ended(reason: string, refused: boolean): void;
}

/** The bus refused a call, or the connection ended before it answered. */
export class BusCallError extends Error {
  override readonly name = "BusCallError";
  /** The D-Bus name of the error; null where the bus did not answer. */
  readonly errorName: string | null;

  constructor(text: string, errorName: string | null = null) {
    super(text);
    this.errorName = errorName;
  }
}

/** An object of another program, by the unique name of that program. */
interface CallTarget {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
}

const THE_BUS: CallTarget = { destination: BUS, path: BUS_PATH, interface: BUS };

interface PendingCall {
  /** Only it may answer, or the bus. */
  readonly destination: string;
  resolve(body: readonly unknown[]): void;
  reject(error: Error): void;
}

export class BusConnection {
  readonly #transport: Transport;
  readonly #events: BusConnectionEvents;
  readonly #pendingCalls = new Map<number, PendingCall>();
  #serial = 0;
  #refused = false;

  constructor(path: string, events: BusConnectionEvents, clock: Clock) {
    this.#events = events;
    const transportEvents: TransportEvents = {
      ready: () => this.#hello(),
      message: (message, whole) => this.#received(message, whole),
      closed: reason => this.#closed(reason),
    };
    this.#transport = new Transport(path, transportEvents, clock);
  }

  /**
   * A method of the bus itself, or of `target`. Rejects with BusCallError when that refuses, or when the connection ends
   * first.
   */
  call(
    member: string,
    signature = "",
    body: readonly unknown[] = [],
    target: CallTarget = THE_BUS,
  ): Promise<readonly unknown[]> {
    if (this.#pendingCalls.size >= MAX_PENDING_CALLS)
      return Promise.reject(new BusCallError("too many calls wait for an answer"));
    return new Promise((resolve, reject) => {
      const serial = this.#send({ type: CALL, ...target, member, signature, body });
      this.#pendingCalls.set(serial, { destination: target.destination, resolve, reject });
    });
  }

  reply(call: Received, signature: string, body: readonly unknown[]): void {
    if (call.wantsReply)
      this.#send({ type: REPLY, destination: call.sender, replySerial: call.serial, signature, body });
  }

  /** `sent` is called when the memory of the entries is free again. */
  replyDictionary(call: Received, entryType: string, entries: Buffer, sent: () => void): void {
    const to = { destination: call.sender, replySerial: call.serial };
    const start = encodeDictionaryStart(to, entryType, entries.length, this.#nextSerial());
    if (call.wantsReply) this.#transport.send([start, entries], sent);
    else sent();
  }

  fail(call: Received, errorName: string, text: string): void {
    if (!call.wantsReply) return;
    const to = { destination: call.sender, replySerial: call.serial };
    this.#send({ type: ERROR, ...to, errorName, signature: "s", body: [text.replaceAll("\0", "\ufffd")] });
  }

  signal(path: string, bound: string, member: string, signature: string, body: readonly unknown[]): void {
    this.#send({ type: SIGNAL, path, interface: bound, member, signature, body });
  }

  /** @param refused the bus exists, but refuses us */
  end(reason: string, refused = false): void {
    this.#refused ||= refused;
    this.#transport.close(reason);
  }

  #hello(): void {
    this.call("Hello").then(
      () => this.#events.started(this),
      error => this.end(error.message, true),
    );
  }

  #received(message: Received, whole: boolean): void {
    if (message.type === CALL) {
      this.#events.called(message, whole, this);
      return;
    }
    if (message.type === SIGNAL && message.sender !== BUS) {
      this.#events.signalled?.(message);
      return;
    }
    const isAnswer = message.type === REPLY || message.type === ERROR;
    const asked = isAnswer ? this.#pendingCalls.get(message.replySerial)?.destination : undefined;
    // Answers of the bus count only if the bus sent them.
    if (message.sender !== BUS && message.sender !== asked) return;
    if (!isAnswer && message.interface !== BUS) return;
    let body: readonly unknown[];
    try {
      body = message.body();
    } catch {
      this.end("the bus sent a message that cannot be read");
      return;
    }
    if (isAnswer) this.#answered(message, body);
    else this.#events.named(message.member, String(body[0]));
  }

  #answered(message: Received, body: readonly unknown[]): void {
    const pending = this.#pendingCalls.get(message.replySerial);
    this.#pendingCalls.delete(message.replySerial);
    if (message.type === REPLY) pending?.resolve(body);
    else pending?.reject(new BusCallError(String(body[0] ?? message.errorName), message.errorName));
  }

  #closed(reason: string): void {
    for (const pending of this.#pendingCalls.values()) pending.reject(new BusCallError(reason));
    this.#pendingCalls.clear();
    this.#events.ended(reason, this.#refused);
  }

  #send(message: Sent): number {
    const serial = this.#nextSerial();
    this.#transport.send([encode(message, serial)]);
    return serial;
  }

  #nextSerial(): number {
    this.#serial = (this.#serial % 0xffff_ffff) + 1; // never 0
    return this.#serial;
  }
}
