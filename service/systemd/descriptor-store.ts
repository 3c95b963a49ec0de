/** The file descriptor store of the service manager, sd_notify(3): the next process of the unit gets the descriptors in it. */
import { backgroundClock, type Cancel, type Clock } from "../line/clock.js";
import { EAGAIN, ENOBUFS } from "../native/errors.js";
import { sendBarrier, sendDescriptor } from "../native/handover.js";
import { sendUnix, unixDatagram } from "../native/sockets.js";
import type { DescriptorStore } from "../native/stored-descriptors.js";

/** Interval of the attempts to send while the queue of a busy manager is full. */
const RETRY_MS = 5;
const LONGEST_PATH = 107; // bytes, sun_path without its NUL

interface Message {
  readonly text: string;
  readonly name: string;
  /** Null: the name is removed. */
  readonly fd: number | null;
}

/**
 * Null without a service manager, and when it says that the unit has no store (FDSTORE=0, systemd 254 and later). Older systemd
 * does not say so; it drops the descriptors of a unit without FileDescriptorStoreMax=. NOTIFY_SOCKET stays in `environment`.
 */
export function createDescriptorStore(
  environment: NodeJS.ProcessEnv,
  clock: Clock = backgroundClock,
): DescriptorStore | null {
  const { NOTIFY_SOCKET: path = "", FDSTORE: room } = environment;
  delete environment.FDSTORE;
  if (!/^[@/]/.test(path) || Buffer.byteLength(path) > LONGEST_PATH || room === "0") return null;
  try {
    return new ManagerStore(unixDatagram(), path, clock);
  } catch {
    return null; // no descriptor is left: the notifier logs that
  }
}

class ManagerStore implements DescriptorStore {
  readonly #socket: number;
  readonly #path: string;
  readonly #clock: Clock;
  /** In the order of sending. The descriptor of an unsent message must still be open. */
  readonly #unsent = new Set<Message>();
  #cancelRetry: Cancel | null = null;

  constructor(socket: number, path: string, clock: Clock) {
    this.#socket = socket;
    this.#path = path;
    this.#clock = clock;
  }

  /**
   * FDPOLL=0: the manager keeps a connection that has ended, so that the next process reads its last bytes and its end. For a
   * device that is not set: the manager closes its copy on a hang-up, else an unplugged adapter would keep its tty number.
   */
  add(fd: number, name: string): void {
    const polled = name.startsWith("d-") ? "" : "\nFDPOLL=0";
    this.#send({ text: `FDSTORE=1\nFDNAME=${name}${polled}`, name, fd });
  }

  remove(name: string): void {
    for (const message of this.#unsent) {
      if (message.name !== name) continue;
      this.#unsent.delete(message);
      return; // it was never in the store
    }
    this.#send({ text: `FDSTOREREMOVE=1\nFDNAME=${name}`, name, fd: null });
  }

  barrier(limitMs: number): boolean {
    const endMs = this.#clock.nowMs() + limitMs;
    for (let leftMs = limitMs; leftMs > 0; leftMs = endMs - this.#clock.nowMs()) {
      const isSent = this.#sendAll();
      const isRead = sendBarrier(this.#socket, this.#path, Math.ceil(leftMs));
      if (isSent || !isRead) return isSent && isRead;
    }
    return false;
  }

  #send(message: Message): void {
    this.#unsent.add(message);
    if (this.#cancelRetry === null) this.#sendAll();
  }

  /** Sends what the manager takes now. False: the rest waits for the next attempt. */
  #sendAll(): boolean {
    for (const message of this.#unsent) {
      const result = this.#sendNow(message);
      if (result === -EAGAIN || result === -ENOBUFS) {
        this.#cancelRetry ??= this.#clock.after(RETRY_MS, () => {
          this.#cancelRetry = null;
          this.#sendAll();
        });
        return false;
      }
      this.#unsent.delete(message);
    }
    return true;
  }

  #sendNow({ text, fd }: Message): number {
    if (fd === null) return sendUnix(this.#socket, this.#path, Buffer.from(text));
    return sendDescriptor(this.#socket, this.#path, text, fd);
  }
}
