/** Logs each call that changes something, with the uid of its sender. */
import type { Log } from "../log/log.js";
import type { BusConnection } from "./bus-connection.js";

/** Senders remembered, by their unique names; the one that came first is forgotten. */
const MAX_CALLERS = 64;

export class AuditLog {
  readonly #log: Log;
  /** Of one connection: the bus gives a unique name once. */
  #uids = new Map<string, Promise<string>>();
  #connection: BusConnection | null = null;

  constructor(log: Log) {
    this.#log = log;
  }

  /** `did` is a whole sentence without its subject: `called Disconnect of port 2001`. */
  note(connection: BusConnection, sender: string, did: string): void {
    void this.#uid(connection, sender).then(uid => this.#log.notice(`D-Bus: ${uid} (${sender}) ${did}`));
  }

  #uid(connection: BusConnection, sender: string): Promise<string> {
    if (connection !== this.#connection) this.#uids = new Map();
    this.#connection = connection;
    const known = this.#uids.get(sender);
    if (known !== undefined) return known;
    const asked = connection.call("GetConnectionUnixUser", "s", [sender]).then(
      ([uid]) => `uid ${uid}`,
      () => "an unknown user", // it left, or the bus did
    );
    const [oldest] = this.#uids.keys();
    if (this.#uids.size >= MAX_CALLERS && oldest !== undefined) this.#uids.delete(oldest);
    this.#uids.set(sender, asked);
    return asked;
  }
}
