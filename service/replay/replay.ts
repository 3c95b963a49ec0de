/** Replays: the last bytes of a device are kept for later connections (docs/console.md, "Memory"). */
import { toBytes } from "../line/bytes.js";
import type { Clock } from "../line/clock.js";
import { reasonOf } from "../native/errors.js";
import { memoryFile } from "../native/handover.js";
import { claimDescriptor, endDescriptor, storeDescriptor, unclaimed } from "../native/stored-descriptors.js";
import { type ReplayPeer, ReplayReader } from "./reader.js";
import { ReplayRing } from "./ring.js";

interface ReplayOptions {
  readonly clock: Clock;
  /** Calls its listeners once a second. */
  readonly heartbeat: Record<"add" | "remove", (listener: { everySecond(): void }) => void>;
  readonly log: { error(text: string): void };
}

const [LF, CR] = [10, 13];
/** Shared by all searches for a line end: a part is searched before the next one is read. */
const searched = new Uint8Array(16_384);
const NOTHING = new Uint8Array(0);

/** Opens the replays of ports, with the rings that the previous process has left. */
export class Replays {
  readonly #options: ReplayOptions;
  /** Rings of the previous process that no port has claimed yet, by port and device. */
  readonly #left = new Map<string, ReplayRing>();

  constructor(options: ReplayOptions) {
    this.#options = options;
    for (const { name } of unclaimed("r")) {
      const fd = claimDescriptor(name);
      if (fd !== null) this.#take(fd);
    }
    options.clock.after(0, () => this.#endLeft()); // by then all ports of the start have claimed theirs
  }

  /**
   * The replay of a port from now on, in place of `inUse`, of which as many bytes are kept as fit. Null for a size of 0.
   * @param owner port and device: bytes of another owner are not shown
   */
  open(owner: string, size: number, inUse: object | null): PortReplay | null {
    const before = inUse instanceof PortReplay ? inUse : null;
    if (before?.owner === owner && before.size === size) return before;
    const left = this.#left.get(owner);
    this.#left.delete(owner);
    const old = before?.owner === owner ? before.take() : (left ?? null);
    if (before?.owner !== owner) before?.close();
    const replay = size === 0 ? null : new PortReplay(owner, size, old, this.#options);
    if (replay === null && old !== null) endDescriptor(old.fd);
    return replay;
  }

  #endLeft(): void {
    for (const ring of this.#left.values()) endDescriptor(ring.fd);
    this.#left.clear();
  }

  #take(fd: number): void {
    let found: ReturnType<typeof ReplayRing.resume> = null;
    try {
      found = ReplayRing.resume(fd);
    } catch {
      // It cannot be read: ended below.
    }
    const other = found === null ? undefined : this.#left.get(found.owner);
    if (found === null || (other !== undefined && other.total > found.ring.total)) {
      endDescriptor(fd);
      return;
    }
    if (other !== undefined) endDescriptor(other.fd);
    this.#left.set(found.owner, found.ring);
  }
}

export class PortReplay {
  readonly owner: string;
  readonly size: number;
  readonly #options: ReplayOptions;
  /** Null: no byte has come yet, or there is no memory. */
  #ring: ReplayRing | null = null;
  #isFailed = false;
  #isBeating = false;
  readonly #readers = new Set<ReplayReader>();

  constructor(owner: string, size: number, old: ReplayRing | null, options: ReplayOptions) {
    this.owner = owner;
    this.size = size;
    this.#options = options;
    if (old?.size === size) this.#ring = old;
    else if (old !== null) this.#copy(old);
  }

  /** Keeps bytes of the device. Without memory for them, everything kept so far is discarded. */
  add(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#guard(() => {
      this.#ring ??= this.#create();
      this.#ring.add(bytes, this.#options.clock.date().getTime());
      this.#isFailed = false;
    });
    if (this.#isBeating) return;
    this.#isBeating = true;
    this.#options.heartbeat.add(this);
  }

  /** A copy of the last bytes, at most `limit`, from the start of a line on; and the time of the last one. */
  last(limit: number): { readonly bytes: Uint8Array; readonly lastMs: number } {
    const ring = this.#ring;
    const found = this.#guard(() => {
      if (ring === null) return NOTHING;
      const position = lineStart(ring, limit);
      const bytes = new Uint8Array(ring.total - position);
      return bytes.subarray(0, ring.read(position, bytes));
    });
    return { bytes: found ?? NOTHING, lastMs: ring?.lastMs ?? 0 };
  }

  /** Shows the replay to a new connection, after its banner. @param beforeMarker text before a marker line; null: no marker @param limit bytes; null: all */
  show(
    peer: ReplayPeer & { sendAside(bytes: Uint8Array): unknown },
    beforeMarker: string | null,
    limit: number | null,
  ): void {
    const ring = this.#ring;
    if (ring === null) return;
    const bytes = this.#guard(() => ring.total - lineStart(ring, Math.min(this.size, limit ?? this.size))) ?? 0;
    if (bytes === 0) return;
    const last = new Date(ring.lastMs).toISOString().replace(/\.\d+/, "");
    if (beforeMarker !== null)
      peer.sendAside(toBytes(`${beforeMarker}--- replay of ${bytes} bytes, the last at ${last} ---\r\n`));
    this.resume(peer, bytes);
  }

  /** Shows a connection the last bytes, without a marker. @param left number of bytes */
  resume(peer: ReplayPeer, left: number): void {
    const ring = this.#ring;
    if (ring === null || left === 0) return;
    const reader = new ReplayReader({
      ...{ ring, peer, clock: this.#options.clock, position: Math.max(ring.start, ring.total - left) },
      ended: one => void this.#readers.delete(one),
    });
    this.#readers.add(reader);
    peer.replay = reader;
    reader.goOn();
  }

  /** Writes all bytes to the ring, so that they outlive the process. */
  flush(): void {
    this.#guard(() => this.#ring?.flush());
  }

  close(): void {
    const ring = this.take();
    if (ring !== null) endDescriptor(ring.fd);
  }

  /** Finishes all readers and gives the ring to the caller, who closes it. */
  take(): ReplayRing | null {
    const ring = this.#ring;
    this.#guard(() => {
      for (const reader of [...this.#readers]) reader.finish();
      ring?.flush();
    });
    this.#stopBeating();
    this.#ring = null;
    return ring;
  }

  #create(): ReplayRing {
    const fd = memoryFile();
    storeDescriptor(fd, "r");
    try {
      return ReplayRing.create(fd, this.size, this.owner);
    } catch (error) {
      endDescriptor(fd);
      throw error;
    }
  }

  #copy(old: ReplayRing): void {
    this.#guard(() => {
      const bytes = new Uint8Array(Math.min(this.size, old.total - old.start));
      const count = old.read(old.total - bytes.length, bytes);
      if (count === 0) return;
      this.#ring = this.#create();
      this.#ring.add(bytes.subarray(0, count), old.lastMs);
    });
    endDescriptor(old.fd);
  }

  /** For the heartbeat. */
  everySecond(): void {
    if (this.#ring === null || this.#ring.isFlushed) this.#stopBeating();
    else this.flush();
  }

  #stopBeating(): void {
    this.#isBeating = false;
    this.#options.heartbeat.remove(this);
  }

  #guard<T>(act: () => T): T | null {
    try {
      return act();
    } catch (error) {
      for (const reader of [...this.#readers]) reader.end();
      if (!this.#isFailed) this.#options.log.error(`No memory for the replay of ${this.owner}: ${reasonOf(error)}`);
      this.#isFailed = true;
      if (this.#ring !== null) endDescriptor(this.#ring.fd);
      this.#ring = null;
      return null;
    }
  }
}

/** Position of the first whole line in the last `limit` bytes; without a line end, of the first of these bytes. */
function lineStart(ring: ReplayRing, limit: number): number {
  const first = Math.max(ring.start, ring.total - limit);
  if (first === 0) return 0;
  let afterReturn = first;
  // The byte before them is left too, and may be a line end.
  for (let at = first - 1; at < ring.total; at += searched.length) {
    const bytes = searched.subarray(0, ring.read(at, searched));
    const lineFeed = bytes.indexOf(LF);
    if (lineFeed >= 0) return at + lineFeed + 1;
    const carriageReturn = bytes.indexOf(CR);
    if (afterReturn === first && carriageReturn >= 0) afterReturn = at + carriageReturn + 1;
  }
  return afterReturn;
}
