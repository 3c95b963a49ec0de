/**
 * Waits for descriptors; one call from the addon passes all that are ready. There are two epoll instances: a ready descriptor
 * of the first one wakes the event loop; the second one is looked at by a timer: one wake-up a tick for all its descriptors.
 */
import { addon } from "./addon.js";
import { SystemError } from "./errors.js";

export const READABLE = 0x001; // EPOLLIN
export const WRITABLE = 0x004; // EPOLLOUT
/**
 * EPOLLET, for ttys: an event is reported when bytes come, and not again while they are there. To look whether they still are,
 * the kernel would wait for its worker that moves the bytes of the line (`n_tty_poll`), with this thread.
 */
export const AT_ARRIVAL = 0x8000_0000;

export const ERROR_OR_HANGUP = 0x008 | 0x010; // EPOLLERR, EPOLLHUP: reported with any other event, or alone
const ADD = 1;
const REMOVE = 2;
const MODIFY = 3;

// One map for the process, as the addon has one pair of epoll instances. Ids are not reused: an event that was collected
// before its watch was closed finds no watch.
const watches = new Map<number, Watch>();
const batch = new Float64Array(256); // id, events, id, events ...
let lastId = 0;
let started = false;
/** The watches in the second instance. */
const ticking = new Set<Watch>();
let tickMs = 2;

/** The period of the ticks, in milliseconds, 1 to 1000. */
export function setTickMs(ms: number): void {
  if (ms === tickMs) return;
  tickMs = ms;
  if (ticking.size > 0) addon.pollTick(ms);
}

/** Waits for events of one descriptor. Close it before the descriptor is closed. */
export class Watch {
  readonly #id = ++lastId;
  readonly #fd: number;
  readonly #ready: (events: number) => void;
  readonly #trigger: number;
  /** An event that the kernel will not report again may have come: it is asked. */
  #askAgain = false;
  #interest = 0; // the armed events that have not come yet
  #armed = 0; // what the kernel was told to report
  #readsAtTicks = false;
  #atTicks = false; // which epoll instance it is in
  #handling = false;
  #closed = false;

  /**
   * @param ready called with the armed events that have come
   * @param trigger AT_ARRIVAL, or 0: an event comes as long as it is true. Throws SystemError EPERM for a regular file.
   */
  constructor(fd: number, ready: (events: number) => void, trigger = 0) {
    if (!started) check("watch", addon.pollStart(batch, dispatch));
    started = true;
    this.#fd = fd;
    this.#ready = ready;
    this.#trigger = trigger;
    check("watch", addon.pollControl(ADD, fd, this.#id, 0, false));
    watches.set(this.#id, this);
    if (watches.size === 1) addon.pollHold(true);
  }

  /**
   * Arms events; each is reported once. An error or a hang-up reports all that are armed.
   * @param atTick READABLE may wait for the next tick; it does not while WRITABLE is armed too
   * @param askAgain with AT_ARRIVAL: not all that had come was read
   */
  arm(events: number, atTick = false, askAgain = false): void {
    if (this.#closed) return;
    this.#askAgain ||= askAgain;
    this.#interest |= events;
    if ((events & READABLE) !== 0) this.#readsAtTicks = atTick;
    if (!this.#handling) this.#update();
  }

  /** Disarms events. */
  disarm(events: number): void {
    this.#interest &= ~events; // the kernel stays armed: a wake-up for a disarmed event is ignored
  }

  /** `ready` is not called any more, not even for an event already collected. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // Removed explicitly: a duplicate of the descriptor elsewhere would keep it registered.
    addon.pollControl(REMOVE, this.#fd, this.#id, 0, this.#atTicks);
    if (this.#atTicks) this.#leaveTicks();
    watches.delete(this.#id);
    if (watches.size === 0) addon.pollHold(false);
  }

  /** Only for `dispatch`. */
  handle(events: number): void {
    if (this.#armed === 0) return; // reported once, see pollControl
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

  /** Only for `dispatch`: nothing has come for some time, so what comes next is not a stream and is read at once. */
  quiet(): void {
    this.#readsAtTicks = false;
    this.#move(false);
  }

  #update(): void {
    const atTicks = this.#readsAtTicks && this.#interest === READABLE;
    if (atTicks !== this.#atTicks && this.#interest !== 0) this.#move(atTicks);
    else if (this.#interest !== this.#armed || this.#askAgain) this.#tell(MODIFY);
  }

  #move(atTicks: boolean): void {
    this.#tell(REMOVE);
    this.#atTicks = atTicks;
    this.#tell(ADD);
    if (!atTicks) {
      this.#leaveTicks();
      return;
    }
    ticking.add(this);
    if (ticking.size === 1) addon.pollTick(tickMs);
  }

  #leaveTicks(): void {
    ticking.delete(this);
    if (ticking.size === 0) addon.pollTick(0);
  }

  #tell(operation: number): void {
    const events = this.#interest + this.#trigger;
    check("watch", addon.pollControl(operation, this.#fd, this.#id, events, this.#atTicks));
    this.#armed = this.#interest;
    this.#askAgain = false;
  }
}

function dispatch(count: number): void {
  if (count === 0) for (const watch of [...ticking]) watch.quiet();
  // From the end: descriptors that are ready all the time come first in the batch, and take longer than the others.
  for (let i = count - 1; i >= 0; i--) {
    try {
      watches.get(batch[2 * i] ?? 0)?.handle(batch[2 * i + 1] ?? 0);
    } catch (error) {
      // An uncaught exception like any other, but after the rest of the batch: a one-shot event would be lost.
      process.nextTick(() => {
        throw error;
      });
    }
  }
}

function check(call: string, result: number): void {
  if (result < 0) throw new SystemError(call, -result);
}
