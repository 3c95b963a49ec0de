/** What a session with `events` is sent: lines of the log, and output of ports, each as a line of JSON. */
import { type Clock, systemClock } from "../line/clock.js";
import type { LogObserver } from "../log/log.js";
import type { ManagedPort } from "../port/status.js";
import { ascii } from "./listing.js";

/** Characters that wait for a session that does not read. What comes then is dropped and counted. */
const MAX_WAITING = 2 * 1024 * 1024;
const LEVELS: ReadonlySet<string> = new Set(["error", "warning"]);

export class EventStream {
  readonly #wake: () => void;
  readonly #clock: Clock;
  #isOn = false;
  #waiting: string[] = [];
  #waitingLength = 0;
  #dropped = 0;
  readonly #ports = new Map<string, () => void>();

  /** @param wake called when there is something to take */
  constructor(wake: () => void, clock: Clock = systemClock) {
    this.#wake = wake;
    this.#clock = clock;
  }

  /** True from `start` to `stop`. */
  get active(): boolean {
    return this.#isOn;
  }

  /** Begins with the log, and with the output of that port. Null, or why not. */
  start(port: ManagedPort | null): string | null {
    this.#isOn = true;
    if (port === null || this.#ports.has(port.name)) return null;
    const { name } = port;
    const ended = () => {
      this.#ports.delete(name);
      this.#add({ kind: "output-ended", port: name });
    };
    const stop = port.monitor("output", bytes => this.#addOutput(name, bytes), ended);
    if (stop === null) return `The output of the port is streamed already: ${name}`;
    this.#ports.set(name, stop);
    return null;
  }

  /** Errors, warnings, and what happens to connections. */
  readonly logged: LogObserver = (level, text, fields) => {
    if (!this.#isOn || (fields === undefined ? !LEVELS.has(level) : fields.event === "serve")) return;
    this.#add({ kind: "log", level, text, ...fields });
  };

  /** What waits, about `limit` characters of it, in whole lines. */
  take(limit: number): string {
    let taken = "";
    let count = 0;
    for (const line of this.#waiting) {
      if (taken.length >= limit) break;
      taken += line;
      count++;
    }
    this.#waiting = this.#waiting.slice(count);
    this.#waitingLength -= taken.length;
    return taken;
  }

  /** Idempotent. */
  stop(): void {
    this.#isOn = false;
    for (const stop of this.#ports.values()) stop();
    this.#ports.clear();
  }

  #addOutput(port: string, bytes: Uint8Array): void {
    this.#add({ kind: "output", port, data: Buffer.from(bytes).toString("base64") });
  }

  #add(event: object): void {
    if (this.#waitingLength > MAX_WAITING) {
      this.#dropped++;
      return;
    }
    const dropped = this.#dropped === 0 ? {} : { dropped: this.#dropped };
    this.#dropped = 0;
    const line = `${ascii({ time: this.#clock.date().toISOString(), ...event, ...dropped })}\r\n`;
    this.#waiting.push(line);
    this.#waitingLength += line.length;
    this.#wake();
  }
}
