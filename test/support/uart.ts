/** Serial lines with modem lines for the daemon's pseudo-terminals; the test is the far end (fake-uart.c). */
import { execFileSync } from "node:child_process";
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Teardown } from "./client.js";
import { temporaryFolder } from "./daemon.js";
import { needs } from "./tools.js";

/** Skips a test where the plug cannot be built. */
export const NEEDS_UART = process.env.CC === undefined ? needs("cc") : {};

/** The words of the file, in its order. */
const WORDS = ["lines", "frame", "overrun", "parity", "breaks", "unsent", "asked"] as const;

export class Uart {
  /** For the daemon. */
  readonly env: NodeJS.ProcessEnv;
  readonly #fd: number;

  constructor(t: Teardown) {
    const folder = temporaryFolder(t);
    const [plug, file] = [join(folder, "fake-uart.so"), join(folder, "far-end")];
    const source = fileURLToPath(new URL("fake-uart.c", import.meta.url));
    execFileSync(process.env.CC ?? "cc", ["-shared", "-fPIC", "-o", plug, source]);
    this.#fd = openSync(file, "w+");
    t.teardown(() => closeSync(this.#fd));
    writeSync(this.#fd, new Int32Array(WORDS.length));
    this.env = { LD_PRELOAD: plug, FAKE_UART: file };
  }

  /** Modem lines the far end drives, as MODEM bits, beside what comes back through the plug. */
  set lines(bits: number) {
    this.#set("lines", bits);
  }

  /** Bytes that do not leave: the far end has stopped the flow. */
  set unsent(bytes: number) {
    this.#set("unsent", bytes);
  }

  /** How often lines or counters were read. */
  get asked(): number {
    return this.#get("asked");
  }

  /** A character that came wrong. */
  fail(how: "frame" | "overrun" | "parity" | "breaks"): void {
    this.#set(how, this.#get(how) + 1);
  }

  #set(word: (typeof WORDS)[number], value: number): void {
    writeSync(this.#fd, Int32Array.of(value), 0, 4, 4 * WORDS.indexOf(word));
  }

  #get(word: (typeof WORDS)[number]): number {
    const value = new Int32Array(1);
    readSync(this.#fd, value, 0, 4, 4 * WORDS.indexOf(word));
    return value[0] ?? 0;
  }
}
