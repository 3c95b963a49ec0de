/** A D-Bus client that sends what no correct program sends. */
import { CALL, encode, type Received, type Sent } from "../../service/dbus/codec.js";
import { Transport } from "../../service/dbus/transport.js";
import type { Teardown } from "../support/client.js";
import { until } from "../support/wait.js";
import type { PrivateBus } from "./private-bus.js";

export class RawClient {
  readonly received: Received[] = [];
  closed: string | null = null;
  readonly #transport: Transport;
  #serial = 0;

  private constructor(socket: string, ready: () => void) {
    this.#transport = new Transport(socket, {
      ready,
      message: message => void this.received.push(message),
      closed: reason => {
        this.closed = reason;
      },
    });
  }

  static async connect(t: Teardown, bus: PrivateBus): Promise<RawClient> {
    const client = await new Promise<RawClient>(resolve => {
      const made: RawClient = new RawClient(bus.socket, () => resolve(made));
    });
    t.teardown(() => client.close());
    const [body] = ["org.freedesktop.DBus"];
    await client.ask({ destination: body, path: "/org/freedesktop/DBus", interface: body, member: "Hello" });
    return client;
  }

  /** The serial of the call; `mangle` changes it on its way. */
  send(call: Partial<Extract<Sent, { type: 1 }>>, mangle: (bytes: Buffer) => void = () => {}): number {
    const whole = { destination: "a.b", path: "/", interface: "", member: "", signature: "", body: [], ...call };
    const bytes = encode({ type: CALL, ...whole }, ++this.#serial);
    mangle(bytes);
    this.#transport.send([bytes]);
    return this.#serial;
  }

  /** Any other message. */
  tell(message: Sent): void {
    this.#transport.send([encode(message, ++this.#serial)]);
  }

  async ask(...given: Parameters<RawClient["send"]>): Promise<Received> {
    const serial = this.send(...given);
    return this.answer(serial);
  }

  answer(serial: number): Promise<Received> {
    return until("an answer", () => this.received.find(one => one.replySerial === serial));
  }

  close(): void {
    this.#transport.close("done");
  }
}
