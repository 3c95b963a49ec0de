/** Names that come and go in directories (inotify(7)); reads and writes are not reported. */
import { closeSync } from "node:fs";
import { toBytes, toText } from "../line/bytes.js";
import { addon } from "./addon.js";
import { read } from "./descriptors.js";
import { SystemError } from "./errors.js";
import { READABLE, Watch } from "./poll.js";

export interface DirectoryChange {
  /** The result of `add`; null: events were lost, so anything may have changed. */
  readonly directory: number | null;
  /** One character a byte. Null: the directory is not watched any more, it went away. */
  readonly name: string | null;
}

// <linux/inotify.h>
const ATTRIBUTES = 0x4; // owner and permissions, which udev sets a little later
const MOVED_FROM = 0x40;
const MOVED_TO = 0x80;
const CREATE = 0x100;
const DELETE = 0x200;
const OVERFLOW = 0x4000;
const IGNORED = 0x8000;
const ONLY_DIRECTORIES = 0x0100_0000;
const WANTED = ATTRIBUTES | MOVED_FROM | MOVED_TO | CREATE | DELETE | ONLY_DIRECTORIES;

const HEADER_WORDS = 4; // watch, mask, cookie, length of the name
const READ_BYTES = 4096; // at least one event: a header and a name of 255 bytes

export class DirectoryWatch {
  readonly #fd: number;
  readonly #watch: Watch;
  readonly #changed: (changes: readonly DirectoryChange[]) => void;
  readonly #buffer = Buffer.alloc(READ_BYTES);

  /** @param changed called with the changes, in order. Throws SystemError. */
  constructor(changed: (changes: readonly DirectoryChange[]) => void) {
    this.#changed = changed;
    this.#fd = check(addon.inotifyOpen());
    try {
      this.#watch = new Watch(this.#fd, () => this.#read());
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
    this.#watch.arm(READABLE);
  }

  /** One number for one directory, under whatever names it is added. Throws SystemError. */
  add(path: string): number {
    return check(addon.inotifyAdd(this.#fd, toBytes(path), WANTED));
  }

  /** Does nothing for a directory that went away. */
  remove(directory: number): void {
    addon.inotifyRemove(this.#fd, directory);
  }

  close(): void {
    this.#watch.close();
    closeSync(this.#fd);
  }

  #read(): void {
    this.#watch.arm(READABLE);
    const length = read(this.#fd, this.#buffer);
    if (length > 0) this.#changed(parseChanges(this.#buffer.subarray(0, length)));
  }
}

/** In the byte order of this machine, as the kernel writes them. */
function parseChanges(bytes: Buffer): DirectoryChange[] {
  const changes: DirectoryChange[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [watch = 0, mask = 0, , length = 0] = new Uint32Array(bytes.buffer, bytes.byteOffset + at, HEADER_WORDS);
    const start = at + HEADER_WORDS * 4;
    const name = toText(bytes.subarray(start, start + length)).replace(/\0+$/, "");
    at = start + length;
    if ((mask & OVERFLOW) !== 0) changes.push({ directory: null, name: null });
    else if (name !== "") changes.push({ directory: watch, name });
    else if ((mask & IGNORED) !== 0) changes.push({ directory: watch, name: null });
  }
  return changes;
}

function check(result: number): number {
  if (result < 0) throw new SystemError("watch", -result);
  return result;
}
