/** Notifications to the service manager, sd_notify(3). */
import { closeSync } from "node:fs";
import { backgroundClock, type Clock, monotonicUs } from "../line/clock.js";
import { EAGAIN, ENOBUFS, errorReason, reasonOf } from "../native/errors.js";
import { sendUnix, unixDatagram } from "../native/sockets.js";

/** No method throws or blocks. Without a service manager they do nothing. */
export interface Notifier {
  /** The ports listen; also the end of a reload, one that was refused too. */
  ready(status: string): void;
  /** A reload begins; `ready` must follow. */
  reloading(status: string): void;
  stopping(status: string): void;
  /** One line for people. Once a second at most; the last one is always sent. */
  status(text: string): void;
  /** Start, reload or stop takes longer: the manager waits for `ms` more, from now. */
  extendTimeout(ms: number): void;
  watchdogPing(): void;
  /** Asks for a restart of the process. The cause stays in the status. */
  watchdogTrigger(cause: string): void;
  close(): void;
}

/** Messages that may wait; further ones are dropped. */
const MAX_UNSENT = 64;
/** The manager ignores datagrams of more than 4096 bytes; a character has up to three. */
const LONGEST_STATUS = 1000;
const STATUS_PAUSE_MS = 1000;
const RETRY_MS = 100;
const LONGEST_PATH = 107; // bytes, sun_path without its NUL

/** Takes the variable out of `environment`: what the daemon starts must not speak in its name. */
export function createNotifier(
  environment: NodeJS.ProcessEnv,
  log?: { warning(text: string): void },
  clock: Clock = backgroundClock,
): Notifier {
  const path = environment.NOTIFY_SOCKET;
  delete environment.NOTIFY_SOCKET;
  if (path === undefined || path === "") return NULL_NOTIFIER;
  const warn = (reason: string) => log?.warning(`Unable to notify the service manager: ${reason}`);
  if (!/^[@/]/.test(path) || Buffer.byteLength(path) > LONGEST_PATH) {
    warn(`${path} is not a socket that can be used`);
    return NULL_NOTIFIER;
  }
  try {
    return new ManagerNotifier(unixDatagram(), path, warn, clock);
  } catch (error) {
    warn(reasonOf(error));
    return NULL_NOTIFIER;
  }
}

const NULL_NOTIFIER: Notifier = {
  ready() {},
  reloading() {},
  stopping() {},
  status() {},
  extendTimeout() {},
  watchdogPing() {},
  watchdogTrigger() {},
  close() {},
};

class ManagerNotifier implements Notifier {
  readonly #socket: number; // kept open, so that pings go out when the process has no descriptor left
  readonly #path: string;
  readonly #warn: (reason: string) => void;
  readonly #clock: Clock;
  readonly #unsent: string[] = [];
  #cancelRetry: (() => void) | null = null;
  #lastSent = "";
  #wanted = "";
  #cancelPause: (() => void) | null = null;
  #failing = false;
  #triggered = false;
  #closed = false;

  constructor(socket: number, path: string, warn: (reason: string) => void, clock: Clock) {
    this.#socket = socket;
    this.#path = path;
    this.#warn = warn;
    this.#clock = clock;
  }

  ready(status: string): void {
    this.#say(status, "READY=1");
  }

  reloading(status: string): void {
    // Both in one datagram, and the time on CLOCK_MONOTONIC: so `notify-reload` tells this reload from an older one.
    this.#say(status, "RELOADING=1", `MONOTONIC_USEC=${monotonicUs()}`);
  }

  stopping(status: string): void {
    this.#say(status, "STOPPING=1");
  }

  status(text: string): void {
    this.#wanted = statusLine(text);
    if (this.#cancelPause === null) this.#tellStatus();
  }

  extendTimeout(ms: number): void {
    this.#send(`EXTEND_TIMEOUT_USEC=${Math.ceil(ms * 1000)}`);
  }

  watchdogPing(): void {
    // A ping that has to wait would be out of date.
    if (this.#unsent.length === 0) this.#send("WATCHDOG=1");
  }

  watchdogTrigger(cause: string): void {
    this.#say(cause, "WATCHDOG=trigger");
    this.#triggered = true;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelPause?.();
    this.#cancelRetry?.();
    closeSync(this.#socket);
  }

  #say(status: string, ...assignments: string[]): void {
    if (this.#triggered) return; // a later status would hide the cause
    this.#lastSent = this.#wanted = statusLine(status);
    this.#send(...assignments, `STATUS=${this.#lastSent}`);
    this.#pause();
  }

  #tellStatus(): void {
    if (this.#wanted === this.#lastSent) return;
    if (this.#unsent.length === 0) this.#say(this.#wanted);
    else this.#pause(); // the manager is busy: an older one need not reach it any more
  }

  #pause(): void {
    this.#cancelPause?.();
    this.#cancelPause = this.#clock.after(STATUS_PAUSE_MS, () => {
      this.#cancelPause = null;
      this.#tellStatus();
    });
  }

  #send(...assignments: string[]): void {
    if (this.#closed) return;
    if (this.#unsent.length < MAX_UNSENT) this.#unsent.push(assignments.join("\n"));
    if (this.#cancelRetry === null) this.#sendAll();
  }

  #sendAll(): void {
    for (let text = this.#unsent[0]; text !== undefined; text = this.#unsent[0]) {
      const result = sendUnix(this.#socket, this.#path, Buffer.from(text));
      if (result === -EAGAIN || result === -ENOBUFS) {
        this.#cancelRetry = this.#clock.after(RETRY_MS, () => {
          this.#cancelRetry = null;
          this.#sendAll();
        });
        return;
      }
      this.#unsent.shift();
      if (result < 0 && !this.#failing) this.#warn(errorReason(-result));
      this.#failing = result < 0;
    }
  }
}

/** The manager takes one line of valid UTF-8; a line break would begin another assignment. */
function statusLine(text: string): string {
  return text.replace(/[\0-\x1f\x7f]+/g, " ").slice(0, LONGEST_STATUS);
}
