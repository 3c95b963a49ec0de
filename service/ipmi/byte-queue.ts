/** Bytes in order, at most a fixed number of them. */

export class ByteQueue {
  readonly #bytes: Uint8Array;
  #start = 0;
  #end = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#end - this.#start;
  }

  get free(): number {
    return this.#bytes.length - this.length;
  }

  /** How many of them were taken. */
  push(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, this.free);
    if (taken.length > this.#bytes.length - this.#end) {
      this.#bytes.copyWithin(0, this.#start, this.#end);
      this.#end = this.length;
      this.#start = 0;
    }
    this.#bytes.set(taken, this.#end);
    this.#end += taken.length;
    return taken.length;
  }

  /** The first bytes, as a view that is valid until the next `push`. */
  peek(count: number): Uint8Array {
    return this.#bytes.subarray(this.#start, Math.min(this.#end, this.#start + count));
  }

  drop(count: number): void {
    this.#start = Math.min(this.#end, this.#start + count);
  }
}
