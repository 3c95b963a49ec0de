/** The Enter key in the data of a telnet peer that has not agreed to BINARY (RFC 854, "The NVT printer and keyboard"). */

import type { EnterState } from "../handover/state.js";

const NUL = 0;
const LF = 10;
const CR = 13;

/**
 * CR NUL is CR, and with `joinsCrLf` so is CR LF; otherwise CR LF stays as it is. The second byte may come in a later
 * chunk.
 */
export class EnterDecoder {
  readonly #joinsCrLf: boolean;
  #afterCr: boolean;

  constructor(joinsCrLf: boolean, afterCr = false) {
    this.#joinsCrLf = joinsCrLf;
    this.#afterCr = afterCr;
  }

  /** For the process after this one. */
  state(): EnterState {
    return { joinsCrLf: this.#joinsCrLf, afterCr: this.#afterCr };
  }

  /** The decoded data: `bytes` itself, or its beginning, rewritten in place. */
  decode(bytes: Uint8Array): Uint8Array {
    let kept = bytes.length;
    if (bytes.includes(NUL) || (this.#joinsCrLf && bytes.includes(LF))) {
      kept = 0;
      for (let at = 0; at < bytes.length; at++) {
        const byte = bytes[at] ?? 0;
        if (!this.#afterCr || !this.#endsEnter(byte)) bytes[kept++] = byte;
        this.#afterCr = byte === CR;
      }
    } else if (bytes.length > 0) {
      this.#afterCr = bytes[bytes.length - 1] === CR;
    }
    return bytes.subarray(0, kept);
  }

  /** BINARY was agreed to: the data is passed on unchanged from now on. */
  reset(): void {
    this.#afterCr = false;
  }

  #endsEnter(byte: number): boolean {
    return byte === NUL || (byte === LF && this.#joinsCrLf);
  }
}
