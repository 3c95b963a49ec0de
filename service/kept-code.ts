/** Code that V8 has compiled, kept in a file for the next start of the same program by the same Node (docs/design.md, "Kept code"). */
import { closeSync, constants, fstatSync, openSync, promises, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { addon } from "./native/addon.js";

const LINE_END = 10;
/** May be written by the group or by others. */
const WRITABLE_BY_OTHERS = 0o022;

export class KeptCode {
  /** Null: there is none that fits, or it is damaged or somebody else's. V8 may refuse it yet, for other flags. */
  readonly code: Uint8Array | null;
  readonly #file: string;
  /** Of the program and the Node that compiled it. */
  readonly #key: string;

  /** @param bundle the text that is compiled. V8 itself compares its length only, and does not see damage. */
  constructor(folder: string, name: string, bundle: Uint8Array) {
    this.#file = join(folder, `${name}.code`);
    this.#key = `${thisNode()} ${addon.checksum(bundle)}`;
    this.code = this.#read();
  }

  /** In place of what is there; a reader finds the old file or the new one. Throws the system's error. */
  async write(code: Uint8Array): Promise<void> {
    const draft = `${this.#file}.${process.pid}`;
    try {
      await writeNew(draft, `${this.#key} ${addon.checksum(code)}\n`, code);
      await promises.rename(draft, this.#file);
    } catch (error) {
      await promises.rm(draft, { force: true });
      throw error;
    }
  }

  #read(): Uint8Array | null {
    const bytes = readOwn(this.#file);
    const end = bytes?.indexOf(LINE_END) ?? -1;
    if (bytes === null || end < 0) return null;
    const code = bytes.subarray(end + 1);
    return bytes.toString("latin1", 0, end) === `${this.#key} ${addon.checksum(code)}` ? code : null;
  }
}

let node: string | null = null;

/** Two builds of one version may differ. The file is looked at once, for all bundles of a start. */
function thisNode(): string {
  if (node !== null) return node;
  const { size, mtimeMs } = statSync(process.execPath);
  node = `${process.version} ${process.arch} ${size} ${mtimeMs}`;
  return node;
}

/** Null where it is not a file that only this user can have written: V8 would run what is in it. */
function readOwn(path: string): Buffer | null {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return null; // at the first start there is none
  }
  try {
    const stat = fstatSync(fd);
    const own = stat.isFile() && stat.uid === process.geteuid?.() && (stat.mode & WRITABLE_BY_OTHERS) === 0;
    return own ? readFileSync(fd) : null;
  } catch {
    return null;
  } finally {
    closeSync(fd);
  }
}

/** Follows no link. What a loss of power leaves of it is not what its checksum says, so nothing waits for the disk. */
async function writeNew(path: string, ...parts: readonly (string | Uint8Array)[]): Promise<void> {
  const file = await promises.open(path, "wx", 0o600);
  try {
    for (const part of parts) await file.writeFile(part);
  } finally {
    await file.close();
  }
}
