/** A bus that does what a test says. */
import { createRequire } from "node:module";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { decode, ERROR, REPLY, type Received, type Sent } from "../../service/dbus/codec.js";
import { Frames } from "../../service/dbus/transport.js";
import type { Teardown } from "../support/client.js";
import { temporaryFolder } from "../support/daemon.js";

const require = createRequire(import.meta.url);
const { marshallMessage } = require("dbus-next/lib/marshall-compat.js");
const { Message } = require("dbus-next/lib/message-type.js");
const BUS = "org.freedesktop.DBus";

export class FakeBus {
  readonly address: string;
  /** Connections so far. */
  count = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(t: Teardown, arrived: (socket: Socket) => void) {
    this.address = `unix:path=${join(temporaryFolder(t), "bus")}`;
    this.#server = createServer(socket => {
      this.count++;
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => this.#sockets.delete(socket));
      arrived(socket);
    });
    t.teardown(() => {
      for (const socket of this.#sockets) socket.destroy();
      this.#server.close();
    });
  }

  static async start(t: Teardown, arrived: (socket: Socket) => void): Promise<FakeBus> {
    const bus = new FakeBus(t, arrived);
    await new Promise<void>(resolve => bus.#server.listen(bus.address.replace("unix:path=", ""), resolve));
    return bus;
  }
}

/** Authenticates, then hands over each call. */
export function serve(called: (call: Received, peer: Peer) => void): (socket: Socket) => void {
  return socket => {
    const frames = new Frames();
    const peer = new Peer(socket);
    socket.once("data", () => {
      socket.write("OK 0123456789abcdef\r\n");
      socket.once("data", begin => {
        frames.push(begin.subarray("BEGIN\r\n".length));
        socket.on("data", bytes => frames.push(bytes)).on("data", work);
        work();
      });
    });
    function work(): void {
      for (let frame = frames.take(); frame !== null && frame !== "not a message"; frame = frames.take()) {
        const call = decode(frame.bytes);
        if (call !== null) called(call, peer);
      }
    }
  };
}

export class Peer {
  readonly socket: Socket;
  #serial = 0;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** As the bus, or as a client that pretends to be the bus. */
  reply(call: Received, signature: string, body: readonly unknown[], sender = BUS): void {
    this.#send({ type: REPLY, destination: ":1.1", replySerial: call.serial, signature, body }, sender);
  }

  /** An answer with a list that is longer than the message. */
  replyUnreadable(call: Received): void {
    const message = { type: REPLY, destination: ":1.1", replySerial: call.serial, signature: "as", body: [["abc"]] };
    const [bytes] = marshallMessage(new Message({ ...message, sender: BUS, serial: ++this.#serial }));
    bytes.writeUInt32LE(1000, bytes.length - 12); // two lengths, three characters, NUL
    this.socket.write(bytes);
  }

  refuse(call: Received, text: string, sender = BUS): void {
    const errorName = `${BUS}.Error.LimitsExceeded`;
    this.#send(
      { type: ERROR, destination: ":1.1", replySerial: call.serial, errorName, signature: "s", body: [text] },
      sender,
    );
  }

  #send(message: Sent, sender: string): void {
    // By dbus-next: our own encoder leaves the sender to the bus.
    const [bytes] = marshallMessage(new Message({ ...message, sender, serial: ++this.#serial }));
    this.socket.write(bytes);
  }
}
