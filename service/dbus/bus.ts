/** Keeps the service on the bus: takes the names, and connects again when the bus was away. Never throws or ends by itself. */
import type { Clock } from "../line/clock.js";
import type { Log } from "../log/log.js";
import { BusCallError, type BusConnection } from "./bus-connection.js";
import type { Received } from "./codec.js";
import { KeptConnection } from "./kept-connection.js";
import { WELL_KNOWN_NAME } from "./names.js";

/** Replies of RequestName. */
const PRIMARY_OWNER = 1;
const ALREADY_OWNER = 4;

interface BusOptions {
  readonly address: string;
  /** Where it is the name of an instance, the bare well-known name is requested too (queued). */
  readonly name: string;
  readonly log: Log;
  readonly called: (call: Received, whole: boolean, connection: BusConnection) => void;
  /** Called when the names are owned or queued for; null: the connection has ended. */
  readonly connectionChanged: (connection: BusConnection | null) => void;
  readonly clock: Clock;
}

type BusProblem = "away" | "refused";

export class Bus {
  readonly #options: BusOptions;
  readonly #kept: KeptConnection;
  #up = false;
  /** Problems that were logged since the bus was last there. */
  readonly #lastSent = new Set<BusProblem>();
  #stopped: Promise<void> | null = null;
  #gone: () => void = () => {};

  constructor(options: BusOptions) {
    this.#options = options;
    const events = {
      started: (connection: BusConnection) => void this.#takeNames(connection),
      called: options.called,
      named: (member: string, name: string) => this.#named(member, name),
      ended: (reason: string, refused: boolean) => this.#ended(reason, refused ? "refused" : "away"),
    };
    this.#kept = new KeptConnection(options.address, events, options.clock);
    this.#kept.start();
  }

  /** Resolves when the connection is closed. */
  stop(): Promise<void> {
    this.#stopped ??= new Promise(resolve => {
      this.#gone = resolve;
    });
    if (this.#kept.current === null) this.#gone();
    this.#kept.stop("the service stops");
    return this.#stopped;
  }

  async #takeNames(connection: BusConnection): Promise<void> {
    const { name } = this.#options;
    try {
      const [reply] = await connection.call("RequestName", "su", [name, 0]);
      if (name !== WELL_KNOWN_NAME) await connection.call("RequestName", "su", [WELL_KNOWN_NAME, 0]);
      if (reply === PRIMARY_OWNER || reply === ALREADY_OWNER) this.#tellUp();
      else this.#tell("refused", `${name} belongs to another program, waiting for it`);
    } catch (error) {
      connection.end(describeRefusal(error), true);
      return;
    }
    this.#kept.settled();
    this.#up = true;
    this.#options.connectionChanged(connection);
  }

  #named(member: string, name: string): void {
    if (name !== this.#options.name || !this.#up) return;
    if (member === "NameAcquired") this.#tellUp();
    if (member === "NameLost") this.#tell("refused", `${name} was taken by another program, waiting for it`);
  }

  #ended(reason: string, problem: BusProblem): void {
    if (this.#up) this.#options.connectionChanged(null);
    this.#up = false;
    if (this.#stopped === null) this.#tell(problem, reason);
    else this.#gone();
  }

  /** Logs each kind of problem once, until the bus is there again. */
  #tell(problem: BusProblem, reason: string): void {
    if (this.#lastSent.has(problem)) return;
    this.#lastSent.add(problem);
    this.#options.log.warning(`D-Bus: ${reason}; the ports are served without it`);
  }

  #tellUp(): void {
    this.#lastSent.clear();
    this.#options.log.notice(`D-Bus: serving ${this.#options.name}`);
  }
}

const ACCESS_DENIED = "org.freedesktop.DBus.Error.AccessDenied";

/** A bus that read the policy before the user `ser2net` existed has left that part of it out until it reads it anew. */
function describeRefusal(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const denied = error instanceof BusCallError && error.errorName === ACCESS_DENIED;
  return denied ? `${text} (systemctl reload dbus makes the bus read its policies anew)` : text;
}
