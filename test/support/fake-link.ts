/** A link whose peer is the test: nothing happens until `settle`, which plays the turns of the event loop. */
import { type Link, LinkError, type LinkErrorCode, type PeerAddress } from "../../service/net/link.js";

export interface FakeLink extends Link {
  /** All the peer was sent, one character a byte. */
  readonly received: string;
  readonly closed: boolean;
  /** The bytes of each write. */
  readonly writes: readonly string[];
  /** Whether it was asked to keep urgent data. */
  readonly keepsUrgent: boolean;
  /** Bytes it takes before it is full. */
  room: number;
  /** Bytes of the peer that have not been read. */
  readonly unread: number;
  /** The peer sends; text is one character a byte. */
  send(bytes: string | Uint8Array): void;
  /** The peer is done, after what it sent. */
  finish(): void;
  /** `read`, once, or each `write` from now on throws; the reason is `<fault> here`. */
  breakWith(call: "read" | "write", fault: LinkErrorCode): void;
  /** The peer resets the connection. */
  reset(): void;
  /** `isGone` of the link. */
  gone: boolean;
  /** The connection breaks without an error for `read`. */
  breakQuietly(): void;
  /** The moment at which those are read that may wait for it. */
  tick(): void;
  /** Calls back until no callback waits for anything that has come. Returns the number of calls. */
  settle(): number;
  /** The bytes received since the last `take`, after settling. */
  take(): string;
}

/** More turns than any test needs: reaching it is an endless loop. */
const MAX_ROUNDS = 100_000;

export function createFakeLink(
  peer: PeerAddress = { address: "127.0.0.1", port: 40001 },
  transport: Link["transport"] = "tcp",
): FakeLink {
  const faults: { read?: LinkError; write?: LinkError } = {};
  let input = new Uint8Array(0);
  let finished = false;
  let received = "";
  const writes: string[] = [];
  let keepsUrgent = false;
  let taken = 0;
  let closed = false;
  let brokenQuietly = false;
  let readable: (() => void) | null = null;
  let waitsForTick = false;
  let writable: (() => void) | null = null;
  let broken: (() => void) | null = null;

  const link: FakeLink = {
    peer,
    transport,
    local: () => ({ address: "127.0.0.1", port: 2000 }),
    room: Number.POSITIVE_INFINITY,
    get received() {
      return received;
    },
    get closed() {
      return closed;
    },
    writes,
    get keepsUrgent() {
      return keepsUrgent;
    },
    get unread() {
      return input.length;
    },
    read(into) {
      if (closed) return -1;
      if (faults.read && input.length === 0) {
        const fault = faults.read; // the system gives what came before it first
        delete faults.read;
        finished = true;
        throw fault;
      }
      if (input.length === 0) return finished ? -1 : 0;
      const part = input.subarray(0, into.length);
      into.set(part);
      input = input.slice(part.length);
      return part.length;
    },
    write(bytes) {
      if (closed) return bytes.length;
      if (faults.write) throw faults.write;
      const part = bytes.subarray(0, Math.min(bytes.length, link.room));
      link.room -= part.length;
      if (part.length > 0) writes.push(Buffer.from(part).toString("latin1"));
      received += Buffer.from(part).toString("latin1");
      return part.length;
    },
    whenReadable(callback, atTick = false) {
      if (closed) return;
      readable = callback;
      waitsForTick = atTick;
      broken = null;
    },
    ignoreReadable() {
      readable = null;
    },
    whenWritable(callback) {
      if (closed) return;
      writable = callback;
    },
    close() {
      closed = true;
    },
    send(bytes) {
      const more = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
      input = Uint8Array.from([...input, ...more]);
    },
    finish() {
      finished = true;
    },
    gone: false,
    breakQuietly() {
      brokenQuietly = true;
    },
    breakWith(call, fault) {
      faults[call] = new LinkError(fault, `${peer.address},${peer.port}`, `${fault} here`);
    },
    reset() {
      link.breakWith("read", "reset");
      link.breakWith("write", "pipe");
    },
    tick() {
      waitsForTick = false;
    },
    settle() {
      for (let rounds = 0; rounds < MAX_ROUNDS; rounds++) {
        const callback = due();
        if (callback === null) return rounds;
        callback();
      }
      throw new Error("it never comes to rest");
    },
    take() {
      link.settle();
      const news = received.slice(taken);
      taken = received.length;
      return news;
    },
  };

  Object.assign(link, { hasEnded: () => !closed && finished } satisfies Partial<Link>);
  if (transport === "tcp") {
    Object.assign(link, {
      whenBroken: (callback: () => void) => {
        broken = callback;
      },
      isGone: () => !closed && link.gone,
      keepUrgentInline: () => {
        keepsUrgent = true;
      },
    } satisfies Partial<Link>);
  }

  /** One-shot: after a call the callback must be set again. */
  function due(): (() => void) | null {
    let callback: (() => void) | null = null;
    if (closed) return null;
    if (writable !== null && (link.room > 0 || faults.write)) {
      callback = writable;
      writable = null;
    } else if (broken !== null && (faults.read || brokenQuietly)) {
      callback = broken;
      broken = null;
    } else if (readable !== null && !waitsForTick && (input.length > 0 || finished || faults.read)) {
      callback = readable;
      readable = null;
    }
    return callback;
  }

  return link;
}
