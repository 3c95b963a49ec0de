/** Sends a file of the user's machine to the device: as it is, or by a ZMODEM program that talks to the device itself. */
import type { ChildProcess } from "node:child_process";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { toBytes } from "../line/bytes.js";
import { reasonOf } from "../native/errors.js";
import { loadModule } from "../native/load-module.js";
import type { DataSession } from "./data-session.js";

const CHUNK = 4096;
const ZMODEM_SENDER = "sz";

export class FileSender {
  readonly #data: DataSession;
  #child: ChildProcess | null = null;
  #isActive = false;
  #isCancelled = false;

  constructor(data: DataSession) {
    this.#data = data;
  }

  /** Keys do not go to the device meanwhile. */
  get isActive(): boolean {
    return this.#isActive;
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#child?.kill("SIGINT"); // it cancels at the other end too
  }

  /** True: the ZMODEM program got these bytes of the device. */
  takes(bytes: Uint8Array): boolean {
    if (this.#child === null) return false;
    this.#child.stdin?.write(Uint8Array.from(bytes));
    return true;
  }

  /** Resolves to what is to be told, when the daemon has taken all but the last bytes. */
  async send(path: string): Promise<string> {
    return this.#while(async () => {
      let [sent, file] = [0, -1];
      try {
        file = openSync(toBytes(path), constants.O_RDONLY | constants.O_NONBLOCK);
        if (!fstatSync(file).isFile()) return `${path}: not a regular file`;
        const chunk = new Uint8Array(CHUNK);
        while (!this.#isCancelled) {
          const length = readSync(file, chunk);
          if (length === 0) return `sent ${sent} bytes of ${path}`;
          if (!this.#data.write(chunk.subarray(0, length))) break;
          sent += length;
          await this.#data.drained();
        }
        return `${path}: not complete, ${sent} bytes are sent`;
      } catch (error) {
        return `${path}: ${reasonOf(error)}`;
      } finally {
        if (file >= 0) closeSync(file);
      }
    });
  }

  /** Resolves to what is to be told, when the program has ended. */
  async zmodem(path: string): Promise<string> {
    const { spawn } = loadModule("node:child_process");
    return this.#while(async () => {
      const child = spawn(ZMODEM_SENDER, ["--binary", "--", toBytes(path).toString()], {
        stdio: ["pipe", "pipe", "ignore"],
      });
      this.#child = child;
      child.stdin.on("error", () => {}); // it may end before it has read all
      child.stdout.on("data", bytes => {
        this.#data.write(bytes);
        child.stdout.pause();
        void this.#data.drained().then(() => child.stdout.resume());
      });
      const outcome = await new Promise<string>(resolve => {
        child.on("error", error => {
          const isMissing = "code" in error && error.code === "ENOENT";
          resolve(isMissing ? `${ZMODEM_SENDER} is not installed here (package lrzsz)` : error.message);
        });
        child.on("close", code => resolve(code === 0 ? `sent ${path}` : `${path}: ${ZMODEM_SENDER} failed`));
      });
      this.#child = null;
      return outcome;
    });
  }

  async #while(sending: () => Promise<string>): Promise<string> {
    this.#isActive = true;
    this.#isCancelled = false;
    try {
      return await sending();
    } finally {
      this.#isActive = false;
    }
  }
}
