/**
 * Keeps the states of the ports for the process after a crash, in memory that the service manager keeps. Each port has a
 * record, written at the end of the turn in which the port changed (docs/design.md, "The state that is handed over"). Data
 * that only passes through a port does not change its record.
 */
import { fstatSync, readSync, writeSync } from "node:fs";
import { decodeRecord, encodeRecord, JournalWriter, PARTS, readJournal, SLOT_HEADER_BYTES } from "../handover/entry.js";
import type { DaemonState, PortRecord } from "../handover/state.js";
import { type Cancel, type Clock, monotonicMs, systemClock } from "../line/clock.js";
import type { Log } from "../log/log.js";
import { reasonOf } from "../native/errors.js";
import { memoryFile } from "../native/handover.js";
import { endDescriptor, storeDescriptor } from "../native/stored-descriptors.js";
import type { Port } from "../port/port.js";
import type { Registry } from "../port/registry.js";

/** A journal that could not be written is begun anew after this time. */
const RETRY_MS = 1000;
/** Most ports with a record. */
const MOST_PORTS = 4096;
/**
 * Sizes of slots, in bytes. A record is written to a slot of the first size that fits; the first size is enough for a port
 * with one connection. In place of a record that fits in none the slots are emptied; after a crash only the descriptors of its
 * port are taken over. The file has the pairs of the first size for all ports, then those of the second. Only written pages use memory.
 */
const SLOT_SIZES = [1600, 16_384] as const;
const REGIONS = [
  { begin: 0, pairBytes: 2 * SLOT_SIZES[0] },
  { begin: MOST_PORTS * 2 * SLOT_SIZES[0], pairBytes: 2 * SLOT_SIZES[1] },
] as const;
/** Connections in a record: more would not fit. */
const MOST_CONNECTIONS = 48;
const NOTHING = new Uint8Array(0);
const EMPTY = new Uint8Array(SLOT_HEADER_BYTES);

/** The place of a port in the file. */
interface Place {
  readonly index: number;
  readonly writer: JournalWriter;
}

export class Journal {
  readonly #log: Log;
  readonly #clock: Clock;
  #fd: number | null = null;
  #ports: Registry | null = null;
  readonly #places = new Map<string, Place>();
  readonly #changed = new Set<string>();
  #cancelTimer: Cancel | null = null;

  constructor(log: Log, clock: Clock = systemClock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Notes that the port of that name has changed: its record is written at the end of the turn. */
  note(port: string): void {
    this.#changed.add(port);
    if (this.#fd !== null) this.#cancelTimer ??= this.#clock.after(0, () => this.#write());
  }

  /** Writes the record at once: after a telnet option has changed, the next bytes of the peer have another meaning. */
  keep(port: string): void {
    this.#changed.add(port);
    if (this.#fd !== null) this.#write();
  }

  /** Writes the ports that have changed so far, and puts the file into the store. */
  start(ports: Registry): void {
    this.#ports = ports;
    try {
      this.#fd = memoryFile();
    } catch (error) {
      this.#fail(error);
      return;
    }
    for (const port of ports.list()) if (port.isFree && !isOperated(port)) this.#changed.delete(port.name);
    this.#write();
    if (this.#fd !== null) storeDescriptor(this.#fd, "j");
  }

  /** Takes the file out of the store: after an orderly stop there is nothing to take over. */
  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (this.#fd !== null) endDescriptor(this.#fd);
    this.#fd = null;
  }

  #write(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const names = [...this.#changed];
    this.#changed.clear();
    try {
      for (const name of names) this.#writePort(name, this.#ports?.find(name) ?? null);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** An outdated record would be worse than none: gives up the whole file, and begins anew later. */
  #fail(error: unknown): void {
    this.#log.error(`Nothing is kept for a crash at the moment: ${reasonOf(error)}`);
    this.close();
    this.#places.clear();
    this.#cancelTimer = this.#clock.after(RETRY_MS, () => this.#startAnew());
  }

  #startAnew(): void {
    this.#cancelTimer = null;
    if (this.#ports === null) return;
    for (const port of this.#ports.list()) this.#changed.add(port.name);
    this.start(this.#ports);
  }

  #writePort(name: string, port: Port | null): void {
    if (this.#fd === null) return;
    const place = port === null ? this.#places.get(name) : this.#placeOf(name);
    if (place === undefined) return;
    const write = port === null ? null : place.writer.next(encodeRecord(PARTS.portRecord, recordOf(port)));
    const region = REGIONS[write?.pair ?? 0];
    if (write === null || region === undefined) {
      this.#erase(place.index); // of a port that is removed, or too large
      return;
    }
    const offset = region.begin + place.index * region.pairBytes + write.offset;
    writeSync(this.#fd, write.bytes, 0, write.bytes.length, offset);
  }

  /** Without a record, only the descriptors of the port are taken over. */
  #erase(index: number): void {
    for (const [pair, { begin, pairBytes }] of REGIONS.entries()) {
      const size = SLOT_SIZES[pair] ?? 0;
      for (let at = 0; at < pairBytes; at += size) {
        writeSync(this.#fd ?? -1, EMPTY, 0, EMPTY.length, begin + index * pairBytes + at);
      }
    }
  }

  /** Undefined: there are too many ports. */
  #placeOf(name: string): Place | undefined {
    const known = this.#places.get(name);
    if (known !== undefined || this.#places.size >= MOST_PORTS) return known;
    const place = { index: this.#places.size, writer: new JournalWriter(SLOT_SIZES) };
    this.#places.set(name, place);
    return place;
  }
}

/** Whether operators have changed something of the port. */
function isOperated(port: Port): boolean {
  const { state, timeoutSeconds, changes } = port.state().port;
  return state !== null || timeoutSeconds !== null || changes.length > 0;
}

/** The state without bytes under way and counters of them: after a crash they are outdated, and bytes would be sent twice. */
function recordOf(port: Port): PortRecord {
  const { device, connections, traces, ...rest } = port.state();
  return {
    takenMs: monotonicMs(),
    ...rest,
    device: device === null ? null : { ...device, transfer: still(device.transfer), sol: null },
    connections: connections.slice(0, MOST_CONNECTIONS).map(connection => {
      const telnet = connection.telnet;
      return {
        ...{ ...connection, unsent: NOTHING, unsentAnswers: 0, endWhenSent: null, replayLeft: 0, inbox: [] },
        telnet: telnet === null ? null : { ...telnet, enter: { ...telnet.enter, afterCr: false } },
      };
    }),
    traces: traces.map(trace => ({ ...trace, unwritten: NOTHING, isMidLine: false })),
  };
}

function still<T extends NonNullable<PortRecord["device"]>["transfer"]>(transfer: T): T {
  return { ...transfer, unwritten: NOTHING, postponed: null, gathered: null, closeOnSeen: NOTHING };
}

/** The state in a journal; null: it has no record. Throws when the file cannot be read. */
export function readJournalFile(fd: number): DaemonState | null {
  const { size } = fstatSync(fd);
  const records: PortRecord[] = [];
  for (let index = 0; index < MOST_PORTS && index * REGIONS[0].pairBytes < size; index++) {
    const pairs = REGIONS.map(({ begin, pairBytes }) => readPair(fd, begin + index * pairBytes, pairBytes, size));
    const found = readJournal(pairs, SLOT_SIZES);
    const record = found === null ? null : decodeRecord(PARTS.portRecord, found.record).value;
    if (record !== null) records.push(record);
  }
  if (records.length === 0) return null;
  const connections = records.flatMap(one => one.connections);
  return {
    takenMs: Math.max(...records.map(one => one.takenMs)),
    nextConnectionId: connections.reduce((highest, { id }) => Math.max(highest, id), 0),
    ports: records.map(({ port }) => port),
    ...{ listeners: [], rotators: [], connections, controlSessions: [] },
    devices: records.flatMap(({ device }) => device ?? []),
    traces: records.flatMap(({ traces }) => traces),
  };
}

function readPair(fd: number, offset: number, pairBytes: number, size: number): Uint8Array {
  if (offset >= size) return NOTHING;
  const pair = new Uint8Array(pairBytes);
  return pair.subarray(0, readSync(fd, pair, 0, pairBytes, offset));
}
