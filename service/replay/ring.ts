/**
 * The last bytes of a device, in a file in memory. The service manager has a copy of its descriptor, so they outlive a crash of
 * this process. New bytes are gathered before they are written, so that not every byte costs a system call.
 *
 * The file: a head of one page (four numbers, then the names of port and device), then a circular buffer of
 * `size + GATHERED_BYTES` bytes. Because of the additional bytes, a write that a crash cuts off destroys none of the last `size`.
 */
import { fstatSync, readSync, writeSync } from "node:fs";
import { toBytes, toText } from "../line/bytes.js";

const GATHERED_BYTES = 4096;
const HEAD_BYTES = 4096;
const NAMES_AT = 64;
/** The numbers of the head, doubles in little endian: magic, size, count of all bytes ever, time of the last one. */
const MAGIC = 0x72_70_6c_79_31; // "rply1"
const NUMBERS = 4;
const NOTHING = Buffer.alloc(0);

interface Head {
  readonly size: number; // bytes that are kept
  readonly total: number; // bytes that ever came
  readonly lastMs: number; // milliseconds since 1970
  /** Names of port and device. */
  readonly owner: string;
}

export class ReplayRing {
  readonly fd: number;
  readonly size: number;
  #written: number;
  #lastMs: number;
  /** Bytes not written yet: the first `#length`. Allocated with the first byte. */
  #gathered = NOTHING;
  #length = 0;
  readonly #numbers = new DataView(new ArrayBuffer(NUMBERS * 8));

  private constructor(fd: number, { size, total, lastMs }: Head) {
    this.fd = fd;
    this.size = size;
    this.#written = total;
    this.#lastMs = lastMs;
  }

  /** Makes an empty ring. Throws when there is no memory for it. */
  static create(fd: number, size: number, owner: string): ReplayRing {
    const names = toBytes(owner).subarray(0, HEAD_BYTES - NAMES_AT);
    writeSync(fd, Buffer.concat([names, Buffer.alloc(1)]), 0, names.length + 1, NAMES_AT);
    const ring = new ReplayRing(fd, { size, total: 0, lastMs: 0, owner });
    ring.#writeHead();
    return ring;
  }

  /** The ring that the previous process has written; null: the file is not a ring. Throws when it cannot be read. */
  static resume(fd: number): { readonly ring: ReplayRing; readonly owner: string } | null {
    const head = readHead(fd);
    return head === null ? null : { ring: new ReplayRing(fd, head), owner: head.owner };
  }

  /** Count of all bytes ever: the position of the next one. */
  get total(): number {
    return this.#written + this.#length;
  }

  /** The position of the first byte that is kept. */
  get start(): number {
    return Math.max(0, this.total - this.size);
  }

  /** Time of the last byte, in milliseconds since 1970. */
  get lastMs(): number {
    return this.#lastMs;
  }

  /** Throws when there is no memory for the bytes; the last ones are lost then. */
  add(bytes: Uint8Array, nowMs: number): void {
    if (this.#gathered.length === 0) this.#gathered = Buffer.allocUnsafeSlow(GATHERED_BYTES);
    this.#lastMs = nowMs;
    for (let at = 0; at < bytes.length; ) {
      if (this.#length === GATHERED_BYTES) this.flush();
      const part = bytes.subarray(at, at + GATHERED_BYTES - this.#length);
      this.#gathered.set(part, this.#length);
      this.#length += part.length;
      at += part.length;
    }
  }

  get isFlushed(): boolean {
    return this.#length === 0;
  }

  /** Writes the gathered bytes, so that they outlive the process. Throws as `add`. */
  flush(): void {
    if (this.#length === 0) return;
    const length = this.#length;
    this.#length = 0;
    this.#write(this.#gathered.subarray(0, length));
    this.#written += length;
    this.#writeHead();
  }

  /** Reads bytes from a position on, which must not be before `start`. Returns their number. Throws when they cannot be read. */
  read(position: number, into: Uint8Array): number {
    this.flush();
    const count = Math.min(into.length, this.total - position);
    for (let done = 0; done < count; ) {
      const { offset, room } = this.#place(position + done);
      const got = readSync(this.fd, into, done, Math.min(room, count - done), offset);
      if (got === 0) return done;
      done += got;
    }
    return count;
  }

  #write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const { offset, room } = this.#place(this.#written + done);
      done += writeSync(this.fd, bytes, done, Math.min(room, bytes.length - done), offset);
    }
  }

  /** The offset of a byte in the file, and the bytes from there to the end of the buffer. */
  #place(position: number): { readonly offset: number; readonly room: number } {
    const capacity = this.size + GATHERED_BYTES;
    const at = position % capacity;
    return { offset: HEAD_BYTES + at, room: capacity - at };
  }

  #writeHead(): void {
    [MAGIC, this.size, this.#written, this.#lastMs].forEach((one, index) => {
      this.#numbers.setFloat64(index * 8, one, true);
    });
    writeSync(this.fd, this.#numbers, 0, this.#numbers.byteLength, 0);
  }
}

function readHead(fd: number): Head | null {
  const head = Buffer.alloc(HEAD_BYTES);
  const length = readSync(fd, head, 0, HEAD_BYTES, 0);
  if (length < NAMES_AT || head.readDoubleLE(0) !== MAGIC) return null;
  const [size, total, lastMs] = [head.readDoubleLE(8), head.readDoubleLE(16), head.readDoubleLE(24)];
  const isWhole = [size, total, lastMs].every(one => Number.isSafeInteger(one) && one >= 0);
  const end = head.indexOf(0, NAMES_AT);
  if (!isWhole || end < 0 || size > 1 << 24) return null;
  // The file must be long enough for the bytes that its head declares.
  if (fstatSync(fd).size < HEAD_BYTES + Math.min(total, size + GATHERED_BYTES) && total > 0) return null;
  return { size, total, lastMs, owner: toText(head.subarray(NAMES_AT, end)) };
}
