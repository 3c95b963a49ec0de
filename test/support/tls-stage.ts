/** People, boards and TLS lines for tests of TLS. */
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import t from "tap";
import { Authority, type Pair } from "./certificates.js";
import type { Teardown } from "./client.js";
import { Incoming } from "./incoming.js";

export const authority = new Authority(t);
export const { ca } = authority;
export const server = authority.issue("localhost", { names: "DNS:localhost,IP:127.0.0.1" });
export const alice = authority.issue("alice", { names: "email:alice@example.com" });
export const bob = authority.issue("bob");
export const mallory = authority.issue("mallory");
const keys = join(authority.folder, "keys.psk");
writeFileSync(keys, "# identity:key\nrack7:00112233445566778899aabbccddeeff\n", { mode: 0o600 });

export const LINES = [
  `TLS:plain:cert=${server.cert} key=${server.key}`,
  `TLS:people:cert=${server.cert} key=${server.key} ca=${ca} allow=alice@example.com watch=bob`,
  `TLS:visitors:cert=${server.cert} key=${server.key} ca=${ca} verify=optional`,
  `TLS:keys:psk=${keys}`,
];

/** A TLS client of Node that trusts the authority. */
export class TlsClient extends Incoming {
  readonly socket: TLSSocket;

  constructor(socket: TLSSocket) {
    super();
    this.socket = socket;
    socket.on("data", chunk => this.push(chunk));
    socket.on("error", () => {});
    socket.on("close", () => this.end());
  }

  static async connect(t: Teardown, port: number, pair: Pair | null = null, options: ConnectionOptions = {}) {
    const own = pair === null ? {} : { cert: readFileSync(pair.cert), key: readFileSync(pair.key) };
    const trust = { ca: readFileSync(ca), host: "127.0.0.1", servername: "localhost" };
    const client = new TlsClient(connect({ ...trust, port, ...own, ...options }));
    t.teardown(() => client.socket.destroy());
    await Promise.race([once(client.socket, "secureConnect"), once(client.socket, "close")]);
    return client;
  }
}
