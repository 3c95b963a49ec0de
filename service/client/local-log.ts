/** A file on the user's machine that gets what the device sends. */
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { toBytes } from "../line/bytes.js";
import { reasonOf } from "../native/errors.js";

const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

export class LocalLog {
  #fd: number | null = null;
  #path = "";

  /** Appends to the file, and ends the log before. Returns what is to be told. */
  start(path: string): string {
    this.end();
    try {
      this.#fd = openSync(toBytes(path), FLAGS, 0o600);
      this.#path = path;
      return `logging to ${path}`;
    } catch (error) {
      return `${path}: ${reasonOf(error)}`;
    }
  }

  /** Null, or why the log has ended. */
  write(bytes: Uint8Array): string | null {
    if (this.#fd === null) return null;
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
      return null;
    } catch (error) {
      this.end();
      return reasonOf(error);
    }
  }

  /** Returns what is to be told. */
  end(): string {
    if (this.#fd === null) return "there is no log";
    closeSync(this.#fd);
    this.#fd = null;
    return `the log ${this.#path} has ended`;
  }
}
