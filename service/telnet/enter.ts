/** The Enter key in the data of a telnet peer that has not agreed to BINARY (RFC 854, "The NVT printer and keyboard"). */

const NUL = 0;
const CR = 13;

/** CR NUL is CR; the NUL may come in a later chunk. CR LF stays as it is. */
export class EnterDecoder {
  #afterCr = false;

  /** The bytes that are meant: `bytes` itself, or the begin of it, rewritten in place. */
  decode(bytes: Uint8Array): Uint8Array {
    let kept = bytes.length;
    if (bytes.includes(NUL)) {
      kept = 0;
      for (let at = 0; at < bytes.length; at++) {
        const byte = bytes[at] ?? 0;
        if (byte !== NUL || !this.#afterCr) bytes[kept++] = byte;
        this.#afterCr = byte === CR;
      }
    } else if (bytes.length > 0) {
      this.#afterCr = bytes[bytes.length - 1] === CR;
    }
    return bytes.subarray(0, kept);
  }

  /** BINARY was agreed to: what follows is data as it stands. */
  reset(): void {
    this.#afterCr = false;
  }
}
