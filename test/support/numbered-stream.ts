/** A stream of numbered lines at the pace of a serial line, and what of it arrives at the other end. */
import { setInterval as every } from "node:timers";

/** 115200 bit/s for 8N1. */
const BYTES_PER_MS = 11.52;
const LINE_BYTES = 8;
const TICK_MS = 4;

export interface Arrived {
  readonly lines: number;
  /** Numbers that did not arrive, up to the last one that did. */
  readonly lost: number;
  /** Numbers that arrived again, or after a later one. */
  readonly doubled: number;
  /** Lines that are not whole: an end of a gap is in one of them. */
  readonly torn: number;
}

export class NumberedStream {
  #sent = 0;
  #due = 0;
  #timer: NodeJS.Timeout | null = null;
  readonly #send: (text: string) => void;
  readonly #bytesPerMs: number;

  constructor(send: (text: string) => void, bytesPerMs = BYTES_PER_MS) {
    this.#send = send;
    this.#bytesPerMs = bytesPerMs;
  }

  start(): void {
    this.#timer = every(() => {
      this.#due += TICK_MS * this.#bytesPerMs;
      let text = "";
      for (; this.#due >= LINE_BYTES; this.#due -= LINE_BYTES) text += line(this.#sent++);
      if (text !== "") this.#send(text);
    }, TICK_MS).unref(); // a test that fails before stop() ends
  }

  /** The last line. */
  stop(): string {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    return line(this.#sent - 1);
  }
}

/** Judges all that has arrived. */
export function judge(text: string): Arrived {
  let [expected, lines, lost, doubled, torn] = [0, 0, 0, 0, 0];
  for (const one of text.split("\n").slice(0, -1)) {
    lines++;
    const number = /^\d{7}$/.test(one) ? Number(one) : Number.NaN;
    if (Number.isNaN(number)) torn++;
    else if (number < expected) doubled++;
    else {
      lost += number - expected;
      expected = number + 1;
    }
  }
  return { lines, lost, doubled, torn };
}

function line(number: number): string {
  return `${String(number).padStart(LINE_BYTES - 1, "0")}\n`;
}
