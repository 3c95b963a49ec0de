/** Bytes as a peer, a device or a program sends them: wait for what they should say, never for how long. */
/** Ends a test that waits in vain; a working daemon never comes near it. An emulated one is slower by the factor given. */
export const PATIENCE_MS = 20_000 * Number(process.env.TEST_PATIENCE ?? 1);

export class Incoming {
  /** Received and not yet taken, one character a byte. */
  text = "";
  ended = false;
  #wake = new Set<() => void>();

  push(bytes: Uint8Array): void {
    this.text += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
    this.#changed();
  }

  end(): void {
    this.ended = true;
    this.#changed();
  }

  /** Takes everything up to the end of the first match. */
  expect(wanted: string | RegExp): Promise<string> {
    return this.#take(String(wanted), () => {
      const found = typeof wanted === "string" ? this.text.indexOf(wanted) : (wanted.exec(this.text)?.index ?? -1);
      if (found < 0) return -1;
      return found + (typeof wanted === "string" ? wanted.length : (wanted.exec(this.text)?.[0].length ?? 0));
    });
  }

  /** Takes exactly so many bytes. */
  expectBytes(count: number): Promise<string> {
    return this.#take(`${count} bytes`, () => (this.text.length >= count ? count : -1));
  }

  /** Takes all that came before the end, once it is there. */
  untilEnd(): Promise<string> {
    return this.#take("the end", () => (this.ended ? this.text.length : -1));
  }

  async #take(wanted: string, reach: () => number): Promise<string> {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      const length = reach();
      if (length >= 0) {
        const taken = this.text.slice(0, length);
        this.text = this.text.slice(length);
        return taken;
      }
      if (deadline.aborted || this.ended) {
        throw new Error(
          `${this.ended ? "ended" : "waited"} without ${wanted}; there is ${JSON.stringify(this.text.slice(-2000))}`,
        );
      }
      await new Promise<void>(resolve => {
        const wake = () => {
          this.#wake.delete(wake);
          deadline.removeEventListener("abort", wake);
          resolve();
        };
        this.#wake.add(wake);
        deadline.addEventListener("abort", wake);
      });
    }
  }

  #changed(): void {
    for (const wake of [...this.#wake]) wake();
  }
}
