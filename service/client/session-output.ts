/** Standard output of data sessions. The reader of a pipe may take less than they bring; a terminal takes all at once. */
import type { DataSession } from "./data-session.js";

export class SessionOutput {
  readonly #sessions: readonly DataSession[];
  #isPaced = true;
  #hasPaused = false;

  /** @param gone called when the reader of the pipe, or the terminal, is gone */
  constructor(sessions: readonly DataSession[], gone: () => void) {
    this.#sessions = sessions;
    process.stdout.on("error", gone);
    process.stdout.on("drain", () => this.#resume());
  }

  /** Node keeps what the reader does not take, so the sessions wait for it: then the daemon and the devices do too. */
  write(bytes: Uint8Array): void {
    if (process.stdout.write(bytes) || !this.#isPaced) return;
    this.#hasPaused = true;
    for (const session of this.#sessions) session.pause();
  }

  /** From now on the sessions do not wait for the reader. True: they may have done so, and have more to bring. */
  endPacing(): boolean {
    this.#isPaced = false;
    this.#resume();
    return this.#hasPaused;
  }

  /** Resolves to true when the reader has got all that was written, and to false when it is gone. */
  written(): Promise<boolean> {
    return new Promise(resolve => process.stdout.write("", error => resolve(error == null)));
  }

  #resume(): void {
    for (const session of this.#sessions) session.resume();
  }
}
