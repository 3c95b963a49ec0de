/** The far end of a serial line: a pseudo-terminal whose slave is the device the daemon opens. */
import { closeSync } from "node:fs";
import { read, write } from "../../service/native/descriptors.js";
import { EAGAIN, errorReason } from "../../service/native/errors.js";
import { READABLE, Watch, WRITABLE } from "../../service/native/poll.js";
import type { Teardown } from "./client.js";
import { Incoming } from "./incoming.js";
import { openPty } from "./test-addon.js";

/** An echo stops reading above this, until what it has to send is gone. */
const MAX_UNECHOED = 65_536;

export class PtyDevice extends Incoming {
  readonly path: string;
  readonly #pty = openPty(); // the slave stays open, so that the line exists while no program uses it
  readonly #watch: Watch;
  readonly #received: (bytes: Uint8Array) => void;
  readonly #chunk = new Uint8Array(16_384);
  #unsent: Uint8Array[] = [];
  #mostUnsent = Number.POSITIVE_INFINITY;
  #paused = false;
  #open = true;

  /** Without `received` the bytes wait to be expected. */
  constructor(received?: (bytes: Uint8Array, device: PtyDevice) => void) {
    super();
    this.path = this.#pty.path;
    this.#received = bytes => (received ? received(bytes, this) : this.push(bytes));
    this.#watch = new Watch(this.#pty.master, events => this.#ready(events));
    this.#watch.arm(READABLE);
  }

  static open(t: Teardown, received?: (bytes: Uint8Array, device: PtyDevice) => void): PtyDevice {
    const device = new PtyDevice(received);
    t.teardown(() => device.close());
    return device;
  }

  /** Sends back what it receives. */
  static echo(t: Teardown): PtyDevice {
    const device = PtyDevice.open(t, bytes => device.send(bytes));
    device.#mostUnsent = MAX_UNECHOED;
    return device;
  }

  send(bytes: string | Uint8Array): void {
    this.#unsent.push(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes.slice());
    this.#flush();
  }

  /** Bytes the line has not yet taken. */
  get unsent(): number {
    return this.#unsent.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  /** A stalled line: takes nothing until `resume`. */
  pause(): void {
    this.#paused = true;
    this.#watch.disarm(READABLE);
  }

  resume(): void {
    this.#paused = false;
    this.#watch.arm(READABLE);
  }

  /**
   * Unplugs the device. Our own descriptor of the slave is left open until the process ends: the kernel would give the
   * name to the next pseudo-terminal of any test, and a daemon that still looks for the device would read its bytes.
   */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#watch.close();
    closeSync(this.#pty.master);
    this.end();
  }

  /** Our own descriptor of the slave: to look at the line settings. */
  get slave(): number {
    return this.#pty.slave;
  }

  #ready(events: number): void {
    if (events & WRITABLE) this.#flush();
    if (!(events & READABLE) || !this.#open) return;
    const length = read(this.#pty.master, this.#chunk);
    if (length > 0) this.#received(this.#chunk.subarray(0, length));
    this.#wantMore();
  }

  #flush(): void {
    while (this.#open && this.#unsent[0]) {
      const sent = write(this.#pty.master, this.#unsent[0]);
      if (sent === -EAGAIN) {
        this.#watch.arm(WRITABLE);
        return;
      }
      if (sent < 0) throw new Error(`${this.path}: ${errorReason(-sent)}`);
      this.#unsent[0] = this.#unsent[0].subarray(sent);
      if (this.#unsent[0].length === 0) this.#unsent.shift();
    }
    this.#wantMore();
  }

  #wantMore(): void {
    if (this.#open && !this.#paused && this.unsent <= this.#mostUnsent) this.#watch.arm(READABLE);
  }
}
