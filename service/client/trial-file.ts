/**
 * A file that is replaced on trial: what was there before lies beside it as FILE.rollback until the trial has ended, also
 * over a loss of power (ser2net-rollback.service).
 */
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  linkSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { toBytes, toText } from "../line/bytes.js";
import { readRegularFile } from "../native/read-file.js";

const NEW_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** As Debian's packages install configuration files. */
const USUAL_MODE = 0o644;

/** Paths are latin1. */
export class TrialFile {
  readonly path: string;
  readonly #rollback: string;

  /** Puts `content` in the place of the file by a rename. Throws the system's error; EEXIST: another trial goes on. */
  constructor(path: string, content: Uint8Array) {
    this.path = exists(path) ? toText(realpathSync(toBytes(path), "buffer")) : path;
    this.#rollback = `${this.path}.rollback`;
    const draft = `${this.path}.new`;
    keepPrevious(this.path, this.#rollback);
    try {
      remove(draft);
      writeDraft(draft, content, exists(this.path) ? statSync(toBytes(this.path)) : null);
    } catch (error) {
      remove(draft);
      remove(this.#rollback);
      throw error;
    }
    move(draft, this.path);
  }

  /** The new content stays. Throws the system's error. */
  keep(): void {
    remove(this.#rollback);
    syncFolder(this.path);
  }

  /** The previous content, or none, is back. Throws the system's error. */
  takeBack(): void {
    if (statSync(toBytes(this.#rollback)).size > 0) {
      move(this.#rollback, this.path);
      return;
    }
    remove(this.path);
    remove(this.#rollback);
    syncFolder(this.path);
  }
}

/** An empty one stands for a file that did not exist; an empty file is kept as one with an empty line. */
function keepPrevious(path: string, rollback: string): void {
  if (!exists(path)) writeFileSync(toBytes(rollback), "", { flag: "wx" });
  else if (readRegularFile(path).length > 0) linkSync(toBytes(path), toBytes(rollback));
  else writeFileSync(toBytes(rollback), "\n", { flag: "wx" });
}

/** With the owner and the mode of the file whose place it takes: until it has them, only its owner may open it. */
function writeDraft(path: string, content: Uint8Array, like: Stats | null): void {
  const fd = openSync(toBytes(path), NEW_FLAGS, like === null ? USUAL_MODE : 0o600);
  try {
    if (like !== null) {
      fchownSync(fd, like.uid, like.gid);
      fchmodSync(fd, like.mode & 0o7777);
    }
    for (let at = 0; at < content.length; ) at += writeSync(fd, content, at);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function move(from: string, to: string): void {
  renameSync(toBytes(from), toBytes(to));
  syncFolder(to);
}

function remove(path: string): void {
  rmSync(toBytes(path), { force: true });
}

function exists(path: string): boolean {
  return existsSync(toBytes(path));
}

function syncFolder(path: string): void {
  const fd = openSync(toBytes(dirname(path)), constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NONBLOCK);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
