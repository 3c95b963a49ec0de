/** The names and sizes of a trace file that is rotated (`trace-size=`, `trace-keep=`; docs/console.md, "Logs"). */
import { rename, unlink } from "node:fs/promises";
import { toBytes } from "../line/bytes.js";

const LF = 10;

export interface Rotation {
  /** Most bytes of a file; 0: no limit. */
  readonly size: number;
  /** Number of old files that are kept. */
  readonly keep: number;
}

export class RotatedFile {
  /** The name of the file that is written. */
  name: string;
  readonly #rotation: Rotation;
  readonly #nextName: () => string;
  /** Names of earlier files, if the name changes with the time. */
  readonly #earlier: string[] = [];

  /** @param nextName evaluates the template of the name anew */
  constructor(name: string, rotation: Rotation, nextName: () => string) {
    this.name = name;
    this.#rotation = rotation;
    this.#nextName = nextName;
  }

  /** How many of the bytes go into the file, which has `used`: up to the last line end that fits. 0: it must be rotated first. */
  fitting(bytes: Uint8Array, used: number): number {
    const { size } = this.#rotation;
    if (size === 0 || used + bytes.length <= size) return bytes.length;
    const line = bytes.subarray(0, Math.max(0, size - used)).lastIndexOf(LF) + 1;
    return line > 0 || used > 0 ? line : size;
  }

  /** Begins a new file. The oldest is renamed first, so that a crash in between loses only the file that is to go anyway. */
  async rotate(): Promise<void> {
    const [file, { keep }] = [this.name, this.#rotation];
    const next = this.#nextName();
    if (next !== file) this.#earlier.push(file);
    else if (keep === 0) await unlink(toBytes(file));
    else {
      for (let at = keep - 1; at > 0; at--)
        await rename(toBytes(`${file}.${at}`), toBytes(`${file}.${at + 1}`)).catch(ignoreMissing);
      await rename(toBytes(file), toBytes(`${file}.1`));
    }
    this.name = next;
    while (this.#earlier.length > keep) await this.#remove(this.#earlier.shift() ?? "");
  }

  /** With those that it became while its name had not changed yet. */
  async #remove(file: string): Promise<void> {
    await unlink(toBytes(file)).catch(ignoreMissing);
    for (let at = 1; at <= this.#rotation.keep; at++) await unlink(toBytes(`${file}.${at}`)).catch(ignoreMissing);
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
}
