/** A connection to a bus that is made again, with a growing pause, whenever it has ended. Never throws or ends by itself. */
import type { Clock } from "../line/clock.js";
import { socketPaths } from "./address.js";
import { BusConnection, type BusConnectionEvents } from "./bus-connection.js";

/** How long a bus may take from the connection to `settled`. */
const START_MS = 10_000;
/** Between attempts, doubled each time. */
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;

export class KeptConnection {
  readonly #address: string;
  readonly #events: BusConnectionEvents;
  readonly #clock: Clock;
  #current: BusConnection | null = null;
  #isStopped = false;
  #isSettled = false;
  #failures = 0;
  #retryMs = FIRST_RETRY_MS;
  #cancelTimer: () => void = () => {};

  /** @param events `ended` is called for each connection, and where the address is not one of a local bus */
  constructor(address: string, events: BusConnectionEvents, clock: Clock) {
    this.#address = address;
    this.#events = events;
    this.#clock = clock;
  }

  /** Null: there is none now. */
  get current(): BusConnection | null {
    return this.#current;
  }

  /** Makes the first connection. */
  start(): void {
    const paths = socketPaths(this.#address);
    const path = paths[this.#failures % paths.length];
    if (path === undefined) {
      this.#events.ended(`no address of a local bus: ${this.#address}`, false);
      return;
    }
    const events = { ...this.#events, ended: (reason: string, refused: boolean) => this.#ended(reason, refused) };
    const connection = new BusConnection(path, events, this.#clock);
    this.#current = connection;
    this.#cancelTimer = this.#clock.after(START_MS, () => connection.end("the bus does not answer"));
  }

  /** The connection does what it is for. */
  settled(): void {
    this.#cancelTimer();
    this.#isSettled = true;
    this.#retryMs = FIRST_RETRY_MS;
  }

  /** For good. */
  stop(reason: string): void {
    this.#isStopped = true;
    this.#cancelTimer();
    this.#current?.end(reason);
  }

  #ended(reason: string, refused: boolean): void {
    this.#cancelTimer();
    this.#current = null;
    if (!this.#isSettled) this.#failures++;
    this.#isSettled = false;
    this.#events.ended(reason, refused);
    if (this.#isStopped) return;
    this.#cancelTimer = this.#clock.after(this.#retryMs, () => this.start());
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }
}
