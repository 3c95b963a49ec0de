/** UDP listeners and the peers of their links, on the loopback. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { Test } from "tap";
import type { Link, Listener } from "../../service/net/link.js";
import { listenUdp } from "../../service/net/udp.js";

export const SPEC = { family: "any", transport: "udp", host: null, port: 0 } as const;
export const HERE = { address: "127.0.0.1", v6only: true };

export interface UdpSocket {
  readonly listener: Listener;
  readonly port: number;
  readonly links: Link[];
}

export function serve(t: Test, addresses = [HERE], port = 0): UdpSocket {
  const links: Link[] = [];
  const events = { accepted: (link: Link) => void links.push(link), failed: () => {} };
  const listener = listenUdp({ ...SPEC, port }, addresses, events);
  t.teardown(() => {
    for (const link of links) link.close();
    listener.close();
  });
  return { listener, port: listener.addresses[0]?.port ?? 0, links };
}

export interface Peer {
  readonly port: number;
  /** Datagrams that came. */
  readonly heard: string[];
  send(text: string | Uint8Array, port: number, address?: string): Promise<void>;
}

export async function peer(t: Test, address = "127.0.0.1"): Promise<Peer> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  const heard: string[] = [];
  socket.on("message", message => heard.push(message.toString("latin1")));
  socket.bind(0, address);
  await once(socket, "listening");
  t.teardown(() => socket.close());
  return {
    port: socket.address().port,
    heard,
    send: (text, port, to = address) =>
      new Promise((resolve, reject) => {
        const bytes = typeof text === "string" ? Buffer.from(text, "latin1") : text;
        socket.send(bytes, port, to, error => (error === null ? resolve() : reject(error)));
      }),
  };
}

/** The waiting bytes of a link, `a|b`, by reads of `size` bytes. */
export function take(link: Link, size = 65_536): string {
  const into = new Uint8Array(size);
  const parts: string[] = [];
  for (let count = link.read(into); count > 0; count = link.read(into)) {
    parts.push(Buffer.from(into.subarray(0, count)).toString("latin1"));
  }
  return parts.join("|");
}

/** Everything sent to the loopback before has been delivered. */
export function turn(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, 0)).then(() => new Promise(resolve => setImmediate(resolve)));
}
