/** Our place on the bus: takes the names, and comes back when the bus was away. Never throws, never ends by itself. */
import type { Log } from "../log/log.js";
import { socketPaths } from "./address.js";
import type { Received } from "./codec.js";
import { WELL_KNOWN_NAME } from "./names.js";
import { BusRefusal, Stay } from "./stay.js";

/** How long a bus may take from the connection to the names. */
const START_MS = 10_000;
/** Between attempts, doubled each time. */
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;

/** Replies of RequestName. */
const PRIMARY_OWNER = 1;
const ALREADY_OWNER = 4;

export interface BusParts {
  readonly address: string;
  /** With an instance behind it, the well-known name itself is stood in line for. */
  readonly name: string;
  readonly log: Log;
  readonly called: (call: Received, whole: boolean, stay: Stay) => void;
  /** On the bus, with the names or in line for them; null: no longer. */
  readonly stayChanged: (stay: Stay | null) => void;
  /** Calls back once, later; the function it gives takes that back. */
  readonly after: (delayMs: number, run: () => void) => () => void;
}

type Trouble = "away" | "refused";

export class Bus {
  readonly #parts: BusParts;
  #stay: Stay | null = null;
  #up = false;
  #failures = 0;
  #retryMs = FIRST_RETRY_MS;
  /** What the log was told since the bus was last there. */
  readonly #told = new Set<Trouble>();
  #cancelTimer: () => void = () => {};
  #stopped: Promise<void> | null = null;
  #gone: () => void = () => {};

  constructor(parts: BusParts) {
    this.#parts = parts;
    this.#connect();
  }

  /** Resolves when the connection is closed. */
  stop(): Promise<void> {
    this.#stopped ??= new Promise(resolve => {
      this.#gone = resolve;
    });
    this.#cancelTimer();
    if (this.#stay === null) this.#gone();
    else this.#stay.end("the service stops");
    return this.#stopped;
  }

  #connect(): void {
    const paths = socketPaths(this.#parts.address);
    const path = paths[this.#failures % paths.length];
    if (path === undefined) {
      this.#tell("away", `no address of a local bus: ${this.#parts.address}`);
      return;
    }
    const stay = new Stay(path, {
      started: () => void this.#takeNames(stay),
      called: this.#parts.called,
      named: (member, name) => this.#named(member, name),
      ended: (reason, refused) => this.#ended(reason, refused ? "refused" : "away"),
    });
    this.#stay = stay;
    this.#cancelTimer = this.#parts.after(START_MS, () => stay.end("the bus does not answer"));
  }

  async #takeNames(stay: Stay): Promise<void> {
    const { name } = this.#parts;
    try {
      const [reply] = await stay.ask("RequestName", "su", [name, 0]);
      if (name !== WELL_KNOWN_NAME) await stay.ask("RequestName", "su", [WELL_KNOWN_NAME, 0]);
      if (reply === PRIMARY_OWNER || reply === ALREADY_OWNER) this.#tellUp();
      else this.#tell("refused", `${name} belongs to another program, waiting for it`);
    } catch (error) {
      stay.end(describeRefusal(error), true);
      return;
    }
    this.#cancelTimer();
    this.#up = true;
    this.#retryMs = FIRST_RETRY_MS;
    this.#parts.stayChanged(stay);
  }

  #named(member: string, name: string): void {
    if (name !== this.#parts.name || !this.#up) return;
    if (member === "NameAcquired") this.#tellUp();
    if (member === "NameLost") this.#tell("refused", `${name} was taken by another program, waiting for it`);
  }

  #ended(reason: string, trouble: Trouble): void {
    this.#cancelTimer();
    this.#stay = null;
    if (this.#up) this.#parts.stayChanged(null);
    else this.#failures++;
    this.#up = false;
    if (this.#stopped !== null) {
      this.#gone();
      return;
    }
    this.#tell(trouble, reason);
    this.#cancelTimer = this.#parts.after(this.#retryMs, () => this.#connect());
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }

  /** Once for each kind of trouble, until the bus is there again. */
  #tell(trouble: Trouble, reason: string): void {
    if (this.#told.has(trouble)) return;
    this.#told.add(trouble);
    this.#parts.log.warning(`D-Bus: ${reason}; the ports are served without it`);
  }

  #tellUp(): void {
    this.#told.clear();
    this.#parts.log.notice(`D-Bus: serving ${this.#parts.name}`);
  }
}

const ACCESS_DENIED = "org.freedesktop.DBus.Error.AccessDenied";

/** A bus that read the policy before the user `ser2net` existed has left that part of it out until it reads it anew. */
function describeRefusal(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const denied = error instanceof BusRefusal && error.errorName === ACCESS_DENIED;
  return denied ? `${text} (systemctl reload dbus makes the bus read its policies anew)` : text;
}
