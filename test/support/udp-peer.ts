/** A UDP client: what it gets stays in the datagrams it came in. */

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { Teardown } from "./client.js";
import type { Daemon } from "./daemon.js";
import type { PtyDevice } from "./pty.js";
import { until } from "./wait.js";

export class UdpPeer {
  /** Got and not yet taken, one character a byte. */
  readonly datagrams: string[] = [];
  readonly #socket: Socket;
  readonly #to: number;
  readonly #host: string;

  private constructor(socket: Socket, to: number, host: string) {
    this.#socket = socket;
    this.#to = to;
    this.#host = host;
    socket.on("message", bytes => this.datagrams.push(bytes.toString("latin1")));
  }

  /** Will talk to port `to` of `host`, from a port of its own. */
  static async open(t: Teardown, to: number, host = "127.0.0.1"): Promise<UdpPeer> {
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    t.teardown(() => socket.close());
    socket.bind(0, host);
    await once(socket, "listening");
    return new UdpPeer(socket, to, host);
  }

  /** `127.0.0.1,40001`, as the configuration and showport write it. */
  get name(): string {
    return `${this.#host},${this.#socket.address().port}`;
  }

  send(bytes: string | Uint8Array): void {
    this.#socket.send(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes, this.#to, this.#host);
  }

  /** One datagram. */
  next(): Promise<string> {
    return until("a datagram", () => this.datagrams.shift() ?? null);
  }

  /** Datagrams up to the one with which they hold so many bytes. */
  async bytes(count: number): Promise<string[]> {
    const got: string[] = [];
    for (let length = 0; length < count; ) {
      const next = await this.next();
      got.push(next);
      length += next.length;
    }
    return got;
  }
}

/** A peer whose connection is open. */
export async function talking(t: Teardown, port: number, device: PtyDevice, text = "first"): Promise<UdpPeer> {
  const peer = await UdpPeer.open(t, port);
  peer.send(text);
  await device.expect(text);
  return peer;
}

export async function shows(daemon: Daemon, text: string): Promise<void> {
  await until(`showport shows ${text}`, async () => (await daemon.ask("showport")).includes(text));
}
