/** Who did what: each call that changes something becomes a line in the log, with the uid of its sender. */
import type { Log } from "../log/log.js";
import type { Stay } from "./stay.js";

/** Senders remembered, by their unique names; the one that came first is forgotten. */
const MOST_CALLERS = 64;

export class Callers {
  readonly #log: Log;
  /** Of one stay: the bus gives a unique name once. */
  #uids = new Map<string, Promise<string>>();
  #stay: Stay | null = null;

  constructor(log: Log) {
    this.#log = log;
  }

  /** `did` is a whole sentence without its subject: `called Disconnect of port 2001`. */
  note(stay: Stay, sender: string, did: string): void {
    void this.#uid(stay, sender).then(uid => this.#log.notice(`D-Bus: ${uid} (${sender}) ${did}`));
  }

  #uid(stay: Stay, sender: string): Promise<string> {
    if (stay !== this.#stay) this.#uids = new Map();
    this.#stay = stay;
    const known = this.#uids.get(sender);
    if (known !== undefined) return known;
    const asked = stay.ask("GetConnectionUnixUser", "s", [sender]).then(
      ([uid]) => `uid ${uid}`,
      () => "an unknown user", // it left, or the bus did
    );
    const [oldest] = this.#uids.keys();
    if (this.#uids.size >= MOST_CALLERS && oldest !== undefined) this.#uids.delete(oldest);
    this.#uids.set(sender, asked);
    return asked;
  }
}
