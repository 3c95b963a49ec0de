/** Listening sockets that the service manager opened for us, told apart by their own addresses. */
import type { NetworkPort } from "../config/network-port.js";
import { localAddress, socketKind } from "../kernel/kernel.js";
import { listenAddresses } from "./addresses.js";

interface HandedSocket {
  readonly fd: number;
  readonly transport: "tcp" | "udp";
  readonly address: string;
  readonly port: number;
}

/** The sockets not yet taken by a port. */
export interface Inherited {
  /** The sockets that serve `spec`: same transport and port, and an address the spec names. Each is given out once. */
  take(spec: NetworkPort): readonly number[];
  /** Gives one back: a port that closed it for a while will want it again, and only the manager could open it anew. */
  readonly unclaimed: readonly { readonly fd: number; readonly text: string }[];
}

/** What is no listening TCP socket and no bound UDP socket is left out. */
export function inheritedSockets(descriptors: readonly number[]): Inherited {
  const sockets = descriptors.flatMap(describe);
  return {
    take(spec) {
      const taken = sockets.filter(socket => serves(socket, spec));
      for (const socket of taken) sockets.splice(sockets.indexOf(socket), 1);
      return taken.map(socket => socket.fd);
    },
    get unclaimed() {
      return sockets.map(({ fd, transport, address, port }) => ({ fd, text: `${transport},${address},${port}` }));
    },
  };
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
