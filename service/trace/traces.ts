/** The trace files of one open port: `tr` (from the device), `tw` (to the device), `tb` (both). */
import type { TraceConfig } from "../config/configuration.js";
import { toBytes } from "../line/bytes.js";
import { type Clock, systemClock } from "../line/clock.js";
import {
  formatClosedConnection,
  formatClosedPort,
  formatHexdump,
  formatOpened,
  formatStamp,
  type Origin,
} from "./format.js";
import { LineStamps } from "./line-stamps.js";
import { RotatedFile, type Rotation } from "./rotation.js";
import { type TraceError, TraceSink } from "./sink.js";

export interface TraceConfigs {
  readonly read: TraceConfig | null;
  readonly write: TraceConfig | null;
  readonly both: TraceConfig | null;
  /** Without it a file is written as by ser2net 3.5.4. */
  readonly log?: LogConfig | null;
}

interface LogConfig {
  readonly rotation: Rotation;
  readonly lineTimestamp: boolean;
}

interface TraceFileState {
  readonly template: string;
  readonly file: string;
  readonly unwritten: Uint8Array;
  readonly overrun: boolean;
  /** With `line-timestamp`: the line of the device has begun, and its time is in the file. */
  readonly isMidLine: boolean;
}

/** Nothing here throws or waits; the bytes are copied. */
export interface Traces {
  deviceToNet(bytes: Uint8Array): void;
  /** After telnet processing, as the device gets them. */
  netToDevice(bytes: Uint8Array): void;
  opened(peer: { readonly address: string; readonly port: number }): void;
  closedConnection(reason: string): void;
  closedPort(reason: string): void;
  /** Goes on in new files where files were moved away. */
  reopen(): void;
  /** For the process after this one. */
  state(): readonly TraceFileState[];
  /** Resolves when everything is in the files, or a disk hangs. */
  close(): Promise<void>;
}

/**
 * Null when nothing is traced. `expand` makes a file name of a template, `failed` is called once for each kind of fault of
 * each file. Equal templates share one file and the flags of the first, in the order tw, tr, tb; a block is written
 * once for each role, even to one file (docs/reference.md, "Trace files"). `expand` gives a state where the process before this
 * one had the file open: it goes on.
 */
export function openTraces(
  configs: TraceConfigs,
  expand: (template: string, anew?: boolean) => string | TraceFileState,
  failed: (error: TraceError) => void,
  clock: Clock = systemClock,
): Traces | null {
  const files = new Map<string, TraceFile>();
  const [tw, tr, tb] = [configs.write, configs.read, configs.both].map(config => {
    if (config === null) return null;
    const file = files.get(config.file) ?? openFile(config, configs.log ?? null, expand, failed, clock);
    files.set(config.file, file);
    return file;
  });
  if (files.size === 0) return null;

  const note = (format: (stamp: string) => string): void => {
    for (const file of files.values()) file.note(format);
  };
  return {
    deviceToNet(bytes) {
      tr?.add(bytes, "term");
      tb?.add(bytes, "term");
    },
    netToDevice(bytes) {
      tw?.add(bytes, "tcp ");
      tb?.add(bytes, "tcp ");
    },
    opened: peer => note(stamp => formatOpened(formatPeer(peer), stamp)),
    closedConnection: reason => note(stamp => formatClosedConnection(reason, stamp)),
    closedPort: reason => note(stamp => formatClosedPort(reason, stamp)),
    reopen() {
      for (const { sink } of files.values()) sink.reopen();
    },
    state: () => [...files].map(([template, file]) => ({ template, ...file.state() })),
    async close() {
      await Promise.all([...files.values()].map(file => file.sink.close()));
    },
  };
}

/** For the log: the reference's texts, and one of our own. */
export function describeTraceError(error: TraceError, port: string): string {
  switch (error.code) {
    case "open-failed":
      return `Unable to open trace file ${error.file}: ${error.reason}`;
    case "write-failed":
      return `Unable to write to trace file on port ${port}: ${error.reason}`;
    case "overrun":
      return `Trace file ${error.file} on port ${port} is written too slowly, data is lost`;
    default:
      return error.code satisfies never;
  }
}

function openFile(
  config: TraceConfig,
  log: LogConfig | null,
  expand: (template: string, anew?: boolean) => string | TraceFileState,
  failed: (error: TraceError) => void,
  clock: Clock,
): TraceFile {
  const before = expand(config.file);
  const [file, unwritten, isMidLine] =
    typeof before === "string" ? [before, null, false] : [before.file, before.unwritten, before.isMidLine];
  const nextName = (): string => {
    const now = expand(config.file, true);
    return untilNul(typeof now === "string" ? now : now.file);
  };
  const rotation = log === null ? null : new RotatedFile(untilNul(file), log.rotation, nextName);
  const sink = new TraceSink({ file: untilNul(file), rotation, report: failed, clock });
  if (unwritten !== null) sink.append(unwritten);
  return new TraceFile(config, sink, clock, log?.lineTimestamp === true ? new LineStamps(isMidLine) : null);
}

/** A file name ends at a NUL. */
function untilNul(name: string): string {
  return name.split("\0", 1)[0] ?? "";
}

class TraceFile {
  readonly sink: TraceSink;
  readonly #config: TraceConfig;
  readonly #clock: Clock;
  readonly #stamps: LineStamps | null;

  constructor(config: TraceConfig, sink: TraceSink, clock: Clock, stamps: LineStamps | null) {
    this.#stamps = stamps;
    this.sink = sink;
    this.#config = config;
    this.#clock = clock;
  }

  state(): Omit<TraceFileState, "template"> {
    return { ...this.sink.state(), isMidLine: this.#stamps?.isMidLine ?? false };
  }

  add(bytes: Uint8Array, origin: Origin): void {
    const { hexdump, timestamp } = this.#config;
    if (!hexdump && origin === "term" && this.#stamps !== null) {
      this.sink.append(this.#stamps.add(bytes, toBytes(`${this.#clock.date().toISOString()} `)));
    } else if (!hexdump) this.sink.append(bytes);
    else this.sink.appendText(formatHexdump(bytes, origin, timestamp ? formatStamp(this.#clock.date()) : ""));
  }

  /** OPEN and CLOSE lines, only where timestamps are on. */
  note(format: (stamp: string) => string): void {
    if (this.#config.timestamp) this.sink.appendText(format(formatStamp(this.#clock.date())));
  }
}

/** The peer on standard input has no address: `unknown:unknown`. */
function formatPeer({ address, port }: { readonly address: string; readonly port: number }): string {
  return address === "unknown" ? "unknown:unknown" : `${address}:${port}`;
}
