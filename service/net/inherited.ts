/** Listening sockets that the service manager opened for us, told apart by their own addresses. */
import { closeSync } from "node:fs";
import type { NetworkPort } from "../config/network-port.js";
import { backgroundClock } from "../line/clock.js";
import { READABLE, Watch } from "../native/poll.js";
import { accept, localAddress, receiveFrom, socketKind } from "../native/sockets.js";
import { listenAddresses } from "./addresses.js";

interface HandedSocket {
  readonly fd: number;
  readonly transport: "tcp" | "udp";
  readonly address: string;
  readonly port: number;
}

/**
 * Holds the sockets that no port uses. Their peers are disconnected: the manager keeps the sockets open, so they can
 * connect.
 */
export interface Inherited {
  /** The sockets that serve `spec`: same transport and port, and an address the spec names. Each is given out once. */
  take(spec: NetworkPort): readonly number[];
  /** Takes back the sockets of a disabled or removed port. They stay open: only the service manager could recreate them. */
  giveBack(sockets: readonly number[]): void;
  readonly unclaimed: readonly { readonly fd: number; readonly text: string }[];
}

/** A descriptor that is neither a listening TCP socket nor a bound UDP socket is left out. */
export function inheritedSockets(descriptors: readonly number[]): Inherited {
  const waiting = new Map<number, { readonly socket: HandedSocket; readonly watch: Watch }>();
  const keep = (fd: number): void => {
    for (const socket of describe(fd)) waiting.set(fd, { socket, watch: turnAway(socket) });
  };
  for (const fd of descriptors) keep(fd);
  return {
    take(spec) {
      const taken = [...waiting.values()].filter(({ socket }) => serves(socket, spec));
      for (const { socket, watch } of taken) {
        watch.close();
        waiting.delete(socket.fd);
      }
      return taken.map(({ socket }) => socket.fd);
    },
    giveBack(sockets) {
      for (const fd of sockets) keep(fd);
    },
    get unclaimed() {
      return [...waiting.values()].map(({ socket: { fd, transport, address, port } }) => ({
        fd,
        text: `${transport},${address},${port}`,
      }));
    },
  };
}

/** Out of descriptors: the waiting peer keeps the socket readable, so it is not watched for a while. */
const PAUSE_MS = 1000;

/** Accepts and closes; datagrams are read and dropped. */
function turnAway({ fd, transport }: HandedSocket): Watch {
  const discarded = new Uint8Array(1);
  const watch: Watch = new Watch(fd, () => {
    const done = transport === "udp" ? receiveFrom(fd, discarded) !== undefined : closeAccepted(fd);
    if (done) watch.arm(READABLE);
    else backgroundClock.after(PAUSE_MS, () => watch.arm(READABLE));
  });
  watch.arm(READABLE);
  return watch;
}

function closeAccepted(listener: number): boolean {
  try {
    const peer = accept(listener);
    if (peer !== null) closeSync(peer.fd);
    return true;
  } catch {
    return false;
  }
}

function describe(fd: number): readonly HandedSocket[] {
  const kind = socketKind(fd);
  if (kind === null || kind.family === "unix") return [];
  if (kind.type === "stream" && !kind.listening) return [];
  const { address, port } = localAddress(fd);
  return [{ fd, transport: kind.type === "stream" ? "tcp" : "udp", address, port }];
}

function serves(socket: HandedSocket, spec: NetworkPort): boolean {
  if (socket.transport !== spec.transport || socket.port !== spec.port) return false;
  const wanted = listenAddresses(spec);
  if (wanted === null) return true; // a name: the port number decides
  return wanted.some(({ address }) => address === socket.address);
}
