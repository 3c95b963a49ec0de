/** Who of the connections of a port writes to the device (docs/control-socket.md, "Who writes"). The others watch. */
import type { WriterRule } from "../../config/configuration.js";
import { unmappedText } from "../../line/address.js";
import type { Connection } from "./connection.js";

interface WritersOptions {
  /** Of the port, in the order in which they came. */
  readonly live: ReadonlySet<Connection>;
  rule(): WriterRule;
  tookOver(connection: Connection, from: Connection): void;
}

export class Writers {
  readonly #options: WritersOptions;

  constructor(options: WritersOptions) {
    this.#options = options;
  }

  /** A connection that has just come. */
  joined(connection: Connection): void {
    const rule = this.#options.rule();
    if (!connection.writes || rule === "all") return;
    if (rule === "first") connection.writes = this.#others(connection).length === 0;
    else this.take(connection);
  }

  /** A connection that is not there any more. Where it wrote alone, the next one in turn does. */
  left(connection: Connection): void {
    const { live, rule } = this.#options;
    if (!connection.writes || rule() === "all" || [...live].some(({ writes }) => writes)) return;
    const waiting = [...live].filter(({ mayBeNext }) => mayBeNext);
    const next = rule() === "first" ? waiting[0] : waiting.at(-1);
    next?.write("You write now");
  }

  /** From now on it writes, and where one writes at a time it alone. */
  take(connection: Connection): void {
    const { rule, tookOver } = this.#options;
    const before = rule() === "all" ? [] : this.#others(connection);
    for (const one of before)
      one.watch(`${personAt(connection.link.peer.address, connection.link.user)} has taken over`);
    connection.write(null);
    const [from] = before;
    if (from !== undefined) tookOver(connection, from);
  }

  #others(connection: Connection): readonly Connection[] {
    return [...this.#options.live].filter(one => one !== connection && one.writes);
  }
}

/** `alice` for a user of this machine or with a certificate, else the address. */
export function personAt(address: string, user: string | null = null): string {
  if (user !== null) return user;
  return address.startsWith("local:") ? address.slice("local:".length) : unmappedText(address);
}

/** `Port already in use by alice for 12 min`, with a line end. @param connections those of the port */
export function inUseText(text: string, connections: Iterable<Connection>, nowMs: number): string {
  const all = [...connections];
  const user = all.find(({ writes }) => writes) ?? all[0];
  if (user === undefined) return text;
  const minutes = Math.floor((nowMs - user.startedMs) / 60_000);
  const time = minutes < 1 ? "less than a minute" : minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
  return `${text.trimEnd()} by ${personAt(user.link.peer.address, user.link.user)} for ${time}\r\n`;
}
