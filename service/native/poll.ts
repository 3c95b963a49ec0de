/** Waiting for descriptors: one epoll instance for all of them, one call from the addon for all that is ready. */
import { addon } from "./addon.js";
import { SystemError } from "./errors.js";

export const READABLE = 0x001; // EPOLLIN
export const WRITABLE = 0x004; // EPOLLOUT

export const ERROR_OR_HANGUP = 0x008 | 0x010; // EPOLLERR, EPOLLHUP: reported with any other wish, or alone
const ADD = 1;
const REMOVE = 2;
const MODIFY = 3;

// One for the process, as the addon keeps one epoll instance. Ids are never used again: an event that was collected
// before its watch was closed finds none.
const watches = new Map<number, Watch>();
const batch = new Float64Array(256); // id, events, id, events ...
let lastId = 0;
let started = false;

/** The wishes of one descriptor. Close it before the descriptor is closed. */
export class Watch {
  readonly #id = ++lastId;
  readonly #fd: number;
  readonly #ready: (events: number) => void;
  #interest = 0;
  #armed = 0; // what the kernel was told to report; once it has reported, nothing
  #handling = false;
  #closed = false;

  /** `ready` is called with the wishes that are fulfilled. Throws SystemError EPERM for a regular file. */
  constructor(fd: number, ready: (events: number) => void) {
    if (!started) check("watch", addon.pollStart(batch, dispatch));
    started = true;
    this.#fd = fd;
    this.#ready = ready;
    check("watch", addon.pollControl(ADD, fd, this.#id, 0));
    watches.set(this.#id, this);
    if (watches.size === 1) addon.pollHold(true);
  }

  /** Adds wishes; each is fulfilled once. An error or a hang-up fulfils all of them. */
  arm(events: number): void {
    if (this.#closed) return;
    this.#interest |= events;
    if (!this.#handling) this.#update();
  }

  /** Takes wishes back. */
  disarm(events: number): void {
    this.#interest &= ~events; // the kernel stays armed: a wake-up without a wish is dropped
  }

  /** No `ready` from now on, not even for an event already collected. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // Explicitly, since a duplicate of the descriptor elsewhere would keep it registered.
    addon.pollControl(REMOVE, this.#fd, this.#id, 0);
    watches.delete(this.#id);
    if (watches.size === 0) addon.pollHold(false);
  }

  /** Only for `dispatch`. */
  handle(events: number): void {
    this.#armed = 0;
    const fired = events & ERROR_OR_HANGUP ? this.#interest : events & this.#interest;
    this.#interest &= ~fired;
    try {
      this.#handling = true;
      if (fired !== 0) this.#ready(fired);
    } finally {
      this.#handling = false;
      if (!this.#closed) this.#update();
    }
  }

  #update(): void {
    if ((this.#interest & ~this.#armed) === 0) return;
    check("watch", addon.pollControl(MODIFY, this.#fd, this.#id, this.#interest));
    this.#armed = this.#interest;
  }
}

function dispatch(count: number): void {
  for (let i = 0; i < count; i++) {
    try {
      watches.get(batch[2 * i] ?? 0)?.handle(batch[2 * i + 1] ?? 0);
    } catch (error) {
      // An uncaught exception like any other, but the rest of the batch is served: the kernel reports it only once.
      process.nextTick(() => {
        throw error;
      });
    }
  }
}

function check(call: string, result: number): void {
  if (result < 0) throw new SystemError(call, -result);
}
