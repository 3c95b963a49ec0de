/**
 * A SOL session for the process after a crash, in a file in memory of which the service manager has a copy. It is written before
 * each packet to the BMC, so the BMC has seen no number that is not in it. It has the keys of the session, and ends with it.
 */
import { readSync, writeSync } from "node:fs";
import type { SolConsoleState } from "../handover/sol-state.js";
import { reasonOf } from "../native/errors.js";
import { memoryFile } from "../native/handover.js";
import { loadModule } from "../native/load-module.js";
import {
  claimDescriptor,
  endDescriptor,
  hasDescriptorStore,
  storeDescriptor,
  storedName,
} from "../native/stored-descriptors.js";

type Codec = typeof import("../handover/entry.js");
type Warn = (text: string) => void;

/** More than the longest state has (limits of handover/sol-state.ts, in base64). */
const SLOT_BYTES = 4096;
const SLOTS = 2;
/** By which numbers go on where the newest slot is lost: it had one packet more, and a BMC accepts a gap of 15 (IPMI 2.0, 6.12.13). */
const GAP = 8;
const HIGHEST_SOL_NUMBER = 15;
const NOTHING = new Uint8Array(0);

function codec(): Codec {
  return loadModule<Codec>("./handover.cjs");
}

export class SolRecord {
  /** Null: it is closed. */
  #fd: number | null;
  readonly #warn: Warn;
  readonly #writer: InstanceType<Codec["JournalWriter"]>;
  #last: Buffer | null = null;

  private constructor(fd: number, sequence: bigint, warn: Warn) {
    this.#fd = fd;
    this.#warn = warn;
    this.#writer = new (codec().JournalWriter)([SLOT_BYTES], sequence);
  }

  /** An empty one; null: there is no store, or no memory, which is logged. */
  static create(warn: Warn): SolRecord | null {
    if (!hasDescriptorStore()) return null;
    try {
      const fd = memoryFile();
      storeDescriptor(fd, "d");
      return new SolRecord(fd, 0n, warn);
    } catch (error) {
      warn(lost(error));
      return null;
    }
  }

  /** That of the process before this one, with the last state; null: there is none of that name, or it cannot be read. */
  static resume(name: string, warn: Warn): { readonly record: SolRecord; readonly state: SolConsoleState } | null {
    const fd = claimDescriptor(name);
    if (fd === null) return null;
    const found = read(fd);
    if (found !== null) return { record: new SolRecord(fd, found.sequence, warn), state: found.state };
    endDescriptor(fd);
    return null;
  }

  /** In the store; empty where it has left it. */
  get name(): string {
    return this.#fd === null ? "" : (storedName(this.#fd) ?? "");
  }

  /** An outdated one would be worse than none: where it cannot be written, it is closed. */
  keep(state: SolConsoleState): void {
    if (this.#fd === null) return;
    const { encodeRecord, PARTS } = codec();
    const bytes = encodeRecord(PARTS.solConsole, atCrash(state));
    if (this.#last?.equals(bytes) === true) return;
    this.#last = bytes;
    try {
      const write = this.#writer.next(bytes);
      if (write === null) throw new Error("its state is too long");
      writeSync(this.#fd, write.bytes, 0, write.bytes.length, write.offset);
    } catch (error) {
      this.#warn(lost(error));
      this.close();
    }
  }

  close(): void {
    if (this.#fd !== null) endDescriptor(this.#fd);
    this.#fd = null;
  }
}

function lost(error: unknown): string {
  return `the session does not outlive a crash: ${reasonOf(error)}`;
}

/** Without the bytes from the BMC, which peers may have by then; the clock of a process ends with it, so all is due at once. */
function atCrash({ session, ...rest }: SolConsoleState): SolConsoleState {
  const { output, input, releaseInMs } = session.link;
  const link = {
    ...session.link,
    output: { ...output, dueInMs: output.dueInMs === null ? null : 0 },
    input: { ...input, queue: NOTHING },
    releaseInMs: releaseInMs === null ? null : 0,
  };
  return { ...rest, session: { ...session, link } };
}

function read(fd: number): { readonly state: SolConsoleState; readonly sequence: bigint } | null {
  const { decodeRecord, PARTS, readJournal } = codec();
  const file = Buffer.alloc(SLOTS * SLOT_BYTES);
  try {
    readSync(fd, file, 0, file.length, 0);
  } catch {
    return null; // it is another kind of descriptor
  }
  const found = readJournal([file], [SLOT_BYTES]);
  const state = found === null ? null : decodeRecord(PARTS.solConsole, found.record).value;
  if (found === null || state === null) return null;
  const { sequence } = found;
  const otherAt = Number((sequence + 1n) % BigInt(SLOTS)) * SLOT_BYTES;
  const isNewest = file.readBigUInt64LE(otherAt) === sequence - 1n;
  return isNewest ? { state, sequence } : { state: withGap(state), sequence: sequence + 1n };
}

/** One packet was sent since, and may have been acknowledged: its bytes are not sent again, nor is any number used twice. */
function withGap({ session, ...rest }: SolConsoleState): SolConsoleState {
  const { channel, link } = session;
  const { output } = link;
  const [authenticatedSent, otherSent] = [channel.authenticatedSent, channel.otherSent].map(one => (one + GAP) >>> 0);
  return {
    ...rest,
    session: {
      ...session,
      channel: { ...channel, authenticatedSent: authenticatedSent ?? 0, otherSent: otherSent ?? 0 },
      link: {
        ...link,
        output: {
          ...output,
          ...{ queue: NOTHING, outstanding: null, sequence: (output.sequence % HIGHEST_SOL_NUMBER) + 1 },
        },
      },
    },
  };
}
