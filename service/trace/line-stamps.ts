/** Begins each line of a stream with the time at which its first byte came (`line-timestamp`). */
const LF = 10;

export class LineStamps {
  #atStart: boolean;

  /** @param isMidLine the time of the first line is there already */
  constructor(isMidLine = false) {
    this.#atStart = !isMidLine;
  }

  get isMidLine(): boolean {
    return !this.#atStart;
  }

  /** @param stamp with its blank; RFC 3339, milliseconds */
  add(bytes: Uint8Array, stamp: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; ) {
      const lineEnd = bytes.indexOf(LF, at);
      const end = lineEnd < 0 ? bytes.length : lineEnd + 1;
      if (this.#atStart) parts.push(stamp);
      parts.push(bytes.subarray(at, end));
      this.#atStart = lineEnd >= 0;
      at = end;
    }
    return Buffer.concat(parts);
  }
}
